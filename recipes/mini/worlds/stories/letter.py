"""A letter or message must reach somebody; something happens to it on the way."""

MISHAPS = {
    "wind": (
        "the wind took it ~ 被风吹走了",
        """
A gust of wind took the {msg} out of {a.his} hand, and it flew over the {p}. ~ 一阵风把{msg}从{a}手里吹走，飞到了{p}那边。
Whoosh! The wind lifted the {msg} up, as high as the {tree}. ~ “呼！”风把{msg}卷到了{tree}那么高的地方。

{a} ran after it, over {n} fences and through a flower bed. ~ {a}追着它，翻过了{n}道篱笆，穿过了一片花圃。
It danced in the air {n} times, just out of {a}'s reach. ~ 它在空中转了{n}圈，{a}怎么也够不着。

At last it came down on the back of a {beast}. ~ 最后，它落在了一{beast.mw}{beast}的背上。
A {beast} put its foot on it and looked at {a}. ~ 一{beast.mw}{beast}踩住了它，抬头看着{a}。
""",
    ),
    "rain": (
        "it got wet ~ 弄湿了",
        """
It began to rain, and the ink ran down the paper in {col} drops. ~ 下雨了，墨水化成{col}的水滴，顺着纸往下流。
{a} fell into a puddle with the {msg}. ~ {a}拿着{msg}摔进了水坑里。

Nobody could read the words any more. ~ 字全都看不清了。
Of all the words only {n} were left. ~ 那么多字，只剩下{n}个还看得清。

"Then I will tell {g.him} everything myself," said {a}. ~ “那我就自己说给{g}听。”{a}说。
So {a} learned by heart what the {msg} had said. ~ 于是，{a}把{msg}上的话都背了下来。
""",
    ),
    "wrong": (
        "it went to the wrong house ~ 送错了人家",
        """
The number on it looked like a {n}, but it was a {n2}. ~ 上面的门牌号看着像{n}号，其实是{n2}号。
{a} put it under the wrong door, for all the doors in that street were {col}. ~ {a}把它[塞进了别人家的门缝|送错了人家]，因为[那条街上的门全是{col}的|那条街家家的门都是{col}的]。

An old sailor opened, read it and began to smile. "Nobody has written to me for years," he said. ~ 开门的是一位老水手，他读完笑了。“好多年没有人给我写信了。”他说。
A lonely old man read it and was so glad that {a} did not know what to say. ~ 一位孤单的老爷爷读了信，高兴得{a}都不知道说什么好。

{a} promised to write him a {msg} of his own, and together they looked for the right house. ~ {a}答应也给他写一{msg.mw}{msg}，然后两个人一起去找那户人家。
"This one is for {g}," said {a}, "but tomorrow I will write to you." ~ “这{msg.mw}是给{g}的，”{a}说，“不过明天我会给您写。”
""",
    ),
}


def tell(t):
    t.child("a")
    t.kin("g", of="a", who=t.random.choice(["grandma", "grandpa"]))
    t.pick(
        col=["blue ~ 蓝色", "green ~ 绿色", "red ~ 红色", "purple ~ 紫色", "black ~ 黑色"],
        n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"],
        n2=["seven ~ 七", "eight ~ 八", "nine ~ 九"],
    )
    t.pick(
        msg=[
            "letter ~ 信 ~ 封",
            "birthday card ~ 生日贺卡 ~ 张",
            "drawing ~ 画 ~ 张",
            "invitation ~ 请帖 ~ 张",
        ],
        tree="trees",
        when="when",
    )
    t.pick(
        p=["@ river ~ 小河", "@ field ~ 田野", "@ market ~ 集市", "@ school ~ 学校"],
        beast=["cow ~ 奶牛 ~ 头", "goat ~ 山羊 ~ 只", "donkey ~ 毛驴 ~ 头", "goose ~ 大鹅 ~ 只"],
    )
    t.pick(
        news=[
            "a new baby in the family ~ 家里添了小宝宝",
            "a party on Sunday ~ 星期天的聚会",
            "{a}'s first swim ~ {a}第一次游泳",
            "the apple harvest ~ 收苹果",
            "a new puppy ~ 新来的小狗",
        ]
    )
    v, a = t.state["news"], t.state["a"]
    t.state["news"] = type(v)(v.en.replace("{a}", a.en), v.zh.replace("{a}", a.zh), v.pool)
    t.pick(
        kiss=[
            "a paper flower ~ 一朵纸花",
            "a pressed leaf ~ 一片压平的树叶",
            "a ribbon ~ 一条丝带",
            "a photo ~ 一张照片",
            "a feather ~ 一根羽毛",
        ]
    )
    t.meet(like=t.chance(0.3))
    way = t.branch(*MISHAPS)
    t.let(why=MISHAPS[way][0])
    t.tell(
        """
{g} lived at the other end of the town, and {a} missed {g.him}. ~ {g}住在城的另一头，{a}很想{g.he}。
"{g} does not know about {news} yet," said {a}. ~ “{g}还不知道{news}的事呢。”{a}说。
{a} wanted to tell {g} about {news}. ~ {a}想把{news}的事告诉{g}。

So {a} made a {msg} with {col} ink. ~ 于是{a}用{col}的墨水[写了|做了]一{msg.mw}{msg}。
{when}, {a} took {a.his} {col} pen and made a {msg} about {news}. ~ {when}，{a}[拿起|用]{col}的笔[，做了|做了]一{msg.mw}{msg}，[上面说的是|告诉{g}|讲的是]{news}的事。
It took {a} {n} tries, but then the {msg} was ready, with {col} letters on it. ~ {a}试了{n}次，一{msg.mw}{msg}终于做好了，上面有{col}的字。

{a} put {kiss} inside. ~ {a}在里面放了{kiss}。
"And this goes inside," said {a} and put in {kiss}. ~ “[再放上这个|还要加上这个|这个也要放进去]。”{a}说着，[放进了|又放了]{kiss}。

{when2}{a} set out to bring it to {g}. ~ {zwhen2}{a}出门去给{g}送{msg}。
"I will bring it myself," said {a}. "That is faster than the post." ~ “[我自己去送|还是我自己送吧|我亲自送去]。”{a}说，“[比邮局还快呢|邮局哪有我快]。”

--
""".replace("{when2}", "With the {msg} in {a.his} hand, ")
        .replace("{zwhen2}", "")
        .replace("[写了|做了]一{msg.mw}", "做了一{msg.mw}")
        .replace("做了一{msg.mw}{msg}，上面说", "做了一{msg.mw}{msg}，上面说")
        + MISHAPS[way][1]
        + """
"I will not give up now," said {a}. ~ “[我现在可不能放弃|不能就这么放弃|我才不会放弃呢]。”{a}说。
? {a} wiped {a.his} nose and went on. ~ {a}擦了擦鼻子，继续往前走。

--

At last {a} stood at {g}'s door and rang {n} times. ~ {a}终于[站在了{g}的门前|到了{g}家门口]，[按了{n}下门铃|把门铃按了{n}下]。
{g} was sitting in the garden when {a} came running. ~ {a}跑来的时候，{g}正坐在花园里。

"A {msg}! And you have brought it yourself!" said {g}. ~ “一{msg.mw}{msg}！还是你亲自送来的！”{g}说。
{g} laughed when {g.he} heard what had happened on the way. ~ {g}[听说了路上的事|听{a}讲了路上的事|知道了一路上的经过]，[笑了起来|笑个不停|不由得笑了]。
{a} told {g} about {news}, and {g} could not hear enough of it. ~ {a}给{g}讲{news}的事，{g}怎么也听不够。

"The best {msg} is the one that comes with you," said {g} and hugged {a}. ~ “有你一起来的{msg}，才是最好的{msg}。”{g}说着抱住了{a}。
{g} put {kiss} in the window, where everybody could see it. ~ {g}把{kiss}摆在窗台上，谁都能看见。
They had tea together, and then {g} wrote an answer with {col} ink. ~ 两个人[一起喝了茶|坐下来喝了杯茶]，然后{g}[也用{col}的墨水写了回信|拿出{col}的墨水，也写了一封回信]。
"""
    )
    if t.chance(0.5):
        t.ending()
    t.title("""
A {msg} for {g} ~ 给{g}的{msg}
{a}'s {msg} ~ {a}的{msg}
On the Way to {g} ~ 去{g}家的路上
""")
    t.summary("""
{a} wanted to bring {g} a {msg}, and although {why}, it all ended well. ~ {a}要给{g}送一{msg.mw}{msg}，路上{msg}{why}，不过最后一切都好。
""")
    t.ask("""
what: What did {a} make? => a {msg} ~ {a}做了什么？ => 一{msg.mw}{msg}
who: Who was the {msg} for? => {g} ~ {msg}是给谁的？ => {g}
what: What did {a} put inside? => {kiss} ~ {a}在里面放了什么？ => {kiss}
what: What happened to the {msg} on the way? => {why} ~ 路上{msg}怎么了？ => {why}
what: What did {a} want to tell {g}? => about {news} ~ {a}想告诉{g}什么事？ => {news}
is: Was the ink {col?}? ~ 墨水是{col?}的吗？
yesno: Did {a} get to {g}'s house? => Yes ~ {a}到{g}家了吗？ => 到了
unsaid: How old was {g}? ~ {g}多大年纪了？
""")
