"""A small treasure is lost at home and found where it was last used, or where somebody took it."""

LOOKED = (
    """
{a} looked under the bed, but there was only [a lot of dust|an old sock]. ~ {a}看了看床底下，可是那里只有[好多灰|一只旧袜子]。
First {a} crawled under the bed. No {k}! ~ {a}先爬到床底下找。没有{k}！
""",
    """
{a} emptied {a.his} {col} bag onto the floor, but the {k} was not in it. ~ {a}把{col}的书包[全倒|倒空]在地板上，可是{k}不在里面。
"Maybe it is in my {col} bag," [thought|said] {a}, but it was not. ~ “也许在我{col}的书包里。”{a}[想|说]，可是不在。
""",
    """
{a} looked behind the curtains and found a [big|small] spider, but no {k}. ~ {a}往窗帘后面看了看，看到一只[大|小]蜘蛛，就是没有{k}。
Behind the curtains there was nothing [but a fly|at all], and {a} looked on. ~ 窗帘后面[只有一只苍蝇|什么也没有]，{a}接着找。
""",
    """
{a} went through all {a.his} pockets, one after another. ~ {a}把口袋一个一个都翻遍了。 // There was (a candy|a pencil|a piece of string) in one of them, but no {k}. ~ 有一个口袋里装着(一块糖|一支铅笔|一截绳子)，可是没有{k}。
The {k} was not in {a}'s coat pocket. ~ {k}不在{a}的大衣口袋里。 // It was not in {a.his} shoes, either. ~ 也不在{a.his}鞋子里。
""",
)
FOUND = {
    "left": """
"When did you have it last?" asked {m}. ~ “你最后一次看到它是什么时候？”{m}问。
{m} sat down beside {a.him}. "Where did you play with it [yesterday|last]?" ~ {m}在{a.he}身边[坐下来|坐下|蹲下来]。“你[昨天|上一次][是在哪儿玩的|在什么地方玩过它|把它拿到哪儿去玩了]？”

{a} thought [hard|for a while]. Then {a.he} remembered: {a.he} had left it {spot}! ~ {a}想了[好一会儿|又想]。啊，想起来了：{a.he}把它放在{spot}了！
{a} closed {a.his} eyes and thought. "I know!" {a.he} cried. "I left it {spot}!" ~ {a}闭上眼睛想了想。“我知道了！”{a.he}叫道，“我把它放在{spot}了！”

{a} ran there, and sure enough, the {k} was lying {spot}. ~ {a}跑过去一看，{k}果然就在{spot}。
And there it was {spot}, [shining|waiting], the {col2} {k}. ~ 那{k.mw}{col2}的{k}果然在{spot}，[闪闪发亮|好像正等着{a.he}]。
""",
    "thief": """
Just then, {a} heard a [funny|strange] little noise {spot}. ~ 就在这时，{a}听见{spot}有一阵[有趣|奇怪]的响声。
Something [moved|rattled] {spot}. {a} went closer on {a.his} toes. ~ {spot}有什么东西在[动|响]。{a}踮着脚走了过去。

It was {a}'s {pet}! It was playing with the {k}. ~ 原来是{a}养的{pet}！它正在玩那{k.mw}{k}呢。
The {pet} sat there with the {col2} {k} between its paws. ~ {pet}坐在那里，爪子中间正是那{k.mw}{col2}的{k}。

"[So you are the thief|You took it]!" {a} laughed and picked up the {pet}. ~ “[原来你就是小偷|原来是你拿走的]！”{a}笑着抱起了{pet}。
"You little thief!" said {m}, and all of them had to laugh. ~ “你这个小坏蛋！”{m}说，大家都忍不住笑了。
""",
}


def tell(t):
    t.child("a")
    t.kin("m", of="a")
    t.pick(k="treasures", col="colors", col2="colors")
    t.pick(
        spot=[
            "on the windowsill ~ 窗台上",
            "behind the sofa ~ 沙发后面",
            "under the table ~ 桌子底下",
            "in the bathtub ~ 浴缸里",
            "beside the flower pot ~ 花盆旁边",
            "in the toy chest ~ 玩具箱里",
            "next to the washing machine ~ 洗衣机旁边",
            "on the stairs ~ 楼梯上",
        ]
    )
    t.pick(giver=["a friend ~ 朋友", "a teacher ~ 老师", "a cousin ~ 表姐", "a neighbor ~ 邻居"])
    t.pick(pet=["cat ~ 小猫 ~ 只", "dog ~ 小狗 ~ 只", "rabbit ~ 小兔子 ~ 只"])
    t.pick(when="when")
    t.meet(like=t.chance(0.3))
    way = t.branch("left", "thief")
    t.tell("""
{a} had a {col2} {k}. ~ {a}有一{k.mw}{col2}的{k}。 // It was a present from {giver}, and {a} [took it everywhere|loved it very much]. ~ 那是{giver}送的礼物，{a}[走到哪儿带到哪儿|非常喜欢]。
The thing {a} loved most was a {col2} {k}. ~ {a}最喜欢的东西是一{k.mw}{col2}的{k}。 // {a.He} had got it from {giver}. ~ 那是{giver}送给{a.he}的。

--

{when}, the {k} was gone. ~ {when}，{k}不见了。
{when}, {a} wanted to play with the {k}, but {a.he} could not find it anywhere. ~ {when}，{a}想玩{k}，可是怎么也找不到。

"Where is my {k}?" {a} [cried|asked]. ~ “我的{k}呢？”{a}[着急地喊|问]。
{a} was (close to tears|very sad), and {a.he} looked all over the house. ~ {a}(都快哭了|难过极了)，在家里到处找。
""")
    t.some(t.random.randint(1, 3), *LOOKED)
    t.tell(
        """
--

? {m} came in and saw the mess. "What are you looking for, {a}?" ~ {m}[走进来|进屋来|推门进来]，看见屋里[乱糟糟的|乱成一团|东一堆西一堆的]。“{a}，[你在找什么|找什么呢|你丢了什么]？”
"""
        + FOUND[way]
    )
    if way == "left":
        t.tell("""
"Next time I will put it [back in its place|where it belongs]," said {a}. ~ “下次我一定把它放[回原处|好]。”{a}说。
{m} smiled. "A thing is easy to find when it has a place of its own." ~ {m}笑了。“[东西放在固定的地方|每样东西都有自己的地方|东西要是总放在一个地方]，就[容易找到了|好找了|不会丢了]。”
""")
        t.let(reason="{a.he} had left it there ~ 忘在那里了")
    else:
        t.tell("""
{m} gave the {pet} an old ball, and {a} put the {k} in a box with a lid. ~ {m}[给了{pet}一个旧球|拿一个旧球给{pet}玩]，{a}把{k}[放进了一个带盖子的盒子里|收进一个有盖的盒子|锁进了带盖子的小盒]。
After that, {a} kept the {k} in a {col} box, and the {pet} got a toy of its own. ~ 从那以后，{a}把{k}收在一个{col}的盒子里，{pet}也有了自己的玩具。
""")
    if t.chance(0.6):
        t.ending()
    t.title("""
The Lost {k} ~ 丢失的{k}
Where Is the {k}? ~ {k}在哪里？
{a} and the {col2} {k} ~ {a}和{col2}的{k}
""")
    if way == "left":
        t.summary(
            """
{a} lost a {k} and remembered, with the help of {m.kind_of}, that it was {spot}. ~ {a}丢了{k}，在{m}的帮助下想起它在{spot}。
{a} looked for a lost {k} and found it {spot}. ~ {a}到处找丢了的{k}，最后在{spot}找到了。
""".replace("{m.kind_of}", "{a.his} {m.kind}")
        )
        t.ask("""
who: Who asked {a} about the {k}? => {m} ~ 谁问起了{k}的事？ => {m}
nodid: Did the {k} fall into a river? ~ {k}掉进河里了吗？
""")
    else:
        t.summary("""
{a} looked for a lost {k} and found that {a.his} {pet} had it. ~ {a}到处找丢了的{k}，原来是{a.his}{pet}拿走了。
{a}'s {pet} took {a.his} {k} and played with it {spot}. ~ {a}的{pet}拿走了{k}，在{spot}玩。
""")
        t.ask("""
who: Who took the {k}? => the {pet} ~ 是谁拿走了{k}？ => {pet}
is: Was the thief a {pet?}? ~ 拿走东西的是{pet?}吗？
""")
    t.ask("""
what: What did {a} lose? => a {col2} {k} ~ {a}丢了什么？ => 一{k.mw}{col2}的{k}
where: Where was the {k}? => {spot} ~ {k}在哪里？ => {spot}
who: Who gave the {k} to {a}? => {giver} ~ {k}是谁送给{a}的？ => {giver}
is: Was the {k} {col2?}? ~ {k}是{col2?}的吗？
unsaid: How much did the {k} cost? ~ {k}花了多少钱？
why: Why was {a} unhappy? => because the {k} was gone ~ {a}为什么不开心？ => 因为{k}不见了
""")
