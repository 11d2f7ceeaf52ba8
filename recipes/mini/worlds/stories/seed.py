"""A seed is planted; patience or a mistake decides what comes of it."""

PLANTS = [
    "sunflower ~ 向日葵 ~ 棵",
    "pumpkin ~ 南瓜 ~ 个",
    "tomato ~ 西红柿 ~ 个 ~ tomatoes",
    "bean plant ~ 豆苗 ~ 棵",
    "melon ~ 甜瓜 ~ 个",
    "cucumber ~ 黄瓜 ~ 根",
    "strawberry ~ 草莓 ~ 颗",
]
MISTAKES = {
    "dry": (
        "because it had no water ~ 因为没有水",
        """
But then {a} was so busy playing with a {toy} that {a.he} forgot the water for {n} days. ~ 可是后来{a}光顾着玩{toy}，一连{n}天忘了浇水。
{a} got a new {toy}, and for {n} days nobody watered the pot. ~ {a}有了一{toy.mw}新{toy}，一连{n}天没有人给花盆浇水。

The little leaves turned brown and [hung down|bent to the ground]. ~ 小叶子变黄了，[垂了下来|耷拉着脑袋]。
When {a} looked at last, the leaves were dry and sad. ~ 等{a}想起来去看的时候，叶子已经干巴巴的了。
""",
        """
{a} ran for water. "[Drink, little plant|I am so sorry], please drink!" {a.he} said. ~ {a}赶紧跑去打水。“[小苗苗|对不起]，快喝吧！”{a.he}说。
{a} gave it water every morning and every evening and never forgot it again. ~ {a}每天早晚都给它浇水，再也没有忘记过。
""",
    ),
    "wet": (
        "because it had too much water ~ 因为水太多了",
        """
{a} wanted it to grow fast, so {a.he} gave it water {n} times a day. ~ {a}想让它快点长，一天给它浇{n}次水。
"The more water, the better!" thought {a} and emptied {n} cups over it. ~ “水越多越好！”{a}心想，一下子浇了{n}杯水。

The pot was full of mud, and the leaves turned yellow. ~ 花盆里全是泥水，叶子都变黄了。
Soon the leaves were yellow and hung down over the {col} pot. ~ 没过多久，叶子黄了，垂在{col}的花盆边上。
""",
        """
"A plant can drown as well," said {m}, and {a.he2} let the water run out. ~ “植物也会被淹坏的。”{m}说着，把水倒了出来。
{a} let the pot dry in the sun and then gave it one small cup a day. ~ {a}把花盆放在太阳下晒干，然后每天只浇一小杯水。
""".replace("{a.he2}", "{m.he}"),
    ),
    "shade": (
        "because it had no sun ~ 因为照不到太阳",
        """
{a} put the {col} pot in a dark corner, where nobody could break it. ~ {a}把{col}的花盆放在一个黑黑的角落里，怕被人碰坏。
To keep it safe, {a} hid the {col} pot behind a {toy} in the cupboard. ~ 为了安全，{a}把{col}的花盆藏在柜子里一{toy.mw}{toy}后面。

The plant grew thin and white and did not want to stand. ~ 小苗长得又细又白，站都站不稳。
After {n} days the plant was thin and very pale. ~ 过了{n}天，小苗又细又白。
""",
        """
{a} carried the {col} pot to the window, and the sun shone on it all day. ~ {a}把{col}的花盆搬到窗边，太阳整天照着它。
"It wants to see the sun," said {m}, so {a} put the pot on the windowsill. ~ “它想晒太阳呢。”{m}说。于是{a}把花盆放到了窗台上。
""",
    ),
}


def tell(t):
    t.child("a")
    t.kin("m", of="a")
    t.pick(
        col="colors",
        n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"],
        toy="toys",
        plant=PLANTS,
    )
    t.pick(
        when=[
            "one day in spring ~ 春天里的一天",
            "one warm morning ~ 一个暖和的早晨",
            "one bright morning ~ 一个明媚的早晨",
            "one Sunday morning ~ 一个星期天的早晨",
            "one day in March ~ 三月里的一天",
        ]
    )
    t.pick(
        guess=[
            "a giant tree ~ 一棵大树",
            "a rose ~ 一朵玫瑰",
            "a candy plant ~ 一棵糖果树",
            "a carrot ~ 一根胡萝卜",
        ]
    )
    t.meet(like=False)
    way = t.branch("dry", "wet", "shade", "patient")
    t.tell("""
{when}, {m} gave {a} a [tiny|small] seed. ~ {when}，{m}给了{a}一颗[小小的|很小的]种子。
{when}, {a} found a [tiny|little] seed in {m}'s pocket. ~ {when}，{a}在{m}的口袋里[发现了|找到|翻出了]一颗[小小的|很小的|不起眼的]种子。

"What will it be?" asked {a}. "[Wait and see|You will see]," said {m}. ~ “[它会长成什么呢|这是什么种子呢|它会长出什么来]？”{a}问。“[等着瞧吧|到时候就知道了|等它长大就知道了]。”{m}说。
"Maybe it will be {guess}!" said {a}. {m} only smiled. ~ “[也许会长出|会不会是|说不定会长出]{guess}！”{a}说。{m}[只是笑了笑|笑而不答|笑了笑，没有说]。

{a} filled a {col} pot with earth and put the seed [inside|into it]. ~ {a}[在{col}的花盆里装满土|往{col}的花盆里装上土]，把种子[放了进去|种了下去|埋了进去]。
They took a {col} pot, and {a} pushed the seed into the earth with one finger. ~ {a+m.he}[拿来|找来]一个{col}的花盆，{a}[用一个手指把种子按进土里|把种子轻轻按进土里|用手指头戳了个洞，把种子放进去]。

? "Now it must sleep a little," said {m}. ~ “现在得让它睡一会儿。”{m}说。
? {a} sat down beside the {col} pot and waited, but nothing happened that day. ~ {a}坐在{col}的花盆旁边等着，可是那天什么也没发生。

--

After {n} days a small green leaf came out of the earth. ~ [过了{n}天|{n}天以后|第{n}天]，[土里冒出了|泥土里钻出了|盆里长出了]一片[小小的|小]绿叶。
"Look, {m}! Something green!" shouted {a} {n} days later. ~ {n}天以后，{a}大喊：“{m}，快看！绿色的！”
""")
    if way == "patient":
        t.tell("""
Every morning {a} gave it a little water from a {col} cup. ~ 每天早晨，{a}都用一个{col}的杯子给它浇一点儿水。
Every day {a} measured the plant with a {col} pencil. ~ {a}每天都用一支{col}的铅笔量一量小苗有多高。

It grew very slowly. "Can't it go faster?" asked {a}. ~ 它长得很慢。“不能快一点儿吗？”{a}问。
Some days it seemed not to grow at all, and {a} wanted to pull at it. ~ 有些日子它好像一点儿也没长，{a}真想把它往上拔。

"No," said {m}. "A plant needs its time, just like you." ~ “不能。”{m}说，“植物和你一样，要慢慢长大。”
{m} laughed. "If you pull at it, it will break. Wait a little." ~ {m}笑了。“你要是拔它，它会断的。再等等吧。”
""")
    else:
        t.tell(
            MISTAKES[way][1]
            + """
--

"Is it dead?" asked {a}, and {a.his} lip trembled. ~ “它死了吗？”{a}问，嘴唇都在发抖。
{a} felt very {:sad} and called {m}. ~ {a}很{:sad}，赶快叫来了{m}。

"Not yet," said {m}. "We can still save it." ~ “还没有。”{m}说，“我们还能救它。”
{m} touched the leaves. "I think it can get well again." ~ {m}[摸了摸|看了看|碰了碰]叶子。“[我看它还能好起来|它还有救|还来得及]。”
"""
            + MISTAKES[way][2]
        )
        t.let(why=MISTAKES[way][0])
        t.ask("why: Why did the plant get sick? => {why} ~ 小苗为什么生病了？ => {why}")
    t.tell("""
--

When summer came, there was a [big|fine] {plant} in the {col} pot. ~ [夏天到了|到了夏天|夏天一来]，{col}的花盆里[长出了|有了|开出了]一{plant.mw}[大大的|漂亮的|又大又漂亮的]{plant}。
And one day in summer {a} saw what it was: a {plant}! ~ [夏天的一天|到了夏天，有一天]，{a}终于[看到了那是什么|知道它是什么了|看清楚了]：一{plant.mw}{plant}！

"So it was a {plant} all the time," said {a}. "And I grew it!" ~ “原来是{plant}呀。”{a}说，“是我种出来的！”
{a} was very {:happy} and showed the {plant} to all {a.his} friends. ~ {a}非常{:happy}，让朋友们都来看这{plant.mw}{plant}。
""")
    if t.chance():
        t.ending()
    t.title("""
The Little Seed ~ 小种子
{a}'s {plant} ~ {a}的{plant}
The {col} Pot ~ {col}的花盆
""")
    t.summary(
        {
            "patient": """
{a} planted a seed in a {col} pot and waited until it became a {plant}. ~ {a}在{col}的花盆里种了一颗种子，耐心地等它长成了{plant}。
""",
            "dry": """
{a} forgot to water a little plant but saved it, and it became a {plant}. ~ {a}忘了给小苗浇水，后来救活了它，它长成了{plant}。
""",
            "wet": """
{a} gave a little plant too much water but saved it, and it became a {plant}. ~ {a}给小苗浇了太多的水，后来救活了它，它长成了{plant}。
""",
            "shade": """
{a} kept a little plant in the dark but saved it, and it became a {plant}. ~ {a}把小苗放在暗处，后来救活了它，它长成了{plant}。
""",
        }[way]
    )
    t.ask("""
what: What grew from the seed? => a {plant} ~ 种子长成了什么？ => {plant}
what: What color was the pot? => {col} ~ 花盆是什么颜色的？ => {col}
howmany: After how many days did a leaf come out? => {n} ~ 过了几天长出了叶子？ => {n}天
is: Was the pot {col?}? ~ 花盆是{col?}的吗？
is: Did the seed become a {plant?}? ~ 种子长成的是{plant?}吗？
who: Who helped {a} with the plant? => {m} ~ 谁帮{a}照顾小苗？ => {m}
nodid: Did {a} eat the seed? ~ {a}把种子吃了吗？
unsaid: Where did {m} buy the pot? ~ 花盆是在哪里买的？
""")
