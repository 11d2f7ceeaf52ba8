"""A loose tooth, and the fear of losing it."""

OUT = {
    "apple": (
        "while eating {fruit.s} ~ 吃{fruit}的时候",
        """
{a} forgot the tooth and bit into a {col} {fruit}. ~ {a}忘了牙的事，咬了一口{fruit}。
At noon there were {fruit.s}. {a} took a big bite. ~ 中午吃{fruit}，{a}咬了一大口。

When {a.he} looked, the tooth was stuck in the {fruit}. ~ {a.he}一看，牙齿[留在|粘在]{fruit}上了。
Something hard was in {a.his} mouth. It was the tooth! ~ 嘴里有个硬硬的东西，正是那颗牙！
""",
    ),
    "laugh": (
        "while laughing ~ 笑的时候",
        """
{b} told a joke about a {beast} in trousers, and {a} had to laugh. ~ {b}讲了一个{beast}穿裤子的笑话，{a}忍不住大笑起来。
{b} put on {m}'s hat and walked like a {beast}. ~ {b}戴上{m}的帽子，学{beast}走路。

{a} laughed so much that the tooth flew across the room. ~ {a}笑得太厉害，牙齿一下子飞到了屋子那头。
"Ha, ha, ha!" Plop, the tooth fell into {a.his} soup. ~ “哈哈哈！”“扑通”一声，牙齿掉进了汤里。
""",
    ),
    "doctor": (
        "at the dentist's ~ 在牙医那里",
        """
{m} took {a} to the dentist, a friendly woman with a {col} coat. ~ {m}带{a}去看牙医，牙医是一位穿{col}衣服的和气阿姨。
At the dentist's there was a {beast} on the wall, and {a} had to count its spots. ~ 牙医那里的墙上画着一只{beast}，{a}要数它身上的斑点。

"Count to {n}," said the dentist. At {n} the tooth was out. ~ “数到{n}。”牙医说。数到{n}，牙就下来了。
"Done!" said the dentist. {a} had not felt anything. ~ “好了！”牙医说。{a}什么感觉也没有。
""",
    ),
    "ball": (
        "in a ball game ~ 玩球的时候",
        """
{b} threw a {col} ball, and {a} did not catch it in time. ~ {b}扔来一个{col}的球，{a}没来得及接住。
They were playing ball, and {a} thought of the tooth and not of the ball. ~ {a}和{b}在玩球，{a}只想着牙，没看着球。

Bump! When {a} stood up, there was a tooth in the grass. ~ “砰！”{a}站起来的时候，草地上有一颗牙。
The ball hit {a}'s chin, and the tooth was out. ~ 球碰到{a}的下巴，牙就掉了。
""",
    ),
}


def tell(t):
    t.child("a", "b")
    t.kin("m", of="a")
    t.pick(
        col="colors",
        n=["three ~ 三", "five ~ 五", "seven ~ 七", "ten ~ 十"],
        fruit=[
            "apple ~ 苹果 ~ 个",
            "pear ~ 梨 ~ 个",
            "peach ~ 桃子 ~ 个 ~ peaches",
            "corn cob ~ 玉米 ~ 根",
        ],
    )
    t.pick(
        beast=[
            "giraffe ~ 长颈鹿",
            "penguin ~ 企鹅",
            "duck ~ 鸭子",
            "leopard ~ 豹子",
            "elephant ~ 大象",
        ],
        when="when",
    )
    t.pick(box=["matchbox ~ 火柴盒", "nutshell ~ 核桃壳", "little bag ~ 小布袋", "glass ~ 玻璃瓶"])
    t.pick(
        eat=[
            "soup ~ 汤",
            "porridge ~ 粥",
            "mashed potatoes ~ 土豆泥",
            "bananas ~ 香蕉",
            "noodles ~ 面条",
        ]
    )
    t.pick(
        fear=[
            "it would hurt ~ 会很疼",
            "it would bleed a lot ~ 会流很多血",
            "no new one would come ~ 长不出新的",
            "the others would laugh ~ 被别人笑话",
        ]
    )
    t.meet(like=t.chance(0.3))
    way = t.branch(*OUT)
    en, zh = OUT[way][0].split(" ~ ")
    f = t.state["fruit"]
    t.let(how=f"{en.replace('{fruit.s}', f.form('s', 'en'))} ~ {zh.replace('{fruit}', f.zh)}")
    t.tell(
        """
{when}, {a} noticed that a tooth was loose. ~ {when}，{a}发现有一颗牙松了。
{when}, {a} touched a tooth with {a.his} tongue, and it moved. ~ {when}，{a}[用舌头碰了碰|拿舌头顶了顶|用舌头舔了舔]一颗牙，[它动了|那颗牙竟然动了|牙晃了一下]。
"My tooth is loose!" cried {a} {when}. ~ {when}，{a}叫道：“我的牙松了！”

It wobbled to the left and it wobbled to the right. ~ [它往左边晃晃，又往右边晃晃|它晃到左边，又晃到右边|那颗牙左晃晃，右晃晃]。
It was a front tooth, right in the middle. ~ [那是一颗门牙|那颗是门牙|是门牙]，[就在正中间|长在正中间|正好在中间]。

{a} was afraid that {fear}. ~ {a}害怕{fear}。
"Does it hurt when it comes out?" {a} asked {m}. {a.He} was afraid that {fear}. ~ “牙掉下来疼吗？”{a}问{m}。{a.he}怕{fear}。

For {n} days {a} ate only {eat}. ~ 一连{n}天，{a}只吃{eat}。
At dinner {a} wanted nothing but {eat}. ~ 吃晚饭的时候，{a}只肯吃{eat}。

? "I have lost {n} already," said {b} and showed the gaps. ~ “我已经掉了{n}颗了。”{b}张开嘴，[让{a.he}看空缺的地方|给{a.he}看那些小窟窿]。
? {b} wanted to tie a string to it, but {a} ran away. ~ {b}想用线拴住它拔下来，{a}吓得跑开了。

"Under every loose tooth a new one is waiting," said {m}. ~ “[每颗松了的牙下面，都有一颗新牙在等着呢|牙一松，就说明新牙要长出来了|旧牙下面藏着一颗新牙呢]。”{m}说。
{m} looked into {a.his} mouth. "I can see something white already." ~ {m}[看了看{a.his}嘴|让{a.he}张开嘴看了看]。“[我已经看见一点儿白的了|已经有点白的冒出来了|看，都能看见一点儿白了]。”

--
"""
        + OUT[way][1]
        + """
"It is out!" shouted {a}. "And it did not hurt at all!" ~ “[掉下来了|下来了|牙掉了]！”{a}喊道，“[一点儿也不疼|真的不疼|根本就不疼]！”
{a} ran to the mirror. There was a gap, and one could put the tongue through it. ~ {a}跑到镜子前。嘴里有一个豁口，舌头都能伸出来。
"Look, {b}!" called {a}. "Now I can whistle through it." ~ “{b}，快看！”{a}喊道，“现在我能从这儿吹口哨了。”

--

{a} put the tooth in a {box}. ~ {a}把牙放进了一个{box}里。
In the evening {a} put the tooth under {a.his} pillow in a {box}. ~ [晚上|到了晚上|睡觉以前]，{a}把牙[装在|放进|收在]一个{box}里，[放在枕头底下|塞到枕头下面|压在枕头底下]。

The next morning there was a {col} ribbon around the {box}. ~ 第二天早上，{box}上系了一条{col}的丝带。
After {n} weeks something white looked out: the new tooth! ~ [{n}个星期以后|过了{n}个星期]，有个白白的东西[冒了出来|露了头|钻了出来]：[新牙|是新牙]！
"Now you are really growing up," said {m} and hugged {a}. ~ “你真的长大了。”{m}说着抱了抱{a}。
And {a} ate a whole {fruit}, very slowly, on the other side. ~ {a}用另一边的牙，慢慢地吃完了一{fruit.mw}{fruit}。
"""
    )
    if t.chance(0.4):
        t.ending()
    t.title("""
The Loose Tooth ~ 松动的牙
{a}'s Tooth ~ {a}的牙
A Gap in the Middle ~ 中间的豁口
""")
    t.summary("""
{a} was afraid of losing a loose tooth, but it came out {how} and did not hurt. ~ {a}害怕掉牙，结果{how}牙掉了，一点儿也不疼。
""")
    t.ask(
        """
what: What was loose? => a tooth ~ 什么松了？ => 一颗牙
what: What was {a} afraid of? => that {fear} ~ {a}怕什么？ => 怕{fear}
how: How did the tooth come out? => {how} ~ 牙是怎么掉的？ => {how}
what: What did {a} eat because of the tooth? => {eat} ~ 因为牙松了，{a}吃什么？ => {eat}
where: Where did {a} put the tooth? => in a {box} ~ {a}把牙放在了哪里？ => {box}里
yesno: Did it hurt? => No ~ 疼吗？ => 不疼
did: Did {a} eat {eat?}? ~ {a}吃{eat?}了吗？
unsaid: How many teeth did {a} have? ~ {a}一共有几颗牙？
""".replace("yesno: Did it hurt? => No ~ 疼吗？ => 不疼\n", "")
    )
