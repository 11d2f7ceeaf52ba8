"""Something lies too deep to reach; thinking brings it up."""

WAYS = {
    "water": """
"If the hole were full of water, the {k} would come up," [said|thought] {b.full}. ~ “要是洞里装满了水，{k}就会浮上来。”{b.full}[说|心想]。
{b.full} looked at the stream and at the hole and smiled. "We need water!" ~ {b.full}[看看小溪，又看看洞|朝小溪看看，又朝洞里看看]，笑了。“[我们需要水|有水就行了|用水]！”

They carried water in {n} buckets and poured it into the hole. ~ {a+b.he}提来{n}桶水，倒进洞里。
One bucket, two buckets, {n} buckets of water went into the hole. ~ 一桶，两桶……一共{n}桶水倒进了洞里。

Higher and higher rose the {col} {k}, until {a} could take it in {a.his} paws. ~ {col}的{k}越浮越高，{a}伸出爪子就拿到了。
The {col} {k} swam on the water like a little duck, and {a} picked it up. ~ {col}的{k}像小鸭子一样浮在水上，{a}把它捞了起来。
""",
    "hook": """
{b.full} tied a hook to a long string. "Now we go fishing!" ~ {b.full}在一根长绳上系了一个钩子。“现在我们来钓鱼！”
"I have a string, and you have a hook," said {b.full}. ~ “我有绳子，你有钩子。”{b.full}说。

They let the hook down {n} times, and {n} times it came up empty. ~ 钩子放下去{n}次，{n}次都空着上来。
{a} held the string, and {b} said, "A little to the left, now up!" ~ {a}拉着绳子，{b}说：“往左一点儿，好，拉！”

Then the string grew heavy, and up came the {col} {k}. ~ 后来绳子变重了，{col}的{k}被拉了上来。
And there it hung on the hook, the {col} {k}, covered with mud. ~ {col}的{k}终于挂在钩子上，沾满了泥。
""",
    "small": """
"I am small enough to go down," said {b.full}. ~ “我个子小，可以下去。”{b.full}说。
{b.full} took the end of a rope. "Let me down, {a}. I am not afraid." ~ {b.full}抓住绳子的一头。“{a}，把我放下去吧。我不怕。”

{a} let the rope down, slowly, slowly, {n} feet deep. ~ {a}慢慢地、慢慢地放绳子，放了{n}尺深。
It was dark down there, and {b} counted to {n} to be brave. ~ 下面黑乎乎的，{b}数到{n}给自己壮胆。

"I have it!" called {b}, and {a} pulled up {b} and the {col} {k}. ~ “我拿到了！”{b}喊道。{a}把{b}和{col}的{k}一起拉了上来。
{b} put the {col} {k} under one arm, and {a} pulled with all {a.his} strength. ~ {b}把{col}的{k}夹在胳膊下，{a}用尽全力往上拉。
""",
}
TRIED = (
    """
{a} lay down and reached into the hole, but {a.his} arm was too short. ~ {a}趴下来，把胳膊伸进洞里，可是胳膊太短了。
{a} reached down as far as {a.he} could and felt only [air|cold earth]. ~ {a}使劲往下够，只摸到[空气|冰凉的泥土]。
""",
    """
{a} took a long stick, but the stick pushed the {k} deeper and deeper. ~ {a}拿来一根长棍子，可是棍子把{k}越捅越深。
{a} tried it with a stick. Crack! The stick broke in two. ~ {a}用一根棍子试了试。“咔嚓！”棍子断成了两截。
""",
    """
{a} called into the hole, "Come up, please!" but only the echo answered. ~ {a}对着洞里喊：“请上来吧！”可是只有回声。
{a} asked a (mole|frog|worm) for help, but it was too sleepy to listen. ~ {a}请一只(鼹鼠|青蛙|虫子)帮忙，可是它困得不想听。
""",
)


def tell(t):
    t.animal("a")
    t.animal(
        "b",
        kind=t.random.choice(
            [
                "mouse ~ 小老鼠 ~ 只",
                "frog ~ 小青蛙 ~ 只",
                "squirrel ~ 小松鼠 ~ 只",
                "crow ~ 小乌鸦 ~ 只",
            ]
        )
        if t.state["a"].kind.en not in ("mouse", "squirrel")
        else "frog ~ 小青蛙 ~ 只",
    )
    t.pick(
        col="colors",
        n=[
            "three ~ 三",
            "four ~ 四",
            "five ~ 五",
            "six ~ 六",
            "seven ~ 七",
            "eight ~ 八",
            "nine ~ 九",
        ],
        when="when",
        tree="trees",
    )
    t.pick(
        k=[
            "ball ~ 皮球 ~ 个",
            "toy boat ~ 玩具船 ~ 只",
            "wooden whistle ~ 木哨 ~ 个",
            "hat ~ 帽子 ~ 顶",
            "wooden spoon ~ 木勺 ~ 把",
            "flute ~ 木笛 ~ 支",
        ]
    )
    t.pick(giver=["dad ~ 爸爸", "grandma ~ 奶奶", "cousin ~ 表哥", "aunt ~ 姑姑"])
    t.meet(like=t.chance(0.3))
    way = t.branch(*WAYS)
    t.tell("""
{when}, {a} was playing with {a.his} {col} {k} near an old {tree}. ~ {when}，{a}在一棵老{tree}旁边玩{a.his}{col}{k}。
{when}, {a} took {a.his} {col} {k} to the old {tree}. ~ {when}，{a}带着{col}的{k}来到老{tree}下。 // It was a present from {a.his} {giver}. ~ 那是{giver}送的礼物。

{a} [jumped|danced] and did not see the deep hole between the roots. ~ {a}[又蹦又跳|一路蹦跳|跳着舞]，没有看见树根中间[有一个深深的洞|有个很深的洞|藏着一个深洞]。
Between the roots of the {tree} there was a deep hole. ~ {tree}的[树根中间|树根旁边]有一个[深深的洞|很深的洞|看不见底的洞]。

Bump, bump, bump! The {k} fell into the hole. ~ [咚，咚，咚|扑通|咕咚，咕咚]！{k}[掉进洞里去了|落到洞里去了|掉到洞底下去了]。
The {col} {k} slipped out of {a.his} paws and fell right into the hole. ~ {col}的{k}[从{a.his}爪子里滑出去|从{a.his}爪子里溜走了|一下子滑了出去]，[正好掉进了洞里|掉进了那个洞里|不偏不倚，掉进洞里]。

"My {k}!" cried {a}. Far below {a.he} could see something {col}. ~ “我的{k}！”{a}叫道。{a.he}看见[下面很深的地方|洞底|深深的洞底]有个{col}的东西。
{a} looked down. It was so deep that {a.he} felt dizzy. ~ {a}往下看了看。洞那么深，看得{a.he}头都晕了。

--
""")
    t.some(t.random.randint(1, 3), *TRIED)
    t.tell(
        """
--

? {a} sat down under the {tree} and was very {:sad}. ~ {a}坐在{tree}下，很{:sad}。

{b.full} came out from behind the {tree}. "What are you looking at, {a}?" ~ {b.full}从{tree}后面[走了出来|探出头来]。“{a}，[你在看什么|你看什么呢|出什么事了]？”
{b.full} had heard the noise and came to look into the hole. ~ {b.full}听见声音，也来看这个洞。
"""
        + WAYS[way]
        + """
--

"Hooray!" they both shouted, and {a} hugged {b}. ~ “太好了！”它们一起喊道，{a}抱住了{b}。
{a} was so {:happy} that {a.he} danced around the {tree} with {b}. ~ {a}{:happy}得拉着{b}围着{tree}跳起舞来。

"You used your head, {b}," said {a}. "That is better than a long arm." ~ “{b}，你动了脑筋。”{a}说，“这比长胳膊还管用。”
"Two heads are better than one," said {b}, and they played with the {k} until evening. ~ “[两个脑袋比一个强|还是一起想办法好|两个一起想，办法就多]。”{b}说。它们一起玩{k}，一直玩到傍晚。
Then they put {n} big stones over the hole, so that nobody would fall in. ~ 然后它们[在洞口盖上了{n}块大石头|搬来{n}块大石头盖住洞口]，[免得有谁掉进去|这样谁也不会掉进去了|省得别的动物掉下去]。
"""
    )
    if t.chance(0.4):
        t.ending()
    t.let(
        how={
            "water": "with water ~ 用水",
            "hook": "with a hook and a string ~ 用钩子和绳子",
            "small": "{b} went down on a rope ~ x",
        }[way]
    )
    if way == "small":
        t.let(how=f"{t.state['b'].en} went down on a rope ~ {t.state['b'].zh}拉着绳子下去拿")
    t.title("""
The Deep Hole ~ 深深的洞
{a}'s {k} ~ {a}的{k}
Down in the Hole ~ 掉进洞里
""")
    t.summary(
        {
            "water": """
{a}'s {k} fell into a deep hole, and {b} got it up by filling the hole with water. ~ {a}的{k}掉进了深洞，{b}想出往洞里倒水的办法，让它浮了上来。
""",
            "hook": """
{a}'s {k} fell into a deep hole, and with {b}'s help {a.he} fished it out with a hook. ~ {a}的{k}掉进了深洞，在{b}的帮助下，用钩子钓了上来。
""",
            "small": """
{a}'s {k} fell into a deep hole, and little {b} went down on a rope to get it. ~ {a}的{k}掉进了深洞，个子小的{b}拉着绳子下去拿了上来。
""",
        }[way]
    )
    t.ask("""
what: What fell into the hole? => a {col} {k} ~ 什么掉进了洞里？ => 一{k.mw}{col}的{k}
who: Who helped {a}? => {b} ~ 谁帮助了{a}？ => {b}
where: Where was the hole? => under an old {tree} ~ 洞在哪里？ => 一棵老{tree}下
how: How did they get the {k} up? => {how} ~ {k}是怎么拿上来的？ => {how}
is: Was the {k} {col?}? ~ {k}是{col?}的吗？
what: What kind of animal was {b}? => a {b.kind} ~ {b}是什么动物？ => {b.kind}
nodid: Did {a} fall into the hole? ~ {a}掉进洞里了吗？
unsaid: Who had dug the hole? ~ 洞是谁挖的？
""")
