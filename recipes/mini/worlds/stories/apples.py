"""Fruit is picked, shared, lost and found again; the numbers must come out right."""

NUMBERS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
HAN = "零一两三四五六七八九十"


def number(n):
    """A number up to twelve as words, `en ~ zh`."""
    return f"{NUMBERS[n]} ~ {HAN[n] if n <= 10 else '十' + '零一二'[n - 10]}"


def tell(t):
    t.child("a", "b")
    t.kin("m", of="a")
    t.pick(fruit="fruits", when="when", col="colors")
    t.pick(
        box=["basket ~ 篮子 ~ 个", "bucket ~ 小桶 ~ 个", "bag ~ 布袋 ~ 个", "cart ~ 小推车 ~ 辆"]
    )
    t.pick(beast=["goat ~ 山羊 ~ 只", "donkey ~ 毛驴 ~ 头", "pig ~ 小猪 ~ 头", "pony ~ 小马 ~ 匹"])
    x, y = t.random.randint(3, 6), t.random.randint(2, 5)
    way = t.branch("share", "eaten", "hole", "gift")
    lost = t.random.randint(1, 2) if way != "share" else 0
    if way == "share" and (x + y) % 2:
        y -= 1 if y > 2 else -1
    rest = x + y - lost
    t.let(x=number(x), y=number(y), both=number(x + y), lost=number(lost), rest=number(rest))
    t.let(half=number(rest // 2))
    t.let(
        lf=f"{t.state['fruit'].en if lost == 1 else t.state['fruit'].form('s', 'en')} ~ {t.state['fruit'].zh}"
    )
    if lost == 1:
        t.let(lost="one ~ 一")
    t.meet(like=t.chance(0.3))
    t.tell("""
{when}, {a} and {b} went to {m}'s garden to pick {fruit.s}. ~ {when}，{a}和{b}到{m}的[园子|果园]里去摘{fruit}。
"The {fruit.s} are ripe," said {m} {when}. "Who will help me?" ~ {when}，{m}说：“{fruit}[熟了|都熟了|可以摘了]，[谁来帮我摘|谁愿意来帮忙|有谁来帮帮我]？” // "We will!" said {a} and {b}. ~ “我们来！”{a}和{b}说。

They took a {col} {box} with them. ~ {a+b.he}[带上了|拿上了]一{box.mw}{col}的{box}。
{b} carried the {col} {box}, and {a} carried the ladder. ~ {b}拿着{col}的{box}，{a}扛着梯子。

{a} climbed up and picked {x} {fruit.s}. ~ {a}[爬到树上|爬上梯子]，摘了{x}{fruit.mw}{fruit}。
High up in the leaves {a} found {x} {fruit.s}. ~ {a}在高高的枝叶间[找到|摘到]了{x}{fruit.mw}{fruit}。

{b} picked {y} {fruit.s} from the lower branches. ~ {b}从低一点的树枝上摘了{y}{fruit.mw}{fruit}。
"I have {y}!" called {b} from the other side of the tree. ~ “我摘了{y}{fruit.mw}！”{b}在树的另一边喊道。

"{x} and {y}: how many is that?" asked {m}. "{both}!" said {a}. ~ “{x}{fruit.mw}加{y}{fruit.mw}，[一共几{fruit.mw}|合起来是几{fruit.mw}|总共有几{fruit.mw}]？”{m}问。“{both}{fruit.mw}！”{a}[说|回答|马上说]。
{a} counted on {a.his} fingers. "{x} and {y}, that makes {both}." ~ {a}[扳着手指头数了数|掰着指头算了算|伸出手指数了一遍]。“{x}{fruit.mw}加{y}{fruit.mw}，[一共是|合起来是|就是]{both}{fruit.mw}。”

--
""")
    if way == "eaten":
        t.tell("""
On the way home they put the {box} down and played by the stream. ~ 回家的路上，{a+b.he}放下{box}，在小溪边玩了起来。
"Let's rest a little," said {b}, and they sat down under a bush. ~ “歇一会儿吧。”{b}说。{a+b.he}在灌木边坐了下来。

When they came back, a {beast} stood beside the {box} and was chewing. ~ 等{a+b.he}回来，一{beast.mw}{beast}正站在{box}旁边嚼着什么。
A {beast} put its nose into the {box}. Crunch, crunch! ~ 一{beast.mw}{beast}把鼻子伸进了{box}里。咔嚓，咔嚓！

"Stop!" called {a}, but {lost} {lf} had already gone. ~ “住嘴！”{a}喊道，可是{lost}{fruit.mw}{lf}已经没了。
{b} chased the {beast} away, but it had eaten {lost} {lf}. ~ {b}把{beast}赶走了，可是它已经吃掉了{lost}{fruit.mw}{lf}。
""")
        t.let(why="a {beast} ate some ~ x")
        t.let(
            why=f"a {t.state['beast'].en} ate {t.state['lost'].en} ~ 被{t.state['beast'].zh}吃了{t.state['lost'].zh}{t.state['fruit'].measure}"
        )
    elif way == "hole":
        t.tell("""
But the {box} had a hole, and nobody saw it. ~ 可是{box}上有一个洞，谁也没有看见。
Bump! The {box} hit a stone and fell over. ~ “砰！”{box}碰到石头，翻了。

{lost} {lf} rolled down the hill and into the river. ~ {lost}{fruit.mw}{lf}滚下山坡，掉进了河里。
{b} ran after the rolling {fruit.s}, but {lost} {lf} got lost in the tall grass. ~ {b}去追滚走的{fruit}，可是有{lost}{fruit.mw}{lf}滚进高高的草丛，找不到了。
""")
        t.let(why="some got lost ~ x")
        t.let(
            why=f"they lost {t.state['lost'].en} on the way ~ 路上丢了{t.state['lost'].zh}{t.state['fruit'].measure}"
        )
    elif way == "gift":
        t.tell("""
At the gate sat an old man who looked tired. ~ 门口坐着一位老爷爷，看上去很累。
On the road they met an old woman with a heavy bag. ~ 路上，{a+b.he}遇到了一位提着重袋子的老奶奶。

"Please take this," said {a} and gave away {lost} {lf}. ~ “请您吃吧。”{a}说着，送出了{lost}{fruit.mw}{lf}。
{b} looked at {a}, and {a} nodded. They gave away {lost} {lf}. ~ {b}看了看{a}，{a}点点头。{a+b.he}送出了{lost}{fruit.mw}{lf}。
""")
        t.let(
            why=f"they gave {t.state['lost'].en} away ~ 送给别人{t.state['lost'].zh}{t.state['fruit'].measure}"
        )
    if way == "share":
        t.tell("""
"Now share them, so that both of you get the same," said {m}. ~ “现在你们[分一分|平分]吧，两个人要一样多。”{m}说。
"How do we share {both} {fruit.s}?" asked {b}. ~ “{both}{fruit.mw}{fruit}怎么分呢？”{b}问。

"One for you, one for me," said {a}, again and again. ~ “你一{fruit.mw}，我一{fruit.mw}。”{a}一边分一边说。
{a} put them in two rows on the grass. ~ {a}把它们在草地上摆成两排。

In the end each of them had {half} {fruit.s}. ~ 最后，[每人|一人]得到了{half}{fruit.mw}{fruit}。
"{half} for {b} and {half} for me!" said {a}. ~ “{b}{half}{fruit.mw}，我{half}{fruit.mw}！”{a}说。
""")
    else:
        t.tell(
            """
"Now there are only {rest}," said {b}. ~ “现在只剩{rest}{fruit.mw}了。”{b}说。
{a} counted again. {rest} {fruit.s} were left. ~ {a}又数了一遍，还剩{rest}{fruit.mw}{fruit}。

"{both} less {lost} is {rest}," said {m} at home. "That is enough for us." ~ 回到家，{m}说：“{both}{fruit.mw}少了{lost}{fruit.mw}，[还有|还剩|就剩]{rest}{fruit.mw}，[够我们吃了|我们吃足够了|也够吃了]。”
{m} was not angry at all. "{rest} are enough for {a dish}," {m.he} said. ~ {m}一点儿也没生气。“{rest}{fruit.mw}够做{dish}了。”{m.he}说。
""".replace("{a dish}", "a big cake").replace("{dish}", "一个大蛋糕")
        )
    t.tell("""
--

In the evening the whole house smelled of {fruit.s}. ~ [到了晚上|晚上|天黑以后]，[满屋子都是{fruit}的香味|屋里到处飘着{fruit}的香味|整个屋子都是{fruit}香]。
They ate until they could eat no more, and {a} kept the seeds in a {col} box. ~ 大家[吃得饱饱的|吃得再也吃不下了|都吃饱了]，{a}把种子[收在|放进了|装进]一个{col}的盒子里。
"{fruit.s} you have picked yourself taste best," said {b}. ~ “自己摘的{fruit}最好吃。”{b}说。

? "Next year I will climb up," {b} said to {a}. ~ “明年让我爬上去。”{b}对{a}说。
? {m} gave each of them a kiss. ~ {m}亲了亲两个孩子。
""")
    if t.chance(0.4):
        t.ending()
    t.title("""
How Many {fruit.s}? ~ 有多少{fruit}？
{a}, {b} and the {fruit.s} ~ {a}、{b}和{fruit}
Picking {fruit.s} ~ 摘{fruit}
""")
    t.summary(
        "{a} and {b} picked {both} {fruit.s} in {m}'s garden and shared them equally. ~ {a}和{b}在{m}的园子里摘了{both}{fruit.mw}{fruit}，两个人平分了。"
        if way == "share"
        else "{a} and {b} picked {both} {fruit.s}, but {why}, and {rest} were left. ~ {a}和{b}摘了{both}{fruit.mw}{fruit}，{why}，还剩{rest}{fruit.mw}。"
    )
    t.ask(
        """
what: What did {a} and {b} pick? => {fruit.s} ~ {a}和{b}摘了什么？ => {fruit}
howmany: How many {fruit.s} did {a} pick? => {x} ~ {a}摘了几{fruit.mw}{fruit}？ => {x}{fruit.mw}
howmany: How many {fruit.s} did {b} pick? => {y} ~ {b}摘了几{fruit.mw}{fruit}？ => {y}{fruit.mw}
howmany: How many {fruit.s} did they pick together? => {both} ~ 两个人一共摘了几{fruit.mw}{fruit}？ => {both}{fruit.mw}
what: What did they take with them? => a {col} {box} ~ 大家带了什么去？ => 一{box.mw}{col}的{box}
is: Was the {box} {col?}? ~ {box}是{col?}的吗？
unsaid: How tall was the tree? ~ 树有多高？
"""
        + (
            "howmany: How many {fruit.s} did each of them get? => {half} ~ 每人得到几{fruit.mw}{fruit}？ => {half}{fruit.mw}"
            if way == "share"
            else "howmany: How many {fruit.s} were left? => {rest} ~ 还剩几{fruit.mw}{fruit}？ => {rest}{fruit.mw}\nwhy: Why were there fewer {fruit.s} in the end? => because {why} ~ {fruit}为什么变少了？ => 因为{why}"
        )
    )
