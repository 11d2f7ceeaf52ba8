"""A hurt animal is cared for and, in the end, let go."""

CARE = (
    """
{a} made a nest from {nest} in a shoe box. ~ {a}用{nest}在鞋盒里做了一个窝。
In a basket with {nest} it had a warm bed. ~ {a}在篮子里铺上{nest}，给它做了一张暖和的床。
""",
    """
Every {n} hours {a} gave it {food}. ~ {a}每隔{n}个小时喂它一次{food}。
At first it did not eat, but then it took some {food} from {a}'s hand. ~ 一开始它什么也不吃，后来才从{a}手里吃了一点{food}。
{a} dug in the garden and brought it {food}. ~ {a}到处给它找来{food}。
""",
    """
{m} tied a little stick to the {part} with a {col} ribbon. ~ {m}用一条{col}的丝带在{part}上绑了一根小木条。
{m} washed the {part} and put a {col} bandage on it. ~ {m}把{part}洗干净，缠上了{col}的绷带。
""",
    """
At night {a} got up {n} times to see if it was still breathing. ~ 夜里，{a}起来了{n}次，看看它是不是还在呼吸。
{a} sang it a song every evening before {a.he} went to bed. ~ 每天晚上睡觉以前，{a}都给它唱一首歌。
""",
)
BEASTS = {
    "bird": ("bird ~ 小鸟 ~ 只", "wing ~ 翅膀", ["seeds ~ 草籽", "worms ~ 小虫子"], "flew ~ 飞"),
    "hedgehog": (
        "hedgehog ~ 刺猬 ~ 只",
        "leg ~ 腿",
        ["worms ~ 小虫子", "slices of apple ~ 苹果片"],
        "ran ~ 跑",
    ),
    "owl": (
        "owl ~ 小猫头鹰 ~ 只",
        "wing ~ 翅膀",
        ["bits of meat ~ 小肉块", "beetles ~ 甲虫"],
        "flew ~ 飞",
    ),
    "squirrel": ("squirrel ~ 松鼠 ~ 只", "leg ~ 腿", ["nuts ~ 坚果", "seeds ~ 瓜子"], "ran ~ 跑"),
    "duckling": (
        "duckling ~ 小鸭子 ~ 只",
        "foot ~ 脚",
        ["bread ~ 面包屑", "soft grass ~ 嫩草"],
        "ran ~ 跑",
    ),
}


def tell(t):
    t.child("a")
    t.kin("m", of="a")
    kind = t.random.choice(list(BEASTS))
    beast, part, foods, go = BEASTS[kind]
    t.let(k=beast, part=part, go=go)
    t.pick(
        food=foods,
        col="colors",
        when="when",
        n=["two ~ 两", "three ~ 三", "four ~ 四", "five ~ 五"],
    )
    t.pick(
        nest=[
            "dry grass ~ 干草",
            "old socks ~ 旧袜子",
            "soft wool ~ 软软的羊毛",
            "dry leaves ~ 干树叶",
            "cotton ~ 棉花",
            "an old sweater ~ 旧毛衣",
        ]
    )
    t.pick(
        spot=[
            "under a bush ~ 灌木下",
            "on the path ~ 小路上",
            "beside the fence ~ 篱笆旁",
            "in the tall grass ~ 高高的草丛里",
            "in front of the door ~ 家门口",
        ]
    )
    t.pick(
        pet=[
            "Tiny ~ 小不点",
            "Peep ~ 啾啾",
            "Hope ~ 盼盼",
            "Pebble ~ 石头",
            "Sky ~ 蓝天",
            "Little Brown ~ 小棕",
        ]
    )
    t.pick(
        weeks=[
            "two weeks ~ 两个星期",
            "three weeks ~ 三个星期",
            "twenty days ~ 二十天",
            "a month ~ 一个月",
            "ten days ~ 十天",
        ]
    )
    t.pick(
        trait=["kind ~ 善良", "gentle ~ 温柔", "careful ~ 细心", "quiet ~ 安静", "patient ~ 有耐心"]
    )
    t.meet(like=t.chance(0.3))
    t.tell("""
{when}, {a} found a {k} {spot}. ~ {when}，{a}在{spot}发现了{k.yi}。
{when}, something was moving {spot}. It was a {k}. ~ {when}，{spot}[有什么东西在动|有什么动了一下|有个东西在动]，[原来是|是|走近一看，是]{k.yi}。
{when}, {a} heard a weak little voice. A {k} was lying {spot}. ~ {when}，{a}听见细细的叫声。{spot}躺着{k.yi}。

Its {part} was hurt, and it could not get away. ~ 它的{part}受伤了，[跑不了|走不了]。
It looked at {a} with big eyes. Its {part} hung down. ~ 它睁大眼睛看着{a}，{part}[垂着|耷拉着]。
"You poor thing," said {a}. "What is the matter with your {part}?" ~ “可怜的小家伙。”{a}说，“你的{part}怎么了？”

{a} put {a.his} cap over it and carried it home very carefully. ~ {a}用帽子[轻轻地盖住它|把它轻轻盖住]，小心地[把它捧回了家|捧着它回家|把它带回家去]。
{a} ran for {m}, and together they took it home. ~ {a}跑去叫来{m}，一起把它带回了家。

"Will it get well again?" asked {a}. "If we take good care of it," said {m}. ~ “[它会好起来吗|它能好吗|它还会好吗]？”{a}问。“[好好照顾它，就会的|只要好好照顾它|用心照顾，它会好的]。”{m}说。
"I will call it {pet}," said {a}. {m} nodded. "But remember, {pet} is not a toy." ~ “[我叫它|就叫它|它叫]{pet}[。|吧。]”{a}说。{m}点点头。“不过[你要记住|要记得|别忘了]，{pet}不是玩具。”

--
""")
    t.some(t.random.randint(2, 3), *CARE)
    t.tell("""
After {weeks} the {part} was well again. ~ {weeks}以后，{part}[长好了|好了|已经全好了]。
Slowly the {k} got stronger, and after {weeks} it could move its {part}. ~ {k}[慢慢有了力气|一天天好了起来|越来越有劲]，{weeks}以后，{part}[能动了|可以动了|又能动了]。

--
""")
    way = t.branch("free", "stay")
    t.tell(
        """
"Now it wants to go home," said {m}. {a} was {:sad}. ~ “现在它想回家了。”{m}说。{a}很{:sad}。
"Can't we keep it?" asked {a}. {m} said, "It has a home of its own." ~ “[我们不能留下它吗|不能把它留下来吗|它不能住在我们家吗]？”{a}问。{m}说：“[它有自己的家呀|它也有家呀|它的家不在这儿]。”
The {k} often looked out of the window now. {a} understood. ~ {k}现在常常望着窗外。{a}明白了。

{a} carried it back to the place where {a.he} had found it, {spot}. ~ {a}把它[带回到当初发现它的地方|送回原来的地方]，就在{spot}。
{when2}, {a} opened the box {spot}. "Go, little one," {a.he} said. ~ {when2}，{a}在{spot}[打开了盒子|把盒子打开]。“[去吧，小家伙|小家伙，走吧|回家吧，小家伙]。”{a.he}说。
""".replace("{when2}，", "第二天早上，").replace("{when2}", "the next morning")
    )
    if way == "free":
        t.tell(
            """
The {k} turned around once more, and then it {go} away. ~ {k}又回头看了一眼，就{go}走了。
It sat on {a}'s hand for a moment, and then it {go} off. ~ 它在{a}手上停了一会儿，然后就{go}走了。

{a} waved until {a.he} could not see it any more. ~ {a}一直挥着手，直到看不见它为止。
"Goodbye, my friend," said {a}, and {a.he} cried and laughed at the same time. ~ “再见，我的朋友。”{a}说着，又哭又笑。

In spring a {k} came to the garden with {n} little ones. {a} was sure that it was the same one. ~ [到了春天|春天来了|第二年春天]，{k.yi}带着{n}只小宝宝来到花园里。{a}[相信就是它|认定就是它|知道那就是它]。
Sometimes {a} finds a feather or a nut on the windowsill. "It has not forgotten me," {a.he} says. ~ 有时候，{a}会在窗台上发现一根羽毛或者一颗坚果。“它没有忘记我。”{a.he}说。
""".replace("a feather or a nut", "a little flower").replace("一根羽毛或者一颗坚果", "一朵小花")
        )
    else:
        t.tell("""
The {k} {go} in a circle and came back to {a}. ~ {k}{go}了一圈，又回到了{a}身边。
But it {go} only as far as the next tree and looked at {a}. ~ 可是它只{go}到旁边的一棵树那儿，看着{a}。

"Then live in our garden," said {a} and laughed. ~ “那就住在我们的花园里吧。”{a}笑着说。
Since then the {k} has lived in the garden, and every evening it comes for {food}. ~ 从那以后，{k}[就住在花园里|在花园里安了家]，[每天傍晚都来吃|天快黑的时候总来吃]{food}。

{m} built it a little house with a {col} roof. ~ {m}给它做了一间小房子，屋顶是{col}的。
"Now it can come and go as it likes," said {m}. ~ “这样，它想来就来，想走就走。”{m}说。
""")
    if t.chance(0.4):
        t.ending()
    t.title("""
The Hurt {k} ~ 受伤的{k}
{a} and the {k} ~ {a}和{k}
A Guest in a Box ~ 盒子里的客人
""")
    t.summary(
        {
            "free": "{a} took care of a {k} with a hurt {part} and let it go when it was well. ~ {a}照顾{part}受伤的{k}，等它好了就放它走了。",
            "stay": "{a} took care of a {k} with a hurt {part}, and it stayed in the garden. ~ {a}照顾{part}受伤的{k}，后来它留在了花园里。",
        }[way]
    )
    t.ask("""
what: What did {a} find? => a {k} ~ {a}发现了什么？ => {k.yi}
where: Where did {a} find the {k}? => {spot} ~ {a}在哪里发现了{k}？ => {spot}
what: What was hurt? => its {part} ~ {k}哪里受伤了？ => {part}
who: Who helped {a}? => {m} ~ 谁帮助了{a}？ => {m}
what: What did the {k} eat? => {food} ~ {k}吃什么？ => {food}
what: What was the bed made of? => {nest} ~ 窝是用什么做的？ => {nest}
is: Did {a} find the {k} {spot?}? ~ {a}是在{spot?}发现{k}的吗？
unsaid: How did the {k} get hurt? ~ {k}是怎么受伤的？
""")
    t.ask(
        {
            "free": "yesno: Did the {k} go away in the end? => Yes ~ {k}最后走了吗？ => 走了",
            "stay": "yesno: Did the {k} go away in the end? => No ~ {k}最后走了吗？ => 没有",
        }[way]
    )
