"""A play at school: somebody forgets the words on the stage."""

RESCUES = {
    "friend": (
        "{b} whispered the words ~ {b}小声提示",
        """
From behind the curtain {b} whispered, "{line}" ~ {b}在幕布后面小声提示：“{zline}”
{b}, who was a tree, whispered the words without moving {b.his} lips. ~ 扮演大树的{b}，嘴唇动也不动，小声把台词告诉了{a.him}。
""".replace("告诉了{a.him}", "告诉了{a.he}"),
        """
"{line}" said {a} loudly and clearly. ~ “{zline}”{a}大声地、清清楚楚地说。
Then it all came back, and {a} said every word. ~ 一下子全想起来了，{a}一个字不差地说了下去。
""",
    ),
    "own": (
        "{a} made up new words ~ {a}自己编了台词",
        """
So {a} said the first thing that came into {a.his} head: "I am {role} and I am hungry!" ~ 于是{a}想到什么就说什么：“我是{zrole}，我饿了！”
"I forgot my words," said {a}, "because {role} has seen so many people here!" ~ “我把词忘了，”{a}说，“因为{zrole}在这儿看到了太多人！”
""",
        """
The people laughed and clapped, for they thought it was part of the play. ~ 大家都[笑着鼓掌|又笑又鼓掌]，[还以为戏里就是这么演的|以为本来就该这样演]。
{m} had to hold on to the chair, {m.he} laughed so hard. ~ {m}笑得扶住了椅子。
""",
    ),
    "song": (
        "{a} sang a song ~ {a}唱了一首歌",
        """
Instead of speaking, {a} began to sing the song that {m} had taught {a.him}. ~ {a}没有说话，而是唱起了{m}教的那首歌。
There was only one thing {a} still knew: a song about {thing}. So {a.he} sang. ~ {a}只记得一首关于{thing}的歌，就唱了起来。
""",
        """
After the second line everybody sang with {a.him}. ~ [唱到第二句|第二句刚出口]，大家都[跟着唱了起来|跟着一起唱]。
{b} sang with {a.him}, and then the whole hall sang. ~ {b}跟着唱，后来整个礼堂都唱了起来。
""",
    ),
}
ROLES = [
    ("the moon", "月亮", "Good night, little stars!", "晚安，小星星！"),
    ("the wolf", "大灰狼", "I can smell you!", "我闻到你们了！"),
    ("the king", "国王", "Open the gates!", "把大门打开！"),
    ("the snail", "蜗牛", "Wait for me!", "等等我！"),
    ("the wind", "风", "I blow all the hats away!", "我把帽子全吹跑！"),
    ("the bear", "大熊", "Who has eaten my honey?", "谁吃了我的蜂蜜？"),
    ("the sun", "太阳", "Wake up, everyone!", "大家快起床！"),
    ("the pirate", "海盗", "The treasure is mine!", "宝藏是我的！"),
]


def tell(t):
    t.child("a", "b")
    t.adult("m")
    role = t.random.choice(ROLES)
    t.let(role=f"{role[0]} ~ {role[1]}")
    t.pick(col="colors", n=["ten ~ 十", "twenty ~ 二十", "thirty ~ 三十", "fifty ~ 五十"])
    t.pick(
        thing=[
            "spring ~ 春天",
            "the sea ~ 大海",
            "a little train ~ 小火车",
            "friends ~ 朋友",
            "the rain ~ 小雨",
        ]
    )
    t.pick(
        paper=[
            "gold paper ~ 金纸",
            "an old sheet ~ 旧床单",
            "cardboard ~ 硬纸板",
            "green cloth ~ 绿布",
            "feathers ~ 羽毛",
        ]
    )
    t.pick(
        place=[
            "in the bathtub ~ 浴缸里",
            "in the mirror ~ 镜子前",
            "on the way to school ~ 上学的路上",
            "in bed ~ 床上",
        ]
    )
    t.pick(
        when=[
            "one Friday evening ~ 一个星期五的晚上",
            "one Saturday evening ~ 一个星期六的晚上",
            "one evening in spring ~ 春天的一个晚上",
            "on the last day of school ~ 放假前的最后一天",
            "one evening in December ~ 十二月的一个晚上",
        ]
    )
    t.meet(like=t.chance(0.3))
    way = t.branch(*RESCUES)
    fill = {"{line}": role[2], "{zline}": role[3], "{zrole}": role[1]}

    def filled(text):
        for old, new in fill.items():
            text = text.replace(old, new)
        return text

    t.let(
        how=RESCUES[way][0]
        .replace("{a}", t.state["a"].en, 1)
        .replace("{b}", t.state["b"].en, 1)
        .replace("{a}", t.state["a"].zh)
        .replace("{b}", t.state["b"].zh)
    )
    t.tell(
        filled(
            """
{a}'s class was going to put on a play, and {a} was {role}. ~ {a}的班上要演一出戏，{a}演{role}。
"You will be {role}," the teacher, {m}, said to {a}. ~ 老师{m}对{a}说：“你来演{role}吧。”
In the school play {a} got the part of {role}. ~ 学校排戏，{a}要演{role}。

{a} had only one line: "{line}" ~ {a}只有一句台词：“{zline}”
{a} had to come out and call, "{line}" ~ {a}要走上台喊：“{zline}”

{a.His} costume was made of {paper}. ~ {a.his}衣服是用{paper}做的。
{m} made {a.him} a costume out of {paper}. ~ {m}用{paper}给{a.he}做了一身衣服。

{a} practiced {place}, {n} times a day. ~ {a}在{place}练习，一天练{n}遍。
"{line}" said {a} {place}, again and again. ~ {a}在{place}练了又练：“{zline}”

? {b} was a tree and only had to stand still. ~ {b}演一棵树，[只要站着不动就行|站着不动就可以了|从头到尾一动也不用动]。

--

{when}, the hall was full. {n} lamps shone on the stage. ~ {when}，[礼堂里坐满了人|礼堂里一个空位也没有|来看戏的人坐满了礼堂]，{n}盏灯[照着|照亮了]舞台。
{when}, the {col} curtain went up. ~ {when}，{col}的幕布拉开了。
{when}, {a} looked through the {col} curtain. So many people! ~ {when}，{a}从{col}的幕布[缝里|后面]往外看。[人可真多呀|好多人啊|台下全是人]！

{a} walked to the middle of the stage, opened {a.his} mouth, and nothing came out. ~ {a}[走到舞台中间|走上台]，张开嘴，[却什么也说不出来|可是一句话也想不起来|词儿全没了]。
Then it was {a}'s turn. But the words were gone! ~ 轮到{a}了。可是台词全忘了！

It was so quiet that one could hear a chair creak. ~ 台下[静得连椅子的响声都听得见|一点儿声音也没有，只听见一把椅子在响|静得出奇]。
{a}'s knees began to shake. ~ {a}的腿[发起抖来|开始发抖]。
{a} looked at {m}, and {m} smiled at {a.him}. ~ {a}看着{m}，{m}对{a.he}笑了笑。

--
""".replace("{a.His} costume", "{a}'s costume").replace("{a.his}衣服是用", "{a}的衣服是用")
        )
        + filled(RESCUES[way][1] + RESCUES[way][2])
        + filled(
            """
At the end everybody clapped, and {a} bowed {n2} times. ~ 最后大家都鼓起掌来，{a}鞠了{n2}个躬。
When the {col} curtain fell, the applause did not stop. ~ {col}的幕布[落下了|合上了|放了下来]，[掌声还是不停|人们还在鼓掌|掌声还响个不停]。

"You were the best {roleb} I have ever seen," said {m}. ~ “你是我见过的最棒的{role}。”{m}说。
"Everyone forgets something sometimes," said {m}. "You did not run away." ~ “[谁都有忘事的时候|忘词没什么大不了|人人都会忘词]。”{m}说，“[你没有跑掉|你没有逃走，这就很好|你站住了]。”
"I was so afraid," {a} told {b}. "But now I want to do it again!" ~ “我害怕极了。”{a}对{b}说，“可是现在我还想再演一次！”
""".replace("{n2}", "{:numbers}").replace("{roleb}", role[0].replace("the ", ""))
        )
    )
    if t.chance(0.5):
        t.ending()
    t.title("""
The School Play ~ 学校里的戏
{a} on the Stage ~ 舞台上的{a}
The Forgotten Words ~ 忘记的台词
""")
    t.summary("""
{a} was {role} in the school play and forgot the words, but {how}, and all went well. ~ {a}在学校演{role}，忘了台词，{how}，演出很成功。
""")
    t.ask(
        """
who: Who was the teacher? => {m} ~ 老师是谁？ => {m}
what: What part did {a} play? => {role} ~ {a}演什么？ => {role}
what: What was the costume made of? => {paper} ~ 衣服是用什么做的？ => {paper}
how: How was the play saved? => {how} ~ 演出是怎么救回来的？ => {how}
where: Where did {a} practice? => {place} ~ {a}在哪里练习？ => {place}
why: Why did {a} say nothing at first? => because {a.he} had forgotten the words ~ {a}一开始为什么没有说话？ => 因为{a.he}忘了台词
nodid: Did {a} run away? ~ {a}跑掉了吗？
unsaid: How many people were in the hall? ~ 礼堂里有多少人？
""".replace("who: Who was the teacher? => {m} ~ 老师是谁？ => {m}\n", "")
    )
