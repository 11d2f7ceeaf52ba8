"""A new child at school is lonely; something small makes a friend."""

ICE = {
    "lunch": (
        "shared lunch ~ 一起吃午饭",
        """
At lunch {b} had nothing to eat, for {b.his} box was still at home. ~ 午饭的时候，{b}没有东西吃，{b.his}饭盒忘在家里了。
At noon {b} sat alone and looked at the others, because {b.he} had forgotten {b.his} lunch. ~ 中午，{b}一个人坐着看别人吃饭，因为{b.he}忘了带午饭。

{a} had two {food.s} and put one of them in front of {b}. ~ {a}带了两{food.mw}{food}，把一{food.mw}放在{b}面前。
"Do you like {food.s}?" asked {a} and gave {b} half of {a.his} lunch. ~ “你喜欢吃{food}吗？”{a}问着，把自己的午饭分了一半给{b}。

"This is the best {food} I have ever had," said {b}, and they both laughed. ~ “这是我吃过的最好吃的{food}。”{b}说。两个人都笑了。
"Thank you," said {b} very softly. It was {b.his} first word that day. ~ “谢谢你。”{b}很小声地说。这是{b.he}那天说的第一句话。
""",
    ),
    "draw": (
        "a drawing ~ 一幅画",
        """
{a} saw that {b} was drawing a {col} {beast}. ~ {a}看见{b}在画一只{col}的{beast}。
On {b}'s paper there was a {col} {beast} with wings. ~ {b}的纸上画着一只长翅膀的{col}{beast}。

"That is a wonderful {beast}!" said {a}. "Can you show me how to draw it?" ~ “这只{beast}真漂亮！”{a}说，“你能教我画吗？”
{a} took a {col} pencil and drew a hat for the {beast}. ~ {a}拿起一支{col}的铅笔，给{beast}画了一顶帽子。

{b} smiled for the first time and moved over to make room for {a}. ~ {b}第一次笑了，挪了挪身子，让{a}坐下。
They drew until the whole page was full of {beast.s}. ~ {a+b.he}画啊画，整张纸上都是{beast}。
""",
    ),
    "ball": (
        "a ball game ~ 玩球",
        """
In the break a {col} ball rolled to {b}'s feet. ~ 课间，一个{col}的球滚到了{b}的脚边。
{a} and the others were playing with a {col} ball, and {b} stood by the fence. ~ {a}和同学们在玩一个{col}的球，{b}站在栏杆旁边。

{b} kicked the ball so well that everyone cried "Oh!" ~ {b}一脚踢得那么好，大家都“哇”地叫了起来。
"Kick it here!" called {a}, and {b} kicked it right into {a.his} arms. ~ “踢到这儿来！”{a}喊道。{b}一脚把球踢进了{a.his}怀里。

"You must play on our team," said {a}. ~ “你一定要来我们队。”{a}说。
They played until the bell rang, and {b} got {n} goals. ~ {a+b.he}一直玩到上课铃响，{b}进了{n}个球。
""",
    ),
    "words": (
        "the word for a thing ~ 一个词",
        """
{b} did not know many words yet. {b.He} pointed to a {thing} and looked at {a}. ~ {b}会说的话还不多。{b.he}指着{thing}，看着{a}。
{b} came from far away and could not say what {b.he} wanted. ~ {b}是从很远的地方来的，想要什么都说不出来。

"That is a {thing}," said {a}. "{thing}," said {b}. "{thing}!" ~ “那是{thing}。”{a}说。“{thing}，”{b}跟着说，“{thing}！”
{a} took the {thing} and said its name, slowly and clearly, {n} times. ~ {a}拿起{thing}，把它的名字慢慢地、清楚地说了{n}遍。

After that {a} taught {b} {n} new words every day. ~ 从那以后，{a}每天教{b}{n}个新词。
Then {b} told {a} what a {thing} is called in {b.his} language, and {a} tried to say it. ~ 然后{b}告诉{a}，{thing}在{b.his}家乡话里叫什么，{a}也学着说。
""",
    ),
}


def tell(t):
    t.child("a", "b")
    t.adult("m")
    t.pick(col="colors", food="foods", n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"])
    t.pick(
        beast=[
            "dragon ~ 龙 ~ 条",
            "lion ~ 狮子 ~ 只",
            "horse ~ 马 ~ 匹",
            "fish ~ 鱼 ~ 条 ~ fish",
            "bird ~ 鸟 ~ 只",
            "cat ~ 猫 ~ 只",
        ]
    )
    t.pick(
        thing=[
            "pencil ~ 铅笔 ~ 支",
            "window ~ 窗户 ~ 扇",
            "book ~ 书 ~ 本",
            "apple ~ 苹果 ~ 个",
            "chair ~ 椅子 ~ 把",
            "flower ~ 花 ~ 朵",
        ]
    )
    t.pick(
        when=[
            "one Monday morning ~ 一个星期一的早晨",
            "one rainy morning ~ 一个下雨的早晨",
            "one day in autumn ~ 秋天里的一天",
            "one sunny morning ~ 一个晴朗的早晨",
            "one Thursday morning ~ 一个星期四的早晨",
            "one cold morning ~ 一个寒冷的早晨",
        ]
    )
    t.pick(
        seat=[
            "by the window ~ 窗边",
            "in the last row ~ 最后一排",
            "near the door ~ 门边",
            "next to the bookcase ~ 书柜旁边",
        ]
    )
    t.pick(
        came=[
            "from a village by the sea ~ 海边的一个村子",
            "from the mountains ~ 山里",
            "from a big city ~ 一座大城市",
            "from an island ~ 一座小岛",
        ]
    )
    t.meet(like=t.chance(0.3))
    way = t.branch(*ICE)
    t.let(how=ICE[way][0])
    t.tell(
        """
{when}, the teacher, {m}, came in with a new {b.kind}. ~ {when}，老师{m}[带着|领着]一个[新来的|不认识的|新]{b.kind}[走进教室|进了教室]。
{when}, there was a new {b.kind} in {a}'s class. ~ {when}，{a}的[班上|班里|教室里]来了一个[新的|新来的|没见过的]{b.kind}。

"This is {b}," said {m}, the teacher. "{b} has come to us {came}." ~ “这是{b}。”老师{m}说，“{b}是从{came}来的。”
The {b.kind} was called {b} and had come {came}. ~ 这个{b.kind}叫{b}，是从{came}来的。

{b} looked at the floor and sat down {seat}. ~ {b}低头看着地板，坐在了{seat}。
{b} went to a seat {seat} and did not say a word. ~ {b}走到{seat}的座位上，一句话也没说。
The only free seat was {seat}, and there {b} sat, all alone. ~ 只有{seat}还有空座位，{b}就一个人坐在那里。

? Nobody spoke to {b} all morning. ~ 整个上午，没有人和{b}说话。
? {a} saw that {b}'s hands were shaking a little. ~ {a}看见{b}的手有点儿发抖。

--

{a} remembered {a.his} own first day and how {:sad} {a.he} had been. ~ {a}想起了[自己第一天上学的时候|自己刚上学的那一天]，[那时候{a.he}也很|当时{a.he}也觉得很]{:sad}。
"It must be hard to be new," thought {a}. ~ “刚来一定很不容易。”{a}心想。
{a} wanted to say something to {b}, but {a.he} did not know what. ~ {a}想和{b}说点什么，可是不知道说什么好。
"""
        + ICE[way][1]
        + """
--

When school was over, {b} waited for {a} at the gate. ~ 放学的时候，{b}在校门口等着{a}。
On the way home {a} and {b} found out that they lived in the same street. ~ 回家的路上，{a}和{b}发现他们住在同一条街上。

"Will you sit next to me tomorrow?" asked {b}. "Of course," {a} said. ~ “[明天你坐我旁边，好吗|明天还坐我旁边，行吗|明天你还跟我坐吗]？”{b}问。“[当然好|好啊|那当然]。”{a}说。
"I was so afraid this morning," said {b}, "and now I am not." ~ “[今天早上我好害怕|早上我可害怕了|早上来的时候我真怕]，”{b}说，“[现在不怕了|这会儿已经不怕了|现在一点都不怕了]。”
The next morning there were two children {seat}, and both were laughing. ~ [第二天早上|第二天一早]，{seat}坐着两个孩子，[都在笑呢|有说有笑|两个人都笑嘻嘻的]。

? {m} saw it and was {:happy}. ~ {m}看见了，心里很{:happy}。
? From that day on, {a} and {b} were friends. ~ 从那天起，{a}和{b}成了朋友。
""".replace("发现他们住", "发现两个人住")
    )
    t.title("""
The New {b.kind} ~ 新来的{b.kind}
{b}'s First Day ~ {b}的第一天
{a} and {b} ~ {a}和{b}
""")
    t.summary("""
{b} was new at school and lonely until {a} made friends with {b.him} through {how}. ~ {b}刚来学校，很孤单，后来{a}和{b.he}因为{how}成了朋友。
{a} made friends with {b}, the new {b.kind} at school. ~ {a}和新来的{b.kind}{b}交上了朋友。
""")
    t.ask("""
who: Who was new at school? => {b} ~ 谁是新来的？ => {b}
where: Where did {b} come from? => {came} ~ {b}是从哪里来的？ => {came}
where: Where did {b} sit? => {seat} ~ {b}坐在哪里？ => {seat}
who: Who was the teacher? => {m} ~ 老师是谁？ => {m}
who: Who made friends with {b}? => {a} ~ 谁和{b}成了朋友？ => {a}
why: Why did {b} not speak to anyone? => because {b.he} was new ~ {b}为什么不和别人说话？ => 因为{b.he}是新来的
did: Did {b} sit {seat?}? ~ {b}坐在{seat?}了吗？
unsaid: What was the name of the school? ~ 学校叫什么名字？
""")
