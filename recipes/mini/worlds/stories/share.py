"""Two children want one thing; several ways to settle it, one of them good."""

GOOD = {
    "turns": """
{m} came with an egg timer. "First {a}, then {b}, five minutes each." ~ {m}拿来一个计时器。“先给{a}玩，再给{b}玩，每人五分钟。”
"Why don't you take turns?" asked {m}. ~ “你们为什么不轮流玩呢？”{m}问。

{a} counted to a hundred while {b} played, and then it was {a}'s turn. ~ {b}玩的时候，{a}数到一百，然后就轮到{a}了。
{b} had the {k} first, and then {a} had it, and nobody had to wait long. ~ 先是{b}玩{k}，然后是{a}玩，谁也不用等很久。
""",
    "game": """
"I know a game for two," said {b}, still holding {b.his} end. ~ “我知道一个两个人玩的游戏。”{b}拉着自己那一头说。
Then {a} had an idea. "What if we play with it together?" ~ 这时{a}[想到了一个主意|有了主意|灵机一动]。“[我们一起玩，怎么样|要不我们一起玩吧|干吗不一起玩呢]？”

{a} was the king, {b} was the guard, and the {col} {k} was the treasure. ~ {a}当国王，{b}当卫兵，{col}的{k}就是宝物。
They made a shop: {a} sold the {col} {k}, and {b} bought it with [leaves|stones]. ~ {a+b.he}开了一家小店：{a}卖{col}的{k}，{b}用[树叶|小石子]来买。
""",
    "give": """
{a} looked at {b}, who was close to tears. Slowly {a} let go. ~ {a}看了看快要哭出来的{b}，慢慢松开了手。
Suddenly {a} did not want to pull any more. "You can have it," {a.he} said. ~ {a}忽然不想再抢了。“给你吧。”{a.he}说。

{b} was so surprised that {b.he} gave {a} {b.his} own {fruit}. ~ {b}吃了一惊，把自己的{fruit}送给了{a}。
{b} played a little and then came back. "Come, {a}, it is more fun with two." ~ {b}玩了一会儿，又走了回来。“来吧，{a}，两个人玩才有意思。”
""",
}


def tell(t):
    t.child("a", "b")
    t.adult("m")
    t.pick(
        k="toys",
        col="colors",
        when="when",
        fruit="fruits",
        p=[
            "@ kindergarten ~ 幼儿园",
            "@ playroom ~ 游戏室",
            "@ schoolyard ~ 校园",
            "@ park ~ 公园",
            "@ garden ~ 花园",
            "@ hall ~ 大厅",
        ],
    )
    t.meet(like=False)
    t.tell("""
{when}, {a} and {b} were playing {p.in}. ~ {when}，{a}和{b}在{p.in}玩。
{when}, {a} met {b} {p.in}. ~ {when}，{a}在{p.in}遇到了{b}。

There was only one {k} there, a fine {col} one. ~ 那里只有一{k.mw}{k}，是{col}的，很好看。
In the middle lay a {col} {k} that nobody was using. ~ 中间放着一{k.mw}{col}的{k}，没有人在玩。

"[I saw it first|It is mine]!" said {a} and took the {k}. ~ “[我先看到的|这是我的]！”{a}说着拿起了{k}。
{a} and {b} put their hands on the {k} at the same time. ~ {a}和{b}同时伸手去拿{k}。

"No, I want it!" cried {b} and [pulled|held on]. ~ “不，我要！”{b}喊着，[用力拉|抓住不放]。
But {b} wanted the {col} {k} as well and would not let go. ~ 可是{b}也想要{col}的{k}，怎么也不肯放手。

--

? {a} pulled, {b} pulled, and both of them got red in the face. ~ {a}拉，{b}也拉，两个人的脸都红了。
? "You always get everything, {a}!" shouted {b}. ~ “{a}，你总是什么都要！”{b}大声说。
""")
    torn = t.chance(0.4)
    if torn:
        t.tell("""
Crack! A [small|little] piece of the {k} broke off and fell to the ground. ~ “咔”的一声，{k}上掉下来[一小块|一个小零件]。
They pulled so hard that something broke. Now they were both very {:sad}. ~ {a+b.he}拉得太用力，有个地方坏了。这下两个人都很{:sad}。

{m} mended the {k} with some glue. "It is stronger than before," {m.he} said. ~ {m}用胶水把{k}粘好了。“比以前还结实呢。”{m.he}说。
"A {k} is not made for pulling," said {m} and put the piece back. ~ “{k}可不是用来抢的。”{m}说着，把掉下来的那块装了回去。
""")
        t.ask("who: Who mended the {k}? => {m} ~ 谁把{k}修好了？ => {m}")
    else:
        t.tell("""
{m} heard the noise and came over. "What is the matter, {a}? What is the matter, {b}?" ~ {m}听见吵闹声走了过来。“{a}，怎么了？{b}，怎么了？”
"If you go on like this, the {k} will break," said {m}. ~ “再这样抢下去，{k}会坏的。”{m}说。
""")
        t.ask("nodid: Did the {k} break? ~ {k}弄坏了吗？")
    way = t.branch("turns", "game", "give")
    t.tell(
        GOOD[way]
        + """
--

They played with the {col} {k} [the whole time|until it got dark], and nobody was angry. ~ {a+b.he}[一起玩|一块儿玩]{col}的{k}，[玩了很久|一直玩到天黑]，[谁也没有再生气|谁也不生气了|再也没有吵架]。
"This is much better than fighting," said {b}, and {a} thought so too. ~ “[这样比吵架好多了|一起玩比吵架有意思|还是这样好]。”{b}说。{a}[也这么想|也觉得是|点头说是]。

? {m} gave them a sweet bun, and they broke it in two. ~ {m}[给了{a+b.he}一个甜面包|拿来一个甜面包]，两个人[掰成了两半|一人一半分着吃|掰开来，一人一半]。
? {m} saw it and smiled at {a+b.him}. ~ {m}看见了，对{a+b.he}笑了笑。

When {a} went home, {a.he} said, "See you tomorrow, {b}!" ~ 回家的时候，{a}说：“{b}，明天见！”
From then on, {a} and {b} were the best of friends. ~ 从那以后，{a}和{b}成了最好的朋友。
"""
    )
    t.let(
        how={
            "turns": "they took turns ~ 轮流玩",
            "game": "they played together ~ 一起玩",
            "give": "{a} let {b} have it ~ x",
        }[way]
    )
    if way == "give":
        t.let(how=f"{t.state['a'].en} gave in ~ {t.state['a'].zh}让给了{t.state['b'].zh}")
    t.title("""
One {k} for Two ~ 两个人，一{k.mw}{k}
The {col} {k} ~ {col}的{k}
{a} and {b} ~ {a}和{b}
""")
    t.summary(
        {
            "turns": """
{a} and {b} both wanted the same {k} and learned to take turns. ~ {a}和{b}都想要同一{k.mw}{k}，后来学会了轮流玩。
""",
            "game": """
{a} and {b} fought over a {k} and then found a game for both of them. ~ {a}和{b}抢一{k.mw}{k}，后来想出了一个可以一起玩的游戏。
""",
            "give": """
{a} and {b} fought over a {k} until {a} gave in, and they became friends. ~ {a}和{b}抢一{k.mw}{k}，后来{a}让了步，两个人成了朋友。
""",
        }[way]
    )
    t.ask("""
what: What did {a} and {b} both want? => a {col} {k} ~ {a}和{b}都想要什么？ => 一{k.mw}{col}的{k}
where: Where were they? => {p.in} ~ {a+b.he}在哪里？ => {p.in}
how: How did the quarrel end? => {how} ~ 这场争吵是怎么结束的？ => {how}
is: Was the {k} {col?}? ~ {k}是{col?}的吗？
who: Who was with {a}? => {b} ~ 谁和{a}在一起？ => {b}
unsaid: Who had bought the {k}? ~ {k}是谁买的？
why: Why did {a} and {b} fight? => because there was only one {k} ~ {a}和{b}为什么吵架？ => 因为只有一{k.mw}{k}
""")
