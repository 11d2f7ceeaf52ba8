"""A color is missing; two others mixed make it, or make something else."""

MIXES = {
    ("blue", "yellow"): ("green", "绿色"),
    ("red", "yellow"): ("orange", "橙色"),
    ("red", "blue"): ("purple", "紫色"),
    ("red", "white"): ("pink", "粉色"),
    ("black", "white"): ("gray", "灰色"),
    ("red", "green"): ("brown", "棕色"),
}
ZH = {
    "blue": "蓝色",
    "yellow": "黄色",
    "red": "红色",
    "white": "白色",
    "black": "黑色",
    "green": "绿色",
}
OBJECTS = {
    "green": [
        "frog ~ 青蛙 ~ 只",
        "meadow ~ 草地 ~ 片",
        "crocodile ~ 鳄鱼 ~ 条",
        "pine tree ~ 松树 ~ 棵",
    ],
    "orange": [
        "fox ~ 狐狸 ~ 只",
        "pumpkin ~ 南瓜 ~ 个",
        "carrot ~ 胡萝卜 ~ 根",
        "tiger ~ 老虎 ~ 只",
    ],
    "purple": [
        "plum ~ 李子 ~ 个",
        "eggplant ~ 茄子 ~ 个",
        "bunch of grapes ~ 葡萄 ~ 串",
        "violet ~ 紫罗兰 ~ 朵",
    ],
    "pink": [
        "pig ~ 小猪 ~ 头",
        "peach ~ 桃子 ~ 个",
        "flamingo ~ 火烈鸟 ~ 只",
        "peony ~ 牡丹花 ~ 朵",
    ],
    "gray": [
        "elephant ~ 大象 ~ 头",
        "donkey ~ 毛驴 ~ 头",
        "rain cloud ~ 乌云 ~ 片",
        "mouse ~ 老鼠 ~ 只",
    ],
    "brown": ["bear ~ 熊 ~ 只", "horse ~ 马 ~ 匹", "tree trunk ~ 树干 ~ 根", "monkey ~ 猴子 ~ 只"],
}
WRONG = {
    "spill": """
{b} pushed the table, and the {c1} ran into the {c2}. ~ {b}碰了一下桌子，{c1}颜料流进了{c2}颜料里。
Then the cat jumped on the table, and the {c1} and the {c2} ran together. ~ 这时小猫跳上桌子，{c1}和{c2}的颜料流到了一起。

"My paints!" cried {a}. {b} turned red. "I am sorry," {b.he} said. ~ “我的颜料！”{a}叫道。{b}的脸红了。“对不起。”{b.he}说。
"Oh no!" said {a}. "Now everything is spoiled." ~ “糟了！”{a}说，“这下全毁了。”

But look! Where the {c1} met the {c2}, there was {c3}. ~ 可是快看！{c1}和{c2}碰到一起的地方，变成了{c3}。
{a} bent over the paper. "{b}, look! It is turning {c3}!" ~ {a}低下头看着纸。“{b}，快看！变成{c3}了！”
""",
    "ask": """
{a} went to {m}, who painted pictures. "I need {c3}," {a.he} said. ~ {a}去找会画画的{m}。“我需要{c3}。”{a.he}说。
"{m}, where can I buy {c3}?" asked {a}. ~ “{m}，哪儿能买到{c3}的颜料？”{a}问。

"You do not need to buy it," said {m}. "You have {c1}, and you have {c2}." ~ “不用买。”{m}说，“你有{c1}，又有{c2}。”
{m} put a little {c1} on a plate and a little {c2} beside it. "Stir!" ~ {m}在盘子里放了一点{c1}，又在旁边放了一点{c2}。“搅一搅！”

{a} stirred, and slowly it turned {c3}. ~ {a}搅呀搅，颜色慢慢变成了{c3}。
One stroke, two strokes, and there it was: {c3}! ~ 一下，两下，出来了：{c3}！
""",
    "try": """
First {a} mixed {w1} with {w2}. "No, that is wrong," {a.he} said. ~ {a}先把{w1}和{w2}混在一起。“不对。”{a.he}说。
"Let's try everything," said {b}. They mixed {w1} with {w2}, but that was not {c3}. ~ “我们全都试一试吧。”{b}说。{a+b.he}把{w1}和{w2}混在一起，可那不是{c3}。

Then {b} put {c1} into the {c2}. ~ 然后，{b}把{c1}加进了{c2}里。
At last they tried {c1} and {c2}. ~ 最后，{a+b.he}试了试{c1}和{c2}。

"{c3}!" they shouted together. ~ “{c3}！”{a+b.he}一起喊道。
{a} could not believe it: the paint was {c3}! ~ {a}简直不敢相信：颜料变成了{c3}！
""",
}


def tell(t):
    t.child("a", "b")
    t.adult("m")
    (c1, c2), (c3, z3) = t.random.choice(list(MIXES.items()))
    t.let(c1=f"{c1} ~ {ZH[c1]}", c2=f"{c2} ~ {ZH[c2]}", c3=f"{c3} ~ {z3}")
    wrong = t.random.choice([k for k in MIXES if set(k) != {c1, c2} and c3 not in k])
    t.let(w1=f"{wrong[0]} ~ {ZH[wrong[0]]}", w2=f"{wrong[1]} ~ {ZH[wrong[1]]}")
    t.pick(k=OBJECTS[c3], n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"], when="when")
    t.pick(
        for_=[
            "for the wall of the class ~ 贴在教室的墙上",
            "for {m}'s shop ~ 挂在{m}的店里",
            "for the school fair ~ 参加学校的画展",
            "for Grandma ~ 送给奶奶",
            "for the kitchen ~ 挂在厨房里",
        ]
    )
    v = t.state["for_"]
    m = t.state["m"]
    t.state["for_"] = type(v)(v.en.replace("{m}", m.en), v.zh.replace("{m}", m.zh), v.pool)
    t.pick(
        place=[
            "at the kitchen table ~ 厨房的桌子边",
            "on the floor ~ 地板上",
            "under the apple tree ~ 苹果树下",
            "in the classroom ~ 教室里",
            "on the balcony ~ 阳台上",
        ]
    )
    t.meet(like=False)
    t.tell("""
{when}, {a} and {b} were painting {place}. ~ {when}，{a}和{b}在{place}画画。
{when}, {a} and {a.his} friend {b} sat {place} with a big sheet of paper. ~ {when}，{a}和朋友{b}在{place}铺开了一张大纸。
"Let's paint a big picture!" {a} said to {b} {when}. They sat down {place}. ~ {when}，{a}对{b}说：“我们来画一张大画吧！”{a+b.he}在{place}坐了下来。

{a} wanted to paint a {k} {for_}. ~ {a}想画一{k.mw}{k}，{for_}。
The picture was {for_}, and in the middle there had to be a {k}. ~ 这张画要{for_}，[中间一定要有|正中间得有|当中要画]一{k.mw}{k}。

First {b} painted {n} clouds, and {a} painted a house. ~ {b}先画了{n}朵云，{a}画了一座房子。
They painted the sky, {n} birds and a long road. ~ {a+b.he}画了[天空、{n}只鸟和一条长长的路|一条长长的路、天空，还有{n}只鸟]。

But a {k} is {c3}, and there was no {c3} in the box. ~ 可{k}是{c3}的，[颜料盒里偏偏没有{c3}|偏偏就缺{c3}|盒子里就是没有{c3}]。
"Where is the {c3}?" asked {a}. The {c3} tube was empty. ~ “{c3}的[颜料呢|去哪儿了]？”{a}问。那一管{c3}[已经用完了|是空的|一点儿也不剩了]。

? "Then paint the {k} {c1}," said {b}. "A {c1} {k}? Never!" said {a}. ~ “[那就把{k}画成{c1}的吧|画成{c1}的好了]。”{b}说。“{c1}的{k}？[那可不行|绝对不行|我才不要呢]！”{a}说。

--
""")
    way = t.branch("spill", "ask", "try")
    t.tell(
        WRONG[way]
        + """
--

Now {a} could paint the {k}, and it was the most beautiful {c3} {k} in the world. ~ 现在{a}可以画{k}了，那是世界上最漂亮的{c3}{k}。
So the {k} got its {c3}, and {b} painted a second one beside it. ~ 就这样，{k}有了{c3}，{b}又在旁边画了一{k.mw}。
{a} painted the {k}, and there was still {c3} on {a.his} nose. ~ {a}画好了{k}，鼻子上还沾着{c3}。

"{c1} and {c2} make {c3}," {b} sang. ~ “{c1}加{c2}，变成{c3}。”{b}唱道。
{a} wrote it down: {c1} and {c2} make {c3}. ~ {a}把它记了下来：{c1}加{c2}变成{c3}。
"What comes out if we mix all of them?" asked {b}. ~ “[要是全混在一起|把它们全混起来|要是都搅在一起]，[会变成什么呢|会是什么样|会出来什么颜色]？”{b}问。

? {m} looked at the picture for a long time and said, "What a {k}!" ~ {m}看了这张画好久，说：“多好的{k}啊！”
? In the evening {a} and {b} had {n} colors on their hands. ~ 到了晚上，{a}和{b}的手上沾了{n}种颜色。
"""
    )
    if t.chance(0.4):
        t.ending()
    t.title("""
The Missing Color ~ 少了一种颜色
{a} Paints a {k} ~ {a}画{k}
The {c3} {k} ~ {c3}的{k}
""")
    t.summary("""
{a} needed {c3} to paint a {k} and learned that {c1} and {c2} make {c3}. ~ {a}画{k}需要{c3}，后来知道了{c1}加{c2}能变成{c3}。
""")
    t.ask("""
what: What did {a} want to paint? => a {k} ~ {a}想画什么？ => 一{k.mw}{k}
what: Which color was missing? => {c3} ~ 少了哪种颜色？ => {c3}
how: How do you get {c3}? => by mixing {c1} and {c2} ~ 怎么变出{c3}？ => 把{c1}和{c2}混在一起
who: Who painted with {a}? => {b} ~ 谁和{a}一起画画？ => {b}
where: Where did they paint? => {place} ~ {a+b.he}在哪里画画？ => {place}
what: What was the picture for? => {for_} ~ 这张画是做什么用的？ => {for_}
is: Did {a} want to paint a {k?}? ~ {a}想画的是{k?}吗？
unsaid: How big was the picture? ~ 这张画有多大？
""")
