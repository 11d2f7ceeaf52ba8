"""Everybody seems to have forgotten a birthday; behind it is a party."""

FORGOT = (
    """
At breakfast, {m} only said, "Eat your (egg|bread|porridge), {a}." ~ 吃早饭的时候，{m}[只说了一句|只说|说的只有]：“{a}，[快吃|快点吃|先吃](鸡蛋|面包|粥)。”
{m} [read the paper|washed the cups] and did not say a word about birthdays. ~ {m}在[看报|洗杯子]，一句也没提生日的事。
""",
    """
{a} went to see {b}, but {b} was busy. "Not today, {a}," {b.he} said and closed the door. ~ {a}去找{b}，可是{b}很忙。“今天不行，{a}。”{b.he}说着就把门关上了。
{a} met {b} in the street. "I have no time," said {b} and ran off. ~ {a}在街上碰到了{b}。“我没时间。”{b}说完就跑了。
""",
    """
Even {c} only waved from far away and [hurried on|went into the house]. ~ [就连|连]{c}也只是[远远地挥挥手|在远处挥了挥手|隔着老远招招手]，就[匆匆走了|进屋去了]。
{a} called {c}, but nobody answered. ~ {a}喊了{c}几声，可是没人答应。
""",
)
PARTY = {
    "garden": """
{a} opened the garden gate, and there stood {b}, {c} and {m} under {n} {col} lanterns. ~ {a}推开花园的门，只见{b}、{c}和{m}站在{n}盏{col}的灯笼下面。
The garden was full of lights. ~ 花园里到处都是灯光。 // {n} {col} lanterns hung in the trees, and {b} and {c} jumped out from behind a bush. ~ 树上挂着{n}盏{col}的灯笼，{b}和{c}从灌木后面跳了出来。
""",
    "attic": """
{a} climbed up to the dark attic. Suddenly the light went on, and there were {n} {col} balloons! ~ {a}爬上黑乎乎的阁楼。突然灯亮了，那里有{n}个{col}的气球！
Up in the attic, {b} and {c} sat at a long table with {n} {col} balloons over it. ~ 阁楼上，{b}和{c}坐在一张长桌子旁边，头顶飘着{n}个{col}的气球。
""",
    "kitchen": """
In the kitchen stood a cake with {n} candles on a {col} plate. ~ 厨房里有一个插着{n}根蜡烛的蛋糕，放在{col}的盘子上。 // {b} and {c} had made it themselves! ~ 那是{b}和{c}亲手做的！
The kitchen smelled of (sugar|chocolate|strawberries). ~ 厨房里有一股(糖|巧克力|草莓)的香味。 // {b} held up a cake with {n} candles, and {c} held a {col} flower. ~ {b}捧着一个插着{n}根蜡烛的蛋糕，{c}举着一朵{col}的花。
""",
}


def tell(t):
    t.child("a", "b", "c")
    t.kin("m", of="a")
    t.pick(col="colors", n="ages", gift="toys")
    t.pick(
        when=[
            f"one {d} ~ 一个{z}"
            for d, z in (
                ("Monday", "星期一"),
                ("Saturday", "星期六"),
                ("Sunday", "星期天"),
                ("Friday", "星期五"),
                ("warm day", "暖和的日子"),
            )
        ]
    )
    age = t.state["n"]
    t.told.add("age")
    t.meet(like=t.chance(0.4))
    place = t.branch("garden", "attic", "kitchen")
    t.let(
        spot={
            "garden": "in the garden ~ 花园里",
            "attic": "in the attic ~ 阁楼上",
            "kitchen": "in the kitchen ~ 厨房里",
        }[place]
    )
    t.tell("""
{when}, {a} [woke up|got up] early, because it was {a.his} birthday. ~ {when}，{a}[早早就醒了|很早就起床了]，因为那天是{a.his}生日。
{when}, it was {a}'s birthday. ~ {when}，{a}过生日。 // {a.He} jumped out of bed and [laughed|sang]. ~ {a.he}[笑着|唱着歌]跳下了床。

"Today I am {n} years old!" {a} told the [cat|mirror]. ~ “今天我{n}岁了！”{a}对[小猫|镜子]说。
Now {a} was {n} years old, and {a.he} felt very big. ~ 现在{a}{n}岁了，觉得自己长大了。

? {a} hoped for a {gift}, but most of all {a.he} wanted to play with {a.his} friends. ~ {a}[想要|盼着得到|希望收到]一{gift.mw}{gift}，不过[{a.he}最想和朋友们一起玩|最盼的还是跟朋友们一起玩|更想的是跟朋友们玩]。

--
""")
    t.some(t.random.randint(2, 3), *FORGOT)
    t.tell(
        """
"[They have all forgotten|Nobody remembers my birthday]," thought {a}, and {a.he} felt {:sad}. ~ “[他们全都忘了|没有人记得我的生日]。”{a}心想，{a.he}很{:sad}。
A tear ran down {a}'s cheek. Had everybody forgotten the day? ~ [一滴眼泪从{a}的脸上流了下来|{a}的眼泪流了下来|{a}掉下了一滴眼泪|眼泪在{a}的眼睛里打转]。[难道大家都忘了这个日子吗|大家都不记得今天了吗|难道谁都不记得今天是什么日子了]？

--

In the [afternoon|evening], {m} called, "{a}, could you get me (a basket|an umbrella|a spoon)? It is {spot}." ~ [下午|傍晚]的时候，{m}喊道：“{a}，帮我拿一下(篮子|雨伞|勺子)好吗？就在{spot}。”
Later there was a strange noise {spot}. "{a}, go and see what it is," said {m}. ~ [后来|过了一阵子|天快黑的时候]，{spot}[传来奇怪的声音|有什么响了一下|响起了奇怪的声音]。“{a}，[去看看是什么|你去瞧瞧怎么回事|去看看怎么了]。”{m}说。
"""
        + PARTY[place]
        + """
"Happy birthday, {a}!" they all [shouted|called]. ~ “{a}，生日快乐！”大家一起[喊道|叫道]。
"Surprise!" shouted {b}. "Did you think we had forgotten you?" ~ “没想到吧！”{b}喊道，“[你以为我们把你忘了吗|我们怎么会忘了你呢|你还以为大家都忘了吧]？”

{c} gave {a} a {gift} with a {col} ribbon around it. ~ {c}送给{a}一{gift.mw}{gift}，上面系着{col}的丝带。
{a} got a {gift} from {b} and {c}. ~ {b}和{c}送给{a}一{gift.mw}{gift}。

"So that is why you were so busy!" said {a} and laughed. ~ “[怪不得|难怪][你们都那么忙|大家一整天都在忙|谁都没空]！”{a}笑着说。
{a} blew out the candles and made a wish, but {a.he} did not say what it was. ~ {a}[吹灭了蜡烛|一口气吹灭了蜡烛|呼地吹灭了蜡烛]，[许了一个愿|在心里许了个愿|悄悄许了愿]，可是{a.he}[没有说是什么愿望|不肯说许了什么|没有告诉大家是什么]。
"""
    )
    if t.chance(0.6):
        t.ending()
    t.title("""
{a}'s Birthday ~ {a}的生日
The Forgotten Birthday ~ 被忘记的生日
A Surprise for {a} ~ 给{a}的惊喜
""")
    t.summary("""
{a} thought that everybody had forgotten {a.his} birthday, but there was a surprise party {spot}. ~ {a}以为大家都忘了自己的生日，其实{spot}有一个惊喜派对。
{b} and {c} gave {a} a surprise party {spot} when {a.he} turned {n}. ~ {a}{n}岁生日那天，{b}和{c}在{spot}给{a.he}办了一个惊喜派对。
""")
    assert age == t.state["n"]
    t.ask("""
howmany: How old was {a}? => {n} ~ {a}几岁了？ => {n}岁
where: Where was the party? => {spot} ~ 派对在哪里？ => {spot}
why: Why was {a} sad? => because {a.he} thought everybody had forgotten {a.his} birthday ~ {a}为什么难过？ => 因为{a.he}以为大家都忘了自己的生日
what: What present did {a} get? => a {gift} ~ {a}得到了什么礼物？ => 一{gift.mw}{gift}
is: Was {a} {n?} years old? ~ {a}是{n?}岁吗？
did: Did {a} get a {gift?}? ~ {a}得到{gift?}了吗？
nodid: Had {b} really forgotten the birthday? ~ {b}真的忘了生日吗？
unsaid: What color was {m}'s hat? ~ {m}的帽子是什么颜色的？
""")
