"""A noise at night frightens a child, who finds out what makes it."""

CAUSES = {
    "branch": ("a branch at the window ~ 敲着窗户的树枝", "tap ~ 嗒嗒"),
    "cat": ("the neighbor's cat ~ 邻居家的猫", "scratch ~ 沙沙"),
    "tap": ("a dripping tap ~ 滴水的水龙头", "drip ~ 滴答"),
    "shutter": ("a loose door ~ 没关好的门", "knock ~ 砰砰"),
    "snore": ("the dog's snoring ~ 小狗打呼噜的声音", "rrr ~ 呼噜"),
}
MEND = {
    "branch": """
{m} opened the window and broke off the little branch. ~ {m}打开窗户，折断了那根小树枝。
{a} waved to the branch. "You only wanted to come in, didn't you?" ~ {a}对树枝挥挥手。“原来你只是想进来呀？”
""",
    "cat": """
{a} opened the door, and the cat walked in with its tail in the air. ~ {a}打开门，猫翘着尾巴走了进来。
The cat was cold, so {a} gave it [a bowl of milk|an old blanket]. ~ 猫冷了，{a}就给了它[一碗牛奶|一条旧毯子]。
""",
    "tap": """
{a} turned the tap with both hands until it stopped. ~ {a}用两只手把水龙头拧紧，水不滴了。
{m} turned the tap a little, and the noise was gone. ~ {m}把水龙头拧了拧，声音就没有了。
""",
    "shutter": """
{m} closed the door firmly, and the house was quiet again. ~ {m}把门关紧，屋里又安静了。
{a} pushed a chair against the door, and it did not knock any more. ~ {a}用椅子顶住了门，它就不再响了。
""",
    "snore": """
{a} stroked the dog, and it turned over and stopped snoring. ~ {a}摸了摸小狗，它翻了个身，不打呼噜了。
The dog lay on its back with its feet in the air. {a} covered it with a {col} towel. ~ 小狗四脚朝天地躺着。{a}给它盖上了一条{col}的毛巾。
""",
}


def tell(t):
    t.child("a")
    t.kin("m", of="a")
    t.pick(
        col="colors",
        toy=["teddy bear ~ 玩具熊 ~ 只", "toy rabbit ~ 布兔子 ~ 只", "doll ~ 布娃娃 ~ 个"],
    )
    t.pick(
        when=[
            "one cold night ~ 一个寒冷的夜晚",
            "one dark night ~ 一个漆黑的夜晚",
            "one rainy night ~ 一个下雨的夜晚",
            "one windy night ~ 一个刮风的夜晚",
            "late one night ~ 一天深夜",
            "one Saturday night ~ 一个星期六的夜里",
        ]
    )
    t.pick(
        guess=["a monster ~ 怪物", "a ghost ~ 鬼", "a wolf ~ 狼", "a thief ~ 小偷", "a dragon ~ 龙"]
    )
    t.pick(light=["flashlight ~ 手电筒 ~ 个", "candle ~ 蜡烛 ~ 根", "little lamp ~ 小灯 ~ 盏"])
    t.pick(room=["kitchen ~ 厨房", "bathroom ~ 浴室", "living room ~ 客厅"])
    cause = t.random.choice(list(CAUSES))
    thing, sound = CAUSES[cause]
    t.let(cause=thing, sound=sound)
    t.meet(like=t.chance(0.3))
    who = t.branch("alone", "together")
    t.tell("""
{when}, {a} lay in bed with {a.his} {col} {toy}. ~ {when}，{a}[抱着|搂着]{col}的{toy}[躺在床上|上了床|钻进了被窝]。
{when}, {a} could not sleep and held {a.his} {col} {toy} tight. ~ {when}，{a}睡不着，紧紧抱着{col}的{toy}。

Suddenly {a.he} heard something in the {room}. "{sound}, {sound}!" it went. ~ 忽然，{a.he}听见{room}[那边有声音|那边传来声响|里有什么动静]：“{sound}，{sound}。”
The house was [dark|quiet]. "{sound}, {sound}!" came a noise from the {room}. ~ 屋子里[黑黑的|静悄悄的|一点光也没有]。“{sound}，{sound}！”{room}[那边传来一阵声音|那边有什么在响|里好像有声音]。

? {a} pulled the blanket over {a.his} head, but the noise did not stop. ~ {a}用被子蒙住头，可是声音没有停。
? {a} counted to (ten|twenty|a hundred), but the noise was still there. ~ {a}数到(十|二十|一百)，声音还在。

"Is it {guess}?" {a} whispered to the {toy}. ~ “会不会是{guess}？”{a}小声问{toy}。
"What if it is {guess}?" {a} thought, and {a.his} heart beat fast. ~ “[要是{guess}怎么办|会不会是{guess}呢|万一是{guess}呢]？”{a}想着，[心怦怦直跳|心跳得好快]。

--
""")
    if who == "alone":
        t.tell("""
But {a} wanted to be brave, for the {toy} was afraid as well. ~ 可是{a}想勇敢一点儿，因为{toy}也在害怕呢。
"Don't be afraid, {toy}," said {a}. "I will go and look." ~ “{toy}，别怕。”{a}说，“我去看看。”

{a} took a {light} and walked to the {room} on {a.his} toes. ~ {a}拿起一{light.mw}{light}，踮着脚走向{room}。
With the {toy} under one arm and a {light} in {a.his} hand, {a} went to the {room}. ~ {a}一只胳膊夹着{toy}，手里拿着{light}，走到{room}。

{a} held up the {light}. It was only {cause}! ~ {a}举起{light}一看，原来只是{cause}！
And what did {a} see there? Not {guess} at all, but {cause}! ~ {a}看见了什么呢？根本不是{guess}，是{cause}！
""")
    else:
        t.tell(
            """
{a} ran to {m}'s bed. "There is {guess} in the {room}!" ~ {a}跑到{m}床边。“{room}里有{guess}！”
"{m}, {m}!" called {a}. "I can hear {guess}!" ~ “{m}，{m}！”{a}喊道，“我听见{guess}的声音了！”

{m} took {a.his} hand. "Let's go and see together." ~ {m}拉起{a.his}手。“[我们一起去看看吧|走，去看个明白|来，我们去瞧瞧]。”
{m} took a {light}. "{guess}? I want to see that," {m.he} said. ~ {m}拿起{light}。“{guess}？那我可要看看。”{m.he}说。

In the {room} they listened. Then {m} pointed with the {light}: it was only {cause}! ~ {a+m.he}在{room}里听了听。{m}用{light}一照，原来只是{cause}！
They looked [around|everywhere] in the {room}, and there was no {guess2}. It was {cause}! ~ {a+m.he}在{room}里[看了一圈|到处看]，没有什么{guess}，原来是{cause}！
""".replace("no {guess2}", "nothing like {guess}")
        )
    t.tell(
        MEND[cause]
        + """
--

{a} laughed. "And I thought it was {guess}!" ~ {a}笑了。“我还以为是{guess}呢！”
"You see," {a} told the {col} {toy}, "it was not {guess} at all." ~ “[你看|看见了吧]，”{a}对{col}的{toy}说，“[根本不是什么|哪里有什么|才没有什么]{guess}。”

? {m} brought {a.him} a cup of warm milk. ~ {m}[给{a.he}端来了|端给{a.he}|给{a.he}倒了]一杯[热牛奶|热乎乎的牛奶]。
? "You were very brave," said {m}. ~ “你真勇敢。”{m}说。

Soon {a} and the {toy} were fast asleep. ~ 不一会儿，{a}抱着{toy}睡熟了。
{a} went back to bed and slept until the sun shone on {a.his} {col} {toy}. ~ {a}回到床上，一直睡到太阳照在{col}的{toy}上。
"""
    )
    t.title("""
A Noise at Night ~ 夜里的声音
{a} and the Noise ~ {a}和奇怪的声音
What Was in the {room}? ~ {room}里有什么？
""")
    t.summary("""
{a} was afraid of a noise at night, but it was only {cause}. ~ {a}夜里听到声音，心里害怕，原来只是{cause}。
At night {a} thought there was {guess} in the {room}, but it was {cause}. ~ 夜里{a}以为{room}里有{guess}，其实是{cause}。
""")
    t.ask("""
what: What made the noise? => {cause} ~ 是什么发出的声音？ => {cause}
where: Where did the noise come from? => the {room} ~ 声音是从哪里传来的？ => {room}
what: What did {a} think it was? => {guess} ~ {a}以为是什么？ => {guess}
what: What did {a} hold in bed? => a {col} {toy} ~ {a}在床上抱着什么？ => 一{toy.mw}{col}的{toy}
nodid: Was there really {guess} in the house? ~ 家里真的有{guess}吗？
is: Was the {toy} {col?}? ~ {toy}是{col?}的吗？
why: Why was {a} afraid? => because {a.he} heard a noise ~ {a}为什么害怕？ => 因为{a.he}听到了声音
unsaid: Who gave {a} the {toy}? ~ {toy}是谁送给{a}的？
""")
    if who == "alone":
        t.ask(
            "what: What did {a} take with {a.him}? => a {light} ~ {a}拿了什么东西去看？ => 一{light.mw}{light}"
        )
    else:
        t.ask("who: Who went to look with {a}? => {m} ~ 谁和{a}一起去看的？ => {m}")
