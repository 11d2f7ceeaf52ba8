"""Something goes missing every night; a watch is kept, and the thief has a reason."""

THIEVES = {
    "raccoon": ("raccoon ~ 浣熊 ~ 只", "had {k} babies to feed ~ 有{k}只宝宝要喂"),
    "mouse": ("mouse ~ 老鼠 ~ 只 ~ mice", "was having a party for {k} friends ~ 要请{k}个朋友吃饭"),
    "crow": ("crow ~ 乌鸦 ~ 只", "had a broken wing ~ 翅膀受伤了"),
    "cat": ("cat ~ 猫 ~ 只", "had no home ~ 没有家"),
    "boy": ("boy ~ 男孩 ~ 个", "wanted to bring it to his sick sister ~ 想拿给生病的妹妹"),
}
TRAPS = {
    "flour": """
{a} put flour on the floor, and in the morning there were small tracks. ~ {a}在地上撒了面粉，第二天早上留下了小小的脚印。
With a bag of flour {a} made the floor white. "Now we will see who walks here." ~ {a}用一袋面粉把地板撒得白白的。“这下就知道谁来过了。”

The tracks led out of the window and into a shed, {n} steps away. ~ 脚印从窗户出去，一直通到{n}步外的一间小棚子里。
{a} followed the white tracks down the street to an empty house. ~ {a}跟着白色的脚印，沿着街走到一间空房子。
""",
    "watch": """
That night {a} hid behind the {col} oven with a blanket and waited. ~ 那天夜里，{a}裹着毯子躲在{col}的烤炉后面等着。
{a} and {b} hid under the table and did not make a sound. ~ {a}和{b}躲在桌子底下，一点儿声音也没有。

The clock struck {n}. Then the window creaked. ~ 钟敲了{n}下。窗户“吱呀”一声响了。
At {n} o'clock something came in, as quiet as snow. ~ {n}点钟的时候，有什么轻轻地进来了，静得像下雪一样。
""",
    "bell": """
{a} tied a little bell to the {food} in the window. ~ {a}在橱窗里的{food}上系了一个小铃铛。
"Let's hang a bell on the plate," said {a}. {b} thought that was clever. ~ “我们在盘子上挂个铃铛吧。”{a}说。{b}觉得这个办法很聪明。

In the night the bell rang, and {a} and {b} ran down {n} stairs. ~ 夜里铃铛响了，{a}和{b}跑下{n}级楼梯。
Ding, ding! {a} lit a {col} lamp. ~ 叮，叮！{a}点亮了一盏{col}的灯。
""",
}


def tell(t):
    t.child("a")
    t.adult("b")
    t.pick(
        col="colors",
        when="when",
        n=["nine ~ 九", "ten ~ 十", "eleven ~ 十一", "twelve ~ 十二"],
        k=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"],
    )
    t.pick(
        food=[
            "cherry pie ~ 樱桃派 ~ 个",
            "raisin bun ~ 葡萄干面包 ~ 个",
            "egg tart ~ 蛋挞 ~ 个",
            "honey cake ~ 蜂蜜蛋糕 ~ 块",
            "sesame cookie ~ 芝麻饼 ~ 块",
            "red bean bun ~ 豆沙包 ~ 个",
        ]
    )
    t.pick(
        suspect=[
            "the postman ~ 邮递员",
            "the painter next door ~ 隔壁的画家",
            "the fisherman ~ 渔夫",
            "the old sailor ~ 老水手",
            "the gardener ~ 园丁",
        ]
    )
    t.meet(like=t.chance(0.3))
    thief = t.branch(*THIEVES)
    trap = t.branch(*TRAPS)
    t.let(thief=THIEVES[thief][0])
    en, zh = THIEVES[thief][1].replace("{k}", "%s").split(" ~ ")
    t.let(
        why=(en % t.state["k"].en if "%" in en else en)
        + " ~ "
        + (zh % t.state["k"].zh if "%" in zh else zh)
    )
    t.tell(
        """
After school {a} often helped {b}, who had a bakery. ~ 放学以后，{a}常常去帮开面包店的{b}干活。
Near {a}'s home was {b}'s bakery, where it always smelled good. ~ {a}家附近有{b}的面包店，那里总是香喷喷的。
{b} had a bakery with a {col} door, and {a} went there every day. ~ {b}开了一家面包店，店门是{col}的，{a}每天都去。

{b}'s {food.s} were famous in the whole town. ~ {b}做的{food}全城有名。
{b} made the best {food.s} of all. ~ {b}做的{food}最好吃。

{when}, {b} counted the {food.s}. ~ {when}，{b}数了数{food}。 // "{k} of them are gone!" {b.he} said. ~ “少了{k}{food.mw}！”{b.he}说。
{when}, {k} {food.s} were missing. "I counted them twice," said {b}. ~ {when}，少了{k}{food.mw}{food}。“我数了两遍呢。”{b}说。

The next morning it was the same, and the morning after that. ~ 第二天早上又是这样，第三天还是这样。
And so it went every night. ~ 就这样，每天夜里都要少几{food.mw}。

? "Perhaps it was {suspect}," said a woman in the shop. ~ “也许是{suspect}干的。”店里的一位阿姨说。
? Some people said that it must be {suspect}. "Don't say that if you don't know," said {b}. ~ 有人说一定是{suspect}。“不知道的事别乱说。”{b}说。

--

"I will find out who it is," said {a}. ~ “我来查出是谁。”{a}说。
{a} wanted to help {b} and thought of a plan. ~ {a}想帮{b}，就想了一个办法。
"""
        + TRAPS[trap]
        + """
And who sat there with a {food}? A little {thief}! ~ 是谁拿着{food}坐在那里呢？是一{thief.mw}小{thief}！
There they saw the thief: it was a small {thief}, and it was shaking all over. ~ 小偷就在那儿：是一{thief.mw}小小的{thief}，吓得浑身发抖。

--

"Why do you take our {food.s}?" asked {a}. ~ “你为什么拿我们的{food}？”{a}问。
{b} wanted to be angry, but {b.he} could not. ~ {b}本来想生气，可是气不起来。

Then they saw that the {thief} {why}. ~ 这时大家才知道，{thief}{why}。
They soon understood: the {thief} {why}. ~ 大家很快明白了：{thief}{why}。

"Nobody has to steal here," said {b}. "You only have to ask." ~ “在这儿不用偷。”{b}说，“跟我要就行了。”
{b} packed {k} {food.s} into a {col} box. "Take these," {b.he} said. ~ {b}在一个{col}的盒子里装了{k}{food.mw}{food}。“拿去吧。”{b.he}说。

After that there was a {col} plate outside the bakery every evening, only for the {thief}. ~ 从那以后，每天晚上面包店门口都放着一个{col}的盘子，专门留给{thief}。
From then on no {food} was missing any more, and the {thief} had new friends. ~ 从那以后，{food}再也没有少过，{thief}也有了新朋友。
And {a} got the biggest {food} in the shop. ~ {a}得到了店里最大的一{food.mw}{food}。
"""
    )
    if t.chance(0.4):
        t.ending()
    t.title("""
The Thief in the Bakery ~ 面包店的小偷
Who Took the {food.s}? ~ 谁拿走了{food}？
{a} Keeps Watch ~ {a}查小偷
""")
    t.summary(
        """
Every night {food.s} were missing from {b}'s bakery, and {a} found that a {thief} took them because it {why}. ~ {b}的面包店每天夜里都少{food}，{a}发现是{thief}拿的，因为它{why}。
""".replace("because it {why}", "because " + ("he" if thief == "boy" else "it") + " {why}").replace(
            "因为它", "因为" + ("他" if thief == "boy" else "它")
        )
    )
    t.ask(
        """
who: Who took the {food.s}? => a {thief} ~ 是谁拿走了{food}？ => 一{thief.mw}{thief}
what: What was missing? => {food.s} ~ 什么东西少了？ => {food}
who: Who had a bakery? => {b} ~ 谁开面包店？ => {b}
who: Who found the thief? => {a} ~ 谁找到了小偷？ => {a}
why: Why did the {thief} take them? => because it {why} ~ {thief}为什么拿{food}？ => 因为{why}
howmany: How many were missing on the first day? => {k} ~ 第一天少了几{food.mw}？ => {k}{food.mw}
nodid: Did {b} send the {thief} away without anything? ~ {b}什么也没给就把{thief}赶走了吗？
unsaid: How much did a {food} cost? ~ 一{food.mw}{food}卖多少钱？
""".replace("because it {why}", "because " + ("he" if thief == "boy" else "it") + " {why}")
    )
