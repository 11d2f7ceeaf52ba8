"""A present made by hand goes wrong, and what goes wrong makes it good."""

GIFTS = {
    "scarf": (
        "scarf ~ 围巾 ~ 条",
        "wool ~ 毛线",
        "knitted ~ 织",
        """
{a} knitted and knitted and forgot to stop, and the scarf was {n} meters long. ~ {a}织呀织，忘了停下来，围巾织了{n}米长。
When {a} looked up, the scarf went out of the door and down the stairs. ~ 等{a}抬起头来，围巾已经拖到门外，一直拖下了楼梯。
""",
        """
"It is long enough for both of us!" said {m} and wound it around {a} as well. ~ “够我们两个人一起围呢！”{m}说着，把{a}也围了进来。
{m} wound it around {m.his} neck {n} times. "I have never been so warm!" ~ {m}在脖子上绕了{n}圈。“我从来没有这么暖和过！”
""",
    ),
    "cake": (
        "cake ~ 蛋糕 ~ 个",
        "flour ~ 面粉",
        "baked ~ 烤",
        """
The cake fell down in the middle and looked like a bowl. ~ 蛋糕中间塌了下去，看上去像一个碗。
When {a} opened the oven, the cake was as flat as a plate. ~ {a}打开烤箱，蛋糕扁得像一个盘子。
""",
        """
{m} put {fruit.s} into the hole. "Now it is a fruit cake," {m.he} said. ~ {m}在凹下去的地方放上{fruit}。“这下成了水果蛋糕。”{m.he}说。
"A flat cake is a giant cookie," said {m} and ate {n} pieces. ~ “扁扁的蛋糕就是一块大饼干呀。”{m}说着，一连吃了{n}块。
""",
    ),
    "card": (
        "card ~ 卡片 ~ 张",
        "paper ~ 纸",
        "painted ~ 画",
        """
{a} knocked over the water, and all the colors ran together. ~ {a}打翻了水，颜色全混在了一起。
The cat walked over the picture with {col} paws. ~ 小猫踩着{col}的颜料，从画上走了过去。
""",
        """
"What a beautiful sunset!" said {m}. {a} looked again. It really was one. ~ “多美的晚霞啊！”{m}说。{a}又看了看，还真像。
{m} hung it over the bed. "I like the {col} spots best," {m.he} said. ~ {m}把它挂在床头。“我最喜欢这些{col}的印子。”{m.he}说。
""",
    ),
    "mug": (
        "mug ~ 杯子 ~ 个",
        "clay ~ 泥",
        "made ~ 捏",
        """
The handle broke off, and there was a hole in the bottom. ~ 把手断了，杯底还有一个洞。
The mug was so crooked that it could not stand. ~ 杯子歪歪扭扭的，站都站不住。
""",
        """
{m} planted a {flower} in it. "I have always wanted a pot like this." ~ {m}在里面种了一{flower.mw}{flower}。“我一直想要这样一个花盆。”
"It is just right for my {col} pencils," said {m}. ~ “正好放我{col}的铅笔。”{m}说。
""",
    ),
}


def tell(t):
    t.child("a")
    t.kin("m", of="a")
    t.child("b")
    gift = t.branch(*GIFTS)
    k, stuff, verb, wrong, good = GIFTS[gift]
    t.let(k=k, stuff=stuff, verb=verb)
    t.pick(
        col="colors",
        n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"],
        fruit="fruits",
        flower="flowers",
    )
    t.pick(
        when=[
            "three days before ~ 前三天",
            "a week before ~ 前一个星期",
            "two days before ~ 前两天",
            "the day before ~ 前一天",
        ]
    )
    t.pick(
        bought=[
            "flowers ~ 鲜花",
            "chocolate ~ 巧克力",
            "a book ~ 书",
            "a lamp ~ 台灯",
            "slippers ~ 拖鞋",
        ]
    )
    t.pick(
        money=[
            "two coins ~ 两枚硬币",
            "three coins ~ 三枚硬币",
            "three coins ~ 三枚硬币",
            "a button and a coin ~ 一颗纽扣和一枚硬币",
        ]
    )
    t.meet(like=t.chance(0.3))
    t.tell(
        """
Soon it would be {m}'s birthday, and {a} had no present yet. ~ {m}的生日[快到了|就要到了]，{a}还没有准备礼物。
"What shall I give {m} for {m.his} birthday?" {a} asked {b}. ~ “{m}过生日，我送什么好呢？”{a}问{b}。
{m} had a birthday soon, and {a} wanted to give {m.him} something special. ~ {m}快过生日了，{a}想送一件特别的礼物。

"I would buy {bought}," said {b}. But {a} had only {money}. ~ “[要是我，就买|换了我，我就买|你可以买]{bought}。”{b}说。可是{a}[只有|手里只有|一共才]{money}。
In {a}'s piggy bank there were only {money}. That was not enough for {bought}. ~ {a}的存钱罐里[只有|一共才|总共只有]{money}，买{bought}[可不够|差得远呢|还差不少]。

"Then I will make something myself," said {a}. "A {k}!" ~ “那我就自己做。”{a}说，“做一{k.mw}{k}！”
{b} said, "Things you make yourself are the best." So {a} began a {k}. ~ {b}说：“[自己做的礼物最好|亲手做的才是最好的|最好的礼物是自己做的]。”于是{a}[开始做|动手做起了|决定做]一{k.mw}{k}。

{a} got some {col} {stuff} and began. ~ {a}找来{col}的{stuff}，动手做了起来。
With {col} {stuff} and a lot of patience {a} {verb} in {a.his} room. ~ {a}在房间里用{col}的{stuff}耐心地{verb}着。
For {n} days {a} {verb} in secret. ~ 一连{n}天，{a}都在悄悄地{verb}。

--

But {when} the birthday something went wrong. ~ 可是生日{when}出了岔子。
At first everything went well. Then it happened. ~ [一开始都很顺利|开头什么都好好的|起先样样顺利]，[后来就出事了|可是后来出了岔子|没想到后来出了事]。
""".replace(
            "With {col} {stuff} and a lot of patience {a} {verb} in {a.his} room.",
            "With {col} {stuff} and a lot of patience, {a} worked in {a.his} room.",
        ).replace(
            "For {n} days {a} {verb} in secret. ~ 一连{n}天，{a}都在悄悄地{verb}。",
            "For {n} days {a} worked on the {k} in secret. ~ 一连{n}天，{a}都在悄悄地{verb}{k}。",
        )
        + wrong
        + """
"It is ruined!" cried {a}. "I cannot give that to {m}." ~ “[全毁了|这下全完了|弄坏了]！”{a}叫道，“[我不能把这个送给{m}|这怎么能送给{m}呢|这个送不出手了]。”
{a} was so {:sad} that {a.he} wanted to throw it away. ~ {a}很{:sad}，真想把它扔掉。

"Give it to {m.him} all the same," said {b}. ~ “还是送吧。”{b}说。
{b} looked at the {k} for a long time. "I think it is funny," {b.he} said. "{m} will like it." ~ {b}[看了{k}好久|把{k}看了又看|拿起{k}看了半天]。“[我觉得挺有意思的|我倒觉得很特别|看着多好玩啊]。”{b.he}说，“{m}[会喜欢的|一定喜欢|肯定会高兴]。”

--

On the birthday {a} held out the {k} with a red face. ~ 生日那天，{a}红着脸把{k}递了过去。
{m} opened the parcel. {a} did not dare to look. ~ {m}打开了包裹。{a}都不敢看。
When all the guests were there, {a} gave {m} the {k} last of all. ~ 客人都来了，{a}最后一个把{k}送给{m}。
"""
        + good
        + """
"Did you make it yourself?" asked {m}. "Then it is the best {k} in the world." ~ “是你自己做的吗？”{m}问，“那它就是世界上最好的{k}。”
{m} hugged {a}. "Nobody else has a {k} like this one." ~ {m}抱住{a}。“谁也没有这样的{k}。”
{a} was so {:happy} that {a.he} jumped up and down. ~ {a}{:happy}得又蹦又跳。
"""
    )
    if t.chance(0.4):
        t.ending()
    t.title("""
A {k} for {m} ~ 送给{m}的{k}
The Best Present ~ 最好的礼物
{a}'s Present ~ {a}的礼物
""")
    t.summary("""
{a} made {m} a {k} for {m.his} birthday, and although it went wrong, {m} loved it. ~ {a}给{m}做了一{k.mw}{k}当生日礼物，虽然没做好，{m}却非常喜欢。
""")
    t.ask("""
what: What did {a} make? => a {k} ~ {a}做了什么？ => 一{k.mw}{k}
who: Who had a birthday? => {m} ~ 谁过生日？ => {m}
what: What did {a} make it from? => {stuff} ~ 是用什么做的？ => {stuff}
who: Who said {a} should give it all the same? => {b} ~ 谁说还是应该送？ => {b}
why: Why did {a} not buy a present? => because {a.he} had only {money} ~ {a}为什么没有买礼物？ => 因为{a.he}只有{money}
yesno: Did {m} like the {k}? => Yes ~ {m}喜欢{k}吗？ => 喜欢
is: Was the {stuff} {col?}? ~ {stuff}是{col?}的吗？
unsaid: How old was {m}? ~ {m}多大年纪了？
""")
