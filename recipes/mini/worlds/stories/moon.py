"""A child wants the moon; others bring it in their own ways."""

TRIES = (
    """
{a} stood on a chair and reached up, but the moon was {much} too far away. ~ {a}站到椅子上，伸手去够，可是月亮太远了。
From the roof of the {shed} {a} stretched out both arms. The moon did not come any closer. ~ {a}[爬上{shed}的屋顶|上了{shed}的屋顶]，[伸出两只胳膊|把胳膊伸得长长的]。[月亮一点儿也没有靠近|可月亮还是那么远|月亮并没有近一点儿]。
""".replace("{much} ", ""),
    """
{a} threw a rope {n} times, but it always fell back on {a.his} head. ~ {a}把绳子往上扔了{n}次，每次都掉回自己头上。
"I will catch it with a net," said {a}. But in the net there was only a {bug}. ~ “我用网来捞。”{a}说。可是网里只有一只{bug}。
""",
    """
{a} ran after the moon through {n} fields, and the moon ran just as fast. ~ {a}追着月亮跑过了{n}块田，月亮跑得和{a.he}一样快。
{a} walked toward the moon until {a.his} feet hurt, but it was still behind the trees. ~ {a}朝着月亮走，走得脚都疼了，月亮还在树后面。
""",
    """
"Moon, come down!" called {a} {n} times, and a dog barked. ~ “月亮，[下来吧|快下来|到我这儿来吧]！”{a}喊了{n}遍，[只有一只狗汪汪叫|回答{a.he}的只有一只狗|可是只有狗叫了几声]。
{a} held up a {food} and called, "I will give you this!" The moon did not answer. ~ {a}举起一{food.mw}{food}喊道：“我把这个给你！”月亮没有回答。
""",
)
BRINGS = {
    "water": (
        "in a bowl of water ~ 装在一碗水里",
        """
{m} filled a {col} bowl with water and put it on the grass. ~ {m}在一个{col}的碗里装满水，放在草地上。
"Come," said {m} and carried a {col} bucket of water into the garden. ~ “来。”{m}说着，把一个{col}的水桶提到花园里。

And there lay the moon in the water, round and white. ~ 月亮就躺在水里，又圆又白。
{a} looked in. The moon was swimming there like a little boat! ~ {a}往里一看，月亮像小船一样浮在水里！
""",
    ),
    "cake": (
        "as a cake ~ 做成了一个饼",
        """
{m} went into the kitchen and baked something round. ~ {m}走进厨房，烤了一个圆圆的东西。
There was a smell of butter, and {m} came with something under a {col} cloth. ~ 飘来一阵奶油香，{m}端来一样东西，上面盖着{col}的布。

It was a moon cake, as big as a plate and {yellow} all over. ~ 那是一个月饼，有盘子那么大，黄灿灿的。
{a} lifted the {col} cloth. "A moon you can eat!" ~ {a}揭开{col}的布。“能吃的月亮！”
""".replace("{yellow}", "golden"),
    ),
    "lamp": (
        "as a paper lamp ~ 做成了一盏纸灯",
        """
{m} took white paper, glue and a {col} string. ~ {m}拿来白纸、胶水和一根{col}的绳子。
For {n} evenings {m} cut and glued in secret. ~ 一连{n}个晚上，{m}都在悄悄地剪呀贴呀。

Then a round paper moon hung over {a}'s bed and shone softly. ~ 后来，{a}的床头挂上了一个圆圆的纸月亮，发出柔和的光。
"Close your eyes," said {m}. When {a} opened them, a paper moon was shining in the room. ~ “闭上眼睛。”{m}说。{a}睁开眼睛，屋里亮着一个纸月亮。
""",
    ),
    "mirror": (
        "in a mirror ~ 照在一面镜子里",
        """
{m} put a small mirror with a {col} frame on the windowsill. ~ {m}在窗台上放了一面{col}边框的小镜子。
From a drawer {m} took a {col} mirror and turned it a little. ~ {m}从抽屉里拿出一面{col}的镜子，稍微转了转。

There was the moon, right in {a}'s hand. ~ 月亮出现了，就在{a}的手里。
"Now hold it," said {m}, and {a} held the moon in both hands. ~ “现在拿好。”{m}说。{a}用两只手捧住了月亮。
""",
    ),
}


def tell(t):
    animal = t.chance(0.4)
    (t.animal if animal else t.child)("a")
    t.kin("m", of="a")
    t.pick(
        col="colors",
        n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"],
        food=["carrot ~ 胡萝卜 ~ 根", "cookie ~ 饼干 ~ 块", "nut ~ 坚果 ~ 颗", "plum ~ 李子 ~ 个"],
    )
    t.pick(
        shed=["shed ~ 小木棚", "hen house ~ 鸡舍", "barn ~ 谷仓"],
        bug=["moth ~ 飞蛾", "beetle ~ 甲虫", "firefly ~ 萤火虫"],
    )
    t.pick(
        like_=[
            "a silver plate ~ 银盘子",
            "a big cheese ~ 大奶酪",
            "a lamp ~ 灯",
            "a white ball ~ 白球",
            "a drop of milk ~ 一滴牛奶",
            "a shiny coin ~ 亮闪闪的硬币",
        ]
    )
    t.pick(
        want=[
            "to play with it ~ 和它一起玩",
            "to sleep beside it ~ 抱着它睡觉",
            "to show it to {a.his} friends ~ 拿给朋友们看",
            "to put it in {a.his} pocket ~ 把它装进口袋",
        ]
    )
    v, a = t.state["want"], t.state["a"]
    t.state["want"] = type(v)(v.en.replace("{a.his}", a.form("his", "en")), v.zh, v.pool)
    t.pick(
        when=[
            "one clear night ~ 一个晴朗的夜晚",
            "one summer night ~ 一个夏天的夜晚",
            "one quiet night ~ 一个安静的夜晚",
            "one evening in autumn ~ 秋天的一个晚上",
            "one Sunday night ~ 一个星期天的夜晚",
            "one warm night ~ 一个温暖的夜晚",
        ]
    )
    t.meet(like=t.chance(0.3))
    t.tell("""
{when}, {a} looked up and saw the moon. It was like {like_}. ~ {when}，{a}抬头看见了月亮，月亮像{like_}一样。
{when}, the moon hung over the {shed} like {like_}. ~ {when}，月亮挂在{shed}上面，像{like_}一样。

"I want to have it!" said {a}, for {a.he} wanted {want}. ~ “我想要月亮！”{a}说。{a.he}想{want}。
{a} wanted to have the moon {want}. ~ {a}想要月亮，好{want}。

? "Nobody can have the moon," said a (cat|toad|crow) on the fence. ~ “[谁也得不到月亮|没有谁能拿到月亮|月亮是拿不到的|月亮谁也别想要]。”[篱笆上的|蹲在篱笆上的]一只(猫|癞蛤蟆|乌鸦)[说|对{a.he}说]。

--
""")
    t.some(t.random.randint(2, 3), *TRIES)
    way = t.branch(*BRINGS)
    t.let(how=BRINGS[way][0])
    t.tell(
        """
{a} went home and was very {:sad}. ~ {a}回到家，心里很{:sad}。
"It does not want to come to me," {a} told {m}. ~ “它不愿意到我这儿来。”{a}对{m}说。
{m} found {a} on the steps. "Why do you look so sad?" {m.he} asked. ~ {m}看见{a}[坐在台阶上|一个人坐在台阶上]。“[你怎么这么难过|怎么不高兴了|你怎么愁眉苦脸的]？”{m.he}问。

--

{m} thought for a while. "I will bring you the moon," {m.he} said. ~ {m}想了想。“[我把月亮给你拿来|我去给你拿月亮|我给你弄个月亮来]。”{m.he}说。
"The moon?" said {m}. "Wait a little." ~ “月亮吗？”{m}说，“等一等。”
"""
        + BRINGS[way][1]
        + """
"It came to me after all!" whispered {a}. ~ “它到底还是来了！”{a}轻声说。
{a} was so {:happy} that {a.he} danced around in {a.his} nightshirt. ~ {a}{:happy}得穿着睡衣跳起舞来。
{a} looked out of the window. The other moon was still there. "There are two!" {a.he} said. ~ {a}[往窗外看了看|朝窗外望去]，[天上的月亮还在|天上还有一个月亮]。“[有两个呢|一共两个]！”{a.he}说。

"The moon belongs to everyone," said {m}, "but tonight a little of it is yours." ~ “[月亮是大家的|月亮不是谁一个人的|月亮属于每一个人]，”{m}说，“[可是今晚有一点点是你的|不过今天晚上，它有一小块是你的]。”
"Good night, moon," said {a}, and soon {a.he} was asleep. ~ “晚安，月亮。”{a}说。不一会儿，{a.he}就睡着了。
Since then {a} says good night to the moon every evening. ~ 从那以后，{a}每天晚上都要对月亮说晚安。
"""
    )
    t.title("""
{a} and the Moon ~ {a}和月亮
The Moon in the House ~ 家里的月亮
How {a} Got the Moon ~ {a}怎样得到月亮
""")
    t.summary(
        """
{a} wanted to have the moon and could not reach it, so {m} brought it {how}. ~ {a}想要月亮，却怎么也够不着，{m}就把月亮{how}送给{a.he}。
""".replace(
            "把月亮{how}送给{a.he}",
            {
                "water": "用一碗水给{a.he}端来了月亮",
                "cake": "给{a.he}做了一个像月亮的饼",
                "lamp": "给{a.he}做了一盏月亮纸灯",
                "mirror": "用一面镜子给{a.he}照来了月亮",
            }[way],
        ).replace("就就", "就")
    )
    t.ask(
        """
what: What did {a} want? => the moon ~ {a}想要什么？ => 月亮
why: Why did {a} want the moon? => {want} ~ {a}为什么想要月亮？ => 想{want}
who: Who helped {a}? => {m} ~ 谁帮助了{a}？ => {m}
how: How did {m} bring the moon? => {how} ~ {m}是怎么把月亮拿来的？ => {how}
what: What did the moon look like? => like {like_} ~ 月亮看上去像什么？ => {like_}
nodid: Could {a} reach the moon? ~ {a}够到月亮了吗？
when: When did {a} see the moon? => {when} ~ {a}是什么时候看见月亮的？ => {when}
unsaid: How old was {m}? ~ {m}多大年纪了？
""".replace(
            "when: When did {a} see the moon? => {when} ~ {a}是什么时候看见月亮的？ => {when}\n", ""
        )
    )
