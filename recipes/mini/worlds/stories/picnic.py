"""A picnic, and the rain: it is saved in one of several ways."""

SAVED = {
    "barn": (
        "in a barn ~ 谷仓里",
        """
"There is a barn over there!" called {b}, and they all ran. ~ “那边有个谷仓！”{b}喊道，大家都跑了过去。
{b} pointed at an old barn. They ran through the rain with the basket over their heads. ~ {b}指着一座旧谷仓。大家把篮子顶在头上，冒着雨跑了过去。

Inside it smelled of hay, and {n} hens looked at them. ~ 里面有一股干草的香味，{n}只母鸡好奇地看过来。
They spread the {col} blanket on the hay and sat down. ~ 大家把{col}的毯子铺在干草上，坐了下来。
""",
    ),
    "home": (
        "in the living room ~ 客厅里",
        """
They ran home as fast as they could and dripped all over the floor. ~ 大家飞快地跑回家，把地板滴得到处是水。
"Home!" said {m}, and they ran all the way back. ~ “回家！”{m}说，大家一路跑了回去。

"We will have our picnic right here," said {a} and spread the {col} blanket in the living room. ~ “我们就在这儿野餐吧。”{a}说着，把{col}的毯子铺在了客厅里。
{a} had an idea. {a.He} put the {col} blanket on the living room floor and {n} green pillows around it. ~ {a}想出了一个主意。{a.he}把{col}的毯子铺在客厅的地板上，周围摆上{n}个绿色的枕头。
""",
    ),
    "tree": (
        "under a big tree ~ 一棵大树下",
        """
They crawled under a big tree whose branches hung down like a tent. ~ 大家钻到一棵大树下面，树枝垂下来，像帐篷一样。
"Under the tree!" called {a}. The leaves were so thick that it was almost dry there. ~ “到树下去！”{a}喊道。树叶很密，那里几乎没有雨。

{m} hung the {col} blanket over a branch, and there was their tent. ~ {m}把{col}的毯子搭在树枝上，就成了一顶帐篷。
They sat close together under the {col} blanket and listened to the rain. ~ 大家紧紧挨着坐在{col}的毯子下面，听着雨声。
""",
    ),
    "wait": (
        "in the wet grass ~ 湿湿的草地上",
        """
They held the {col} blanket over their heads and counted the drops. ~ 大家把{col}的毯子举在头上，数着雨点。
"It is only a cloud," said {m}. "Let's wait under the {col} blanket." ~ “只是一片云。”{m}说，“我们在{col}的毯子下面等一等吧。”

After {n} minutes the sun came out, and over the hill stood a rainbow. ~ {n}分钟以后，太阳出来了，山上挂着一道彩虹。
Soon the rain stopped, and {b} was the first to see the rainbow. ~ 不一会儿雨停了，{b}第一个看见了彩虹。
""",
    ),
}


def tell(t):
    t.child("a", "b")
    t.kin("m", of="a")
    t.pick(col="colors", n="numbers", food="foods", food2="foods", fruit="fruits")
    t.pick(
        p=[
            "@ meadow ~ 草地 ~ in ~ 上",
            "@ park ~ 公园",
            "@ lake ~ 湖 ~ by ~ 边",
            "@ hill ~ 小山 ~ on ~ 上",
            "@ river ~ 河 ~ by ~ 边",
            "@ edge of the forest ~ 森林 ~ at ~ 边",
        ]
    )
    t.pick(
        when=[
            "one warm morning ~ 一个暖和的早晨",
            "one Saturday morning ~ 一个星期六的早晨",
            "one Sunday morning ~ 一个星期天的早晨",
            "one day in May ~ 五月里的一天",
            "one day in summer ~ 夏天里的一天",
            "on the first day of the holidays ~ 放假的第一天",
        ]
    )
    t.meet(like=t.chance(0.3))
    way = t.branch(*SAVED)
    t.let(spot=SAVED[way][0])
    t.tell(
        """
{when}, {m}, {a} and {a.his} friend {b} wanted to have a picnic {p.in}. ~ {when}，{m}、{a}和{a.his}朋友{b}想去{p.in}野餐。
"Today we will have a picnic {p.in}," said {m} {when}. ~ {when}，{m}说：“[今天我们去{p.in}野餐|走，去{p.in}野餐|我们今天到{p.in}吃野餐吧]。” // {a} asked {a.his} friend {b} to come as well. ~ {a}叫上了朋友{b}。

They packed {n} {food.s}, a {fruit} for everyone and a {col} blanket. ~ 大家[装好了|带上了|往篮子里放了]{n}{food.mw}{food}、每人一{fruit.mw}{fruit}，[还有|又拿了]一条{col}的毯子。
In the basket were {n} {food.s} and a lot of {fruit.s}, and {a} carried the {col} blanket. ~ 篮子里有{n}{food.mw}{food}和好多{fruit}，{a}抱着{col}的毯子。

? On the way they sang {n} songs. ~ 一路上，大家唱了{n}首歌。
? {b} carried the basket and [hummed|whistled]. ~ {b}提着篮子，[哼着歌|吹着口哨]。

--

They had just sat down {p.in} when {a} felt a drop on {a.his} nose. ~ 大家[刚在{p.in}坐下|在{p.in}还没坐稳]，{a}[就觉得鼻子上落了一滴水|的鼻子上就滴了一滴水|就感到鼻尖一凉]。
{b} was about to bite into a {food} when a dark cloud came. ~ {b}[正要咬一口|刚要咬|张嘴要吃]{food}，[天上飘来一片乌云|一片乌云飘了过来|天忽然暗了下来]。

Plip, plop! It began to rain. ~ 滴答，滴答！下雨了。
Then the rain came down, first a little and then a lot. ~ [接着雨就下起来了|雨真的下起来了|然后就下雨了]，[先是一点点，后来越下越大|起初只有几滴，后来越来越大|由小变大，哗哗地下]。

"[Oh no|Oh dear], our picnic!" cried {a}. ~ “[哎呀|糟糕]，我们的野餐！”{a}叫道。
{a} looked at the wet {food.s} and felt {:sad}. ~ {a}看着[淋湿的|湿透了的|泡了水的]{food}，[心里很|觉得很]{:sad}。
"""
        + SAVED[way][1]
        + """
--

? {b} told a story about a {fruit} that could fly, and everyone laughed. ~ {b}[讲了一个|说了一个|编了个]{fruit}会飞的故事，[大家都笑了|把大家逗笑了|逗得人人都笑]。
? "I like the sound of the rain," said {b} with {b.his} mouth full. ~ “[我喜欢雨的声音|雨声真好听|我爱听下雨]。”{b}[嘴里塞得满满的说|一边嚼一边说|鼓着嘴说]。

The {food.s} had never tasted so good. ~ {food}从来没有这么好吃过。
They ate all the {food.s}, and {a} got the last one. ~ 大家把{food}[都吃光了|吃得一{food.mw}不剩]，最后一{food.mw}[给了{a}|是{a}吃的|归{a}了]。

"This was the best picnic of all," said {a}. ~ “这是最好的一次野餐。”{a}说。
"Rain or no rain," said {m}, "it is nice to be together." ~ “不管下不下雨，”{m}说，“在一起就是好的。”
{a} was [no longer|not] sad about the rain. ~ {a}不再因为下雨难过了。
"""
    )
    if t.chance(0.4):
        t.ending()
    t.title("""
The Picnic ~ 野餐
A Picnic in the Rain ~ 雨中的野餐
{a}'s Picnic ~ {a}的野餐
""")
    t.summary(
        {
            "wait": """
{a}, {b} and {m} had a picnic {p.in}, and when the rain was over there was a rainbow. ~ {a}、{b}和{m}去{p.in}野餐，雨停以后出现了彩虹。
"""
        }.get(
            way,
            """
It rained on {a}'s picnic {p.in}, so {a}, {b} and {m} ate {spot}. ~ {a}在{p.in}野餐时下雨了，于是{a}、{b}和{m}在{spot}吃了东西。
Because of the rain, {a} and {b} had their picnic {spot}. ~ 因为下雨，{a}和{b}在{spot}野餐。
""",
        )
    )
    t.ask(
        """
who: Who was {a}'s friend? => {b} ~ {a}的朋友是谁？ => {b}
where: Where did they first sit down? => {p.in} ~ 大家一开始坐在哪里？ => {p.in}
what: What color was the blanket? => {col} ~ 毯子是什么颜色的？ => {col}
is: Was the blanket {col?}? ~ 毯子是{col?}的吗？
howmany: How many {food.s} did they pack? => {n} ~ 大家带了多少{food}？ => {n}{food.mw}
why: Why was {a} sad at first? => because it began to rain ~ {a}一开始为什么难过？ => 因为下雨了
unsaid: Who made the {food.s}? ~ {food}是谁做的？
""".replace(
            """howmany: How many {food.s} did they pack? => {n} ~ 大家带了多少{food}？ => {n}{food.mw}
""",
            "",
        )
        + (
            ""
            if way == "wait"
            else "\nwhere: Where did they eat? => {spot} ~ 大家是在哪里吃东西的？ => {spot}"
        )
    )
