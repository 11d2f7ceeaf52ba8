"""New Year: a lucky coin is baked or wrapped in, and who gets it."""

FINDS = {
    "self": """
Crack! {a} bit on something hard. It was the {coin}! ~ “咯噔！”{a}咬到了一个硬硬的东西，正是那枚{coin}！
In {a}'s {n}th {food} there was the {coin}. ~ {a}吃到第{n}{food.mw}{food}的时候，吃到了{coin}。

"I have it! I have it!" shouted {a} and jumped up. ~ “我吃到了！我吃到了！”{a}跳起来喊道。
{a} held up the {coin}, and everybody clapped. ~ {a}举起{coin}，大家都鼓起掌来。

"What do you wish for?" asked {m}. "That we all sit here again next year," said {a}. ~ “你许个什么愿？”{m}问。“希望明年大家还坐在这里。”{a}说。
{a} gave the {coin} to {g}. "You need luck for your bad leg," {a.he} said. ~ {a}把{coin}送给了{g}。“给您，祝您的腿快点好起来。”{a.he}说。
""",
    "give": """
{a} felt the {coin} under {a.his} teeth. Then {a.he} looked at little {b}, who was {:sad}. ~ {a}的牙齿咬到了{coin}。{a.he}看了看小小的{b}，{b}正{:sad}呢。
There was the {coin} in {a}'s bowl! But {b} had not found anything and was close to tears. ~ {coin}就在{a}的碗里！可是{b}什么也没吃到，都快哭了。

Quickly {a} pushed {a.his} {food} onto {b}'s plate. ~ {a}赶快把自己的{food}拨到了{b}的盘子里。
When {b} looked away, {a} put the {coin} into {b.his} bowl. ~ 趁{b}没看见，{a}把{coin}放进了{b.his}碗里。

"The {coin}!" cried {b}. "I have found the {coin}!" ~ “{coin}！”{b}叫了起来，“我吃到{coin}了！”
{b} was so happy that {b.he} danced around the table {n} times. ~ {b}高兴得绕着桌子跳了{n}圈。

{m} had seen it all. "You are the luckiest of us," {m.he} whispered to {a}. ~ {m}全看见了，悄悄对{a}说：“你才是最有福气的。”
{g} put {g.his} hand on {a}'s head and said nothing. ~ {g}摸了摸{a}的头，什么也没说。
""",
    "lost": """
They ate and ate, but nobody found the {coin}. ~ 大家吃呀吃，谁也没有吃到{coin}。
All the {food.s} were gone, {n} dozen of them, but there was no {coin}. ~ {food}全吃光了，还是没有{coin}。

"Maybe {b} has swallowed it," said {g}. {b} turned white. ~ “会不会是{b}吞下去了？”{g}说。{b}的脸一下子白了。
"Where can it be?" asked {m}. They looked under the table and in the {col} bowl. ~ “[到哪儿去了呢|会在哪里呢|跑到哪儿去了]？”{m}问。大家[看了看桌子底下|往桌子底下看|连桌子底下都找了]，又[看了看|翻了翻]{col}的大碗。

Then {a} laughed. "It is still on the kitchen table! We forgot to put it in." ~ 忽然{a}笑了。“它还在厨房的桌子上呢！我们忘了放进去。”
"Here it is!" called {a} from the kitchen. "It was in the flour all the time." ~ “在这儿呢！”{a}在厨房里喊道，“它一直在面粉里。”

"Then the luck is still to come," said {g}. ~ “那好运气还在后头呢。”{g}说。
"Then it belongs to all of us," said {m}, and everyone was {:happy}. ~ “那它就是我们大家的。”{m}说。大家都很{:happy}。
""",
}


def tell(t):
    t.child("a", "b")
    t.kin("m", of="a", who=t.random.choice(["mom", "dad"]))
    t.kin("g", of="a", who=t.random.choice(["grandma", "grandpa"]))
    t.pick(
        food=[
            "dumpling ~ 饺子 ~ 个",
            "rice cake ~ 年糕 ~ 块",
            "sweet bun ~ 甜包子 ~ 个",
            "rice ball ~ 汤圆 ~ 个",
        ],
        coin=[
            "silver coin ~ 银币",
            "shiny coin ~ 亮闪闪的硬币",
            "golden coin ~ 金币",
            "old coin ~ 铜钱",
        ],
    )
    t.pick(col="colors", n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"])
    t.pick(sound=["fireworks ~ 烟花", "drums ~ 锣鼓", "bells ~ 钟声", "firecrackers ~ 鞭炮"])
    t.pick(
        deco=[
            "red lanterns ~ 红灯笼",
            "paper flowers ~ 纸花",
            "paper fish ~ 纸鱼",
            "red ribbons ~ 红丝带",
        ]
    )
    t.pick(
        role=["little sister ~ 妹妹", "little cousin ~ 表妹"]
        if t.state["b"].gender == "girl"
        else ["little brother ~ 弟弟", "little cousin ~ 表弟"]
    )
    t.meet(like=t.chance(0.3))
    way = t.branch(*FINDS)
    body = (
        FINDS[way]
        .replace("In {a}'s {n}th {food} there was", "In one of {a}'s {food.s} there was")
        .replace(", {n} dozen of them,", ",")
    )
    t.tell(
        """
It was the evening before the New Year, and {deco} hung at the door. ~ 大年三十的晚上，门口挂着{deco}。
On the last evening of the year the whole family came to {g}'s house. ~ 大年三十，全家人都来到了{g}家。
Outside one could hear {sound}, and inside the table was set for the New Year. ~ [外面传来{sound}的声响|外头响着{sound}|听得见外面的{sound}]，[屋里的桌子上摆好了年夜饭|屋里，年夜饭已经摆上了桌|屋里摆好了一桌年夜饭]。

{a} and {a.his} {role} {b} hung up {deco}. ~ {a}和{role}{b}一起挂上了{deco}。
{a}'s {role} {b} ran through the house with {deco}. ~ {a}的{role}{b}拿着{deco}在屋里跑来跑去。

In the kitchen {g} and {m} were making {food.s}. ~ 厨房里，{g}和{m}正在做{food}。
{m} showed {a} how to make a {food}, and the first one looked like a {shape}. ~ {m}教{a}做{food}，做出来的第一{food.mw}像一只{shape}。
The whole family made {food.s}, and {a} had flour on {a.his} nose. ~ 全家人一起做{food}，{a}的鼻子上[都沾了面粉|也白了一块，是面粉|沾着一点面粉]。

"In one of them there will be a {coin}," said {g}. "Whoever finds it will have luck all year." ~ “[有一{food.mw}里面要放|这里头有一{food.mw}要放|我要在一{food.mw}里放]一枚{coin}。”{g}说，“[谁吃到，谁一年都有好运气|吃到它，一整年都走运|谁吃着了，谁今年就有福气]。”
{g} held up a {coin}. "This goes into one {food}, and it brings luck." ~ {g}举起一枚{coin}。“[把它放进|把这个包进|这个放到]一{food.mw}{food}里，[会带来好运气|能带来好运|就有好运气]。”

"I want to find it!" said {b}. {a} wanted it, too. ~ “我要吃到它！”{b}说。{a}也想吃到。
{a} watched closely, but {g} turned away and nobody saw which one it was. ~ {a}[盯着看|眼睛也不眨地看着|看得很仔细]，可是{g}转过身去，[谁也没看见放进了哪一{food.mw}|到底放进了哪一{food.mw}，谁都没看清|放在哪一{food.mw}里，没有谁看见]。

--

Then the big {col} bowl came to the table. ~ 这时，{col}的大碗端上了桌。
At last they all sat at the table, and the {food.s} steamed in a {col} bowl. ~ [大家终于坐到了桌边|终于，一家人围着桌子坐下了|总算开饭了]，{food}在{col}的碗里[冒着热气|热气腾腾的]。
""".replace("{shape}", "{:pets}").replace("像一只{:pets}", "像一只{:pets}")
        + body
        + """
--

At midnight there were {sound} outside, and {a} and {b} ran to the window. ~ [半夜十二点|十二点的钟声响了|到了半夜]，[外面响起了|外头传来了]{sound}，{a}和{b}[跑到窗前|赶紧趴到窗前看|一起跑去窗边]。
"Happy New Year, {b}!" said {a}. "Happy New Year, {a}!" ~ “{b}，新年好！”{a}说。“{a}，新年好！”
{b} fell asleep on {g}'s knees, and {a} stayed awake until midnight. ~ {b}在{g}的怀里睡着了，{a}一直守岁到半夜。
""".replace("外面响起了{sound}", "外面热闹极了，到处是{sound}")
    )
    if t.chance(0.4):
        t.ending()
    t.title("""
The Lucky Coin ~ 幸运的硬币
A {food} with a Secret ~ 藏着秘密的{food}
New Year's Eve ~ 大年三十
""")
    t.summary(
        {
            "self": "On New Year's Eve {a} found the lucky coin in a {food}. ~ 大年三十，{a}在{food}里吃到了幸运的硬币。",
            "give": "On New Year's Eve {a} found the lucky coin and secretly gave it to {a.his} {role} {b}. ~ 大年三十，{a}吃到了幸运的硬币，悄悄把它给了{role}{b}。",
            "lost": "On New Year's Eve nobody found the lucky coin in the {food.s}, because it had never been put in. ~ 大年三十，谁也没在{food}里吃到幸运的硬币，因为忘了放进去。",
        }[way]
    )
    t.ask(
        """
what: What did the family make? => {food.s} ~ 一家人做了什么？ => {food}
who: Who was {b}? => {a}'s {role} ~ {b}是谁？ => {a}的{role}
what: What was the coin supposed to bring? => luck ~ 硬币会带来什么？ => 好运气
what: What hung at the door? => {deco} ~ 门口挂着什么？ => {deco}
is: Was the bowl {col?}? ~ 大碗是{col?}的吗？
unsaid: How many people sat at the table? ~ 桌边坐了几个人？
""".replace("what: What hung at the door? => {deco} ~ 门口挂着什么？ => {deco}\n", "")
        + {
            "self": "who: Who found the coin? => {a} ~ 谁吃到了硬币？ => {a}\nnodid: Did {b} find the coin? ~ {b}吃到硬币了吗？",
            "give": "who: To whom did {a} give the coin? => {b} ~ {a}把硬币给了谁？ => {b}\nwhy: Why did {a} give the coin away? => because {b} was sad ~ {a}为什么把硬币给了别人？ => 因为{b}很难过",
            "lost": "nodid: Did anybody find the coin in the food? ~ 有人吃到硬币了吗？\nwhy: Why did nobody find the coin? => because they had forgotten to put it in ~ 为什么谁也没吃到硬币？ => 因为忘了放进去",
        }[way]
    )
