"""Somebody gets into the wrong bus or train and has to find the way back."""

SLIPS = {
    "asleep": (
        "fell asleep ~ 睡着了",
        """
It was warm on the {v}, and {a}'s eyes closed. ~ {v}上暖洋洋的，{a}的眼睛[慢慢闭上了|睁不开了]。
The {v} hummed, and {a} fell asleep with {a.his} head against the window. ~ {v}轻轻地摇着，{a}靠着窗户睡着了。
""",
        """
When {a} woke up, everything outside was strange. ~ {a}醒来的时候，外面的一切都是陌生的。
"Last stop!" called the driver. {a} jumped up. ~ “终点站到了！”司机喊道。{a}一下子跳了起来。
""",
    ),
    "wrong": (
        "took the wrong one ~ 坐错了车",
        """
{a} was reading about {book} and did not look at the number. ~ {a}正看着讲{book}的书，没有看清是几路车。
The number on the {v} was {n}, but {a} read {n2}. ~ 那是{n}路车，{a}却看成了{n2}路。
""",
        """
Instead of houses there were fields outside, and then {sight}. ~ 窗外不是房子，而是田野，接着又看见了{sight}。
"That is not my street," thought {a}. Outside there was {sight}. ~ “这不是我家那条街。”{a}心想。外面是{sight}。
""",
    ),
    "looked": (
        "looked at {sight} and missed the stop ~ 光顾着看{sight}，坐过了站",
        """
Outside {a} saw {sight} and pressed {a.his} nose against the window. ~ {a}看见窗外有{sight}，把鼻子贴在了窗户上。
"Look, {sight}!" said {a} and forgot everything else. ~ “看，{sight}！”{a}说着，把别的全忘了。
""",
        """
By the time {a} looked up, {a.his} stop was far behind. ~ 等{a}回过神来，早就过站了。
"Oh no! I should have got off {n} stops ago!" cried {a}. ~ “糟了！{n}站以前我就该下车了！”{a}叫道。
""",
    ),
}
HELPERS = {
    "driver": (
        "the driver ~ 司机",
        """
The driver looked into the mirror. "Are you all alone?" ~ [司机从镜子里看见了|司机在镜子里看到了{a.he}|司机回头看了一眼]。“[你是一个人吗|就你一个人吗|没有大人跟着你吗]？”
{a} went to the driver and said in a small voice, "I want to go to {m}." ~ {a}走到司机跟前，小声说：“我想去找{m}。”

"Stay where you are," said the driver. "I am driving back in {n} minutes." ~ “别着急，坐着吧。”司机说，“过{n}分钟我就开回去。”
The driver let {a} sit in the first row and call out the stops. ~ 司机让{a}坐在第一排，帮着报站名。
""",
    ),
    "lady": (
        "an old lady ~ 一位老奶奶",
        """
An old lady with a {col} hat sat down beside {a.him}. ~ 一位戴着{col}帽子的老奶奶在{a.he}身边坐了下来。
"You look as if you were lost," said an old lady in a {col} coat. ~ “[你好像迷路了|你是不是迷路了|找不到路了吧]？”一位穿{col}大衣的老奶奶说。

She took out a map and showed {a} the way with her finger. ~ 她拿出一张地图，用手指给{a}指路。
"I know that street," she said. "We will go there together." ~ “那条街我知道。”她说，“我们一起去。”
""",
    ),
    "police": (
        "a policewoman ~ 一位女警察",
        """
{a} remembered what {m} had said: "If you are lost, ask the police." ~ {a}想起了{m}的话：“迷路了就去找警察。” // At the corner {a} saw a policewoman and told her everything. ~ {a}在街角看见一位女警察，把事情告诉了她。
At the corner stood a policewoman. {a} told the woman {a.his} name and {a.his} street. ~ 街角站着一位女警察。{a}把自己的名字和住的街道告诉了她。

The policewoman called {m}, and then they ate {snack} together. ~ 女警察给{m}打了电话，然后和{a}一起吃{snack}。
"You did just the right thing," said the policewoman and took {a.his} hand. ~ “你做得很对。”女警察说着，拉起了{a.his}手。
""",
    ),
}


def tell(t):
    t.child("a")
    t.kin("m", of="a", who=t.random.choice(["grandma", "grandpa"]))
    t.pick(
        v=["bus ~ 公共汽车", "tram ~ 电车", "train ~ 火车"][:2],
        col="colors",
        n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"],
        n2=["seven ~ 七", "eight ~ 八", "nine ~ 九"],
    )
    t.pick(
        when="when",
        sight=[
            "a big balloon ~ 一个大气球",
            "a castle ~ 一座城堡",
            "a circus tent ~ 马戏团的帐篷",
            "a long river ~ 一条长长的河",
            "wild horses ~ 一群野马",
            "a windmill ~ 一座风车",
        ],
    )
    t.pick(
        book=[
            "pirates ~ 海盗",
            "dinosaurs ~ 恐龙",
            "the moon ~ 月亮",
            "whales ~ 鲸鱼",
            "robots ~ 机器人",
        ]
    )
    t.pick(
        snack=["sandwiches ~ 三明治", "oranges ~ 橘子", "cookies ~ 饼干", "hot noodles ~ 热面条"]
    )
    t.pick(
        gift=[
            "a jar of jam ~ 一罐果酱",
            "a drawing ~ 一幅画",
            "some flowers ~ 一束花",
            "a letter ~ 一封信",
            "a small cake ~ 一个小蛋糕",
        ]
    )
    slip = t.branch(*SLIPS)
    helper = t.branch(*HELPERS)
    why = SLIPS[slip][0].replace("{sight}", "%s").split(" ~ ")
    sight = t.state["sight"]
    t.let(
        why=f"{why[0] % sight.en if '%' in why[0] else why[0]} ~ {why[1] % sight.zh if '%' in why[1] else why[1]}",
        helper=HELPERS[helper][0],
    )
    t.meet(like=t.chance(0.3))
    t.tell(
        """
{when}, {a} was allowed to go to {m} all alone for the first time. ~ {when}，{a}第一次自己一个人去{m}家。
{m} lived on the other side of the town, and {when}, {a} went to see {m.him}. ~ {m}住在城的另一头。{when}，{a}要去看{m}。
"I am big enough to take the {v}," said {a} {when}. "I will go to {m} by myself." ~ {when}，{a}说：“[我长大了，会坐{v}了|我已经是大孩子了，能坐{v}了]，[我要自己去{m}家|我想一个人去{m}家|让我自己去{m}家吧]。”

In {a.his} bag {a} had {gift} for {m}. ~ {a.his}包里装着给{m}的{gift}。
{a} held {gift} for {m} on {a.his} knees. ~ {a}把给{m}的{gift}放在腿上。

"Get off at the {n2}th stop," said {a}'s mother. ~ “第{n2}站下车。”妈妈[对{a}说|嘱咐{a}]。
{a} got on the {col} {v} and found a place by the window. ~ {a}上了{col}的{v}，[找了个靠窗的座位|在窗边坐下来|挑了个挨着窗户的位子]。

--
""".replace(
            '"Get off at the {n2}th stop," said {a}\'s mother. ~ “第{n2}站下车。”妈妈[对{a}说|嘱咐{a}]。',
            '"Get off after {n2} stops," said {a}\'s mother. ~ “[坐{n2}站就下车|记住，{n2}站以后下车|过{n2}站就下来]。”妈妈[对{a}说|嘱咐{a}|一遍遍地说]。',
        )
        + SLIPS[slip][1]
        + SLIPS[slip][2]
        + """
{a}'s heart beat fast, but {a.he} did not cry. ~ {a}的心怦怦直跳，可是{a.he}没有哭。
{a} held {a.his} bag tight. What should {a.he} do now? ~ {a}紧紧抱着包。现在该怎么办呢？
"I must think," said {a} to {a.himself}. ~ “我得想想办法。”{a}对自己说。

--
"""
        + HELPERS[helper][1]
        + """
? On the way back {a} talked about {book} all the time. ~ [回去的路上|往回走的路上|一路上]，{a}[一直在讲|说个不停，讲的都是|不停地讲着]{book}的事。

At last they came to the right stop, and there stood {m} and waved. ~ [终于到站了|总算到了|最后到了该下的那一站]，{m}[正站在那儿挥手呢|就站在站牌下，朝{a.he}挥着手|已经在那儿招手了]。
{m} was waiting at the stop with open arms. ~ {m}[张开双臂，在车站等着|在车站张着胳膊等{a.he}|等在车站，老远就张开了双臂]。

"What a big trip you have made!" said {m}. ~ “你可走了好远的路啊！”{m}说。
"I was afraid," said {a}, "but only a little." {m} hugged {a.him}. ~ “[我有点儿害怕|我怕过|我心里有点怕]，”{a}说，“[不过只有一点点|就那么一点点|只怕了一小会儿]。”{m}[抱住了{a.he}|把{a.he}抱在怀里]。
{a} gave {m} the present and told {m.him} the whole story. ~ {a}[把礼物送给{m}|把礼物拿给了{m}|先把礼物给了{m}]，[把事情从头到尾讲了一遍|又把路上的事都讲了|再把经过一五一十地说了]。

? Since then {a} counts the stops aloud. ~ 从那以后，{a}坐车总要大声数着站。
? "Next time I will watch the way," said {a}. ~ “下次我一定好好看路。”{a}说。
"""
    )
    if t.chance(0.4):
        t.ending()
    t.title("""
The Wrong Stop ~ 坐错站
{a} Rides Alone ~ {a}一个人坐车
The Way to {m} ~ 去{m}家的路
""")
    t.summary("""
{a} wanted to go to {m} by {v} but {why}, and {helper} helped {a.him}. ~ {a}坐{v}去{m}家，{why}，{helper}帮助了{a.he}。
""")
    t.ask("""
who: Whom did {a} want to visit? => {m} ~ {a}想去看谁？ => {m}
how: How did {a} travel? => by {v} ~ {a}是怎么去的？ => 坐{v}
who: Who helped {a}? => {helper} ~ 谁帮助了{a}？ => {helper}
what: What did {a} bring for {m}? => {gift} ~ {a}给{m}带了什么？ => {gift}
why: Why did {a} not arrive at the right stop at first? => because {a.he} {why} ~ {a}一开始为什么没有到对的站？ => 因为{a.he}{why}
yesno: Did {a} find {m} in the end? => Yes ~ {a}最后找到{m}了吗？ => 找到了
did: Did {a} bring {gift?}? ~ {a}带了{gift?}吗？
unsaid: How much was the ticket? ~ 车票多少钱？
""")
