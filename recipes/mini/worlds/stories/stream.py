"""The bridge is broken; an animal must bring something across a stream to somebody."""

CROSS = {
    "stones": """
"We could put stones in the water and step on them," said {b.full}. ~ “我们可以把石头放进水里，踩着过去。”{b.full}说。
{b.full} looked at the big stones on the bank and had an idea. ~ {b.full}看着岸边的大石头，想出了一个主意。

{a} and {b} rolled {n} big stones into the stream, one after another. ~ {a}和{b}把{n}块大石头一块接一块地滚进了小溪。
They pushed one stone, then another, until {n} stones lay in a row. ~ {a+b.he}推了一块又一块，直到{n}块石头排成了一行。

Hop, hop, hop! {a} jumped from stone to stone with the {food} [in {a.his} arms|on {a.his} back]. ~ 跳，跳，跳！{a}[抱着|背着]{food}，从一块石头跳到另一块石头上。
{a} stepped from stone to stone, very slowly, and held the {food} tight. ~ {a}紧紧抱着{food}，慢慢地从一块石头走到另一块石头上。
""",
    "log": """
"There is a long log behind my house," said {b.full}. ~ “我家后面有一根长长的木头。”{b.full}说。
{b.full} remembered a log that the storm had blown down. ~ {b.full}想起了一根被大风吹倒的木头。

{a} pulled and {b} pushed, and at last the log lay across the stream. ~ {a}在前面拉，{b}在后面推，木头终于横在了小溪上。
It took {a+b.him} {n} tries to get the log over the water. ~ {a+b.he}试了{n}次，才把木头架到小溪上。

{a} walked over the log, step by step, and did not look down. ~ {a}一步一步走过木头，没有往下看。
The log shook a little, but {a} held the {food} high and walked across. ~ 木头有点儿晃，可是{a}高高地举着{food}走了过去。
""",
    "boat": """
"We can make a boat from my wash tub!" said {b.full}. ~ “我们可以拿我的洗衣盆当船！”{b.full}说。
{b.full} brought a round wooden tub. "Here is our boat!" ~ {b.full}[拿来|推来|找来]一个圆圆的木盆。“[这就是我们的船|我们的船来了|看，这就是船]！”

{a} sat down in the tub with the {food}, and {b} gave it a push. ~ {a}抱着{food}坐进木盆，{b}推了一把。
The tub went round and round {n} times, and {a} [could not stop laughing|laughed out loud]. ~ 木盆一连转了{n}个圈，{a}笑得[停不下来|好大声]。

Soon the tub bumped against the other bank, and {a} climbed out with dry feet. ~ 不一会儿，木盆靠上了对岸，{a}爬了出来，脚一点儿也没湿。
{a} used a wooden spoon to row, and in a few minutes {a.he} was across. ~ {a}用木勺划水，几分钟就到了对岸。
""",
}
TRIED = (
    """
{a} tried to wade through, but the water was too [cold|deep]. ~ {a}想蹚水过去，可是水太[冷|深]了。
{a} put one foot into the water. It was so [cold|fast] that {a.he} jumped back. ~ {a}把一只脚伸进水里。水[那么冷|流得那么急]，{a.he}赶紧跳了回来。
""",
    """
{a} tried to jump over. Splash! {a.He} fell in and had to climb out [all wet|wet to the ears]. ~ {a}想跳过去。“扑通”一声，{a.he}掉进了水里，[浑身湿透|湿淋淋]地爬上来。
{a} took a long run and jumped, but the stream was too wide, and {a.he} landed in the mud. ~ {a}远远地跑过来一跳，可是小溪太宽了，{a.he}摔在了泥里。
""",
    """
{a} looked for another bridge, but {a.he} walked for (ten minutes|half an hour) and found none. ~ {a}去找别的桥，走了(十分钟|半个小时)也没找到。
"Maybe there is another bridge," said {a}, but there was none [anywhere|to be seen]. ~ “也许还有别的桥。”{a}说，可是[到处都|哪儿都]没有。
""",
)


def tell(t):
    t.animal("a", "b")
    t.kin("g", of="a", who=t.random.choice(["grandma", "grandpa"]))
    t.pick(n="numbers", when="when")
    t.pick(
        food=[
            "honey cake ~ 蜂蜜蛋糕 ~ 块",
            "pot of soup ~ 汤 ~ 锅",
            "basket of berries ~ 浆果 ~ 篮",
            "jar of jam ~ 果酱 ~ 罐",
            "nut bread ~ 坚果面包 ~ 个",
            "pumpkin ~ 南瓜 ~ 个",
        ]
    )
    t.pick(wrong=["had broken the bridge ~ 冲坏了", "had washed away the bridge ~ 冲走了"])
    t.pick(
        ill=[
            "had a cold ~ 感冒了",
            "had hurt {g.his} foot ~ 脚受伤了",
            "could not go out ~ 出不了门",
            "was all alone ~ 一个人在家",
        ]
    )
    t.meet(like=False)
    way = t.branch("stones", "log", "boat")
    ill = {"had hurt {g.his} foot": f"had hurt {t.state['g'].form('his', 'en')} foot"}
    t.let(ill=f"{ill.get(t.state['ill'].en, t.state['ill'].en)} ~ {t.state['ill'].zh}")
    t.tell("""
{a}'s {g.kind} lived on the other side of the stream, and that week {g.he} {ill}. ~ {a}的{g}[住在小溪对面|家在小溪那一边]，[那几天|这几天]{g.he}{ill}。
One day {a} heard that {a.his} {g.kind} {ill}. ~ 有一天，{a}听说{g}{ill}。 // {g.He} lived far away, across the stream. ~ {g}住得[很远|挺远的|好远]，在小溪的另一边。

"I will bring {g.him} a {food}," said {a}. ~ “我要给{g}送一{food.mw}{food}。”{a}说。
So {a} made a {food} for {g.him}. ~ 于是{a}为{g}准备了一{food.mw}{food}。

{when}, {a} set out with the {food}. ~ {when}，{a}带着{food}出发了。
{when}, {a} went down the path with the {food}, singing a little song. ~ {when}，{a}[带着|拿着|抱着]{food}[走在小路上|上路了|沿着小路走]，[一边走一边唱歌|嘴里哼着歌|边走边唱]。

--

But when {a} came to the stream, {a.he} stopped. ~ 可是来到小溪边，{a}停住了。 // The rain {wrong}! ~ 雨水把桥{wrong}！
At the stream, {a} could not believe {a.his} eyes. ~ [到了小溪边|来到小溪边|走到小溪前]，{a}[简直不敢相信自己的眼睛|一下子愣住了|看得目瞪口呆]。 // Last night's rain {wrong}. ~ 昨晚的大雨把桥{wrong}。
""")
    t.some(t.random.randint(1, 2), *TRIED)
    t.tell(
        """
--

{b.full} was sitting on the bank and [had seen it all|watched]. ~ {b.full}正坐在岸边，[全都看见了|看着这一切]。
Then {b.full} came along. "What is the matter, {a}?" ~ 这时{b.full}走了过来。“{a}，怎么了？”

? "I must bring this {food} to my {g.kind}," said {a}, "and there is no bridge." ~ “[我要把这{food.mw}{food}送给{g}|这{food.mw}{food}是要送给{g}的|{g}还等着我的{food}呢]，”{a}说，“[可是桥没了|可桥不能走了|可是没有桥了]。”
"""
        + CROSS[way]
        + """
--

{g} was very {:happy} when {a} knocked at the door. ~ {a}敲门的时候，{g}{:happy}极了。
"{a}! How did you get here?" asked {g}. ~ “{a}！[你是怎么过来的|你怎么过来了|没有桥，你怎么来的]？”{g}问。

{g} and {a} shared the {food}, and {a} kept [some|a little] of it for {b}. ~ {g}和{a}一起分享了{food}，{a}还给{b}留了[一些|一点儿]。
{a} told {g.him} about {b}, and {g} said, "You have a good friend." ~ {a}把{b}的事[讲给{g}听|告诉了{g}]，{g}说：“[你有一个好朋友|有这样的朋友真好|你的朋友真好]。”
"""
    )
    if t.chance(0.5):
        t.ending()
    how = {
        "stones": "over stones ~ 踩着石头",
        "log": "over a log ~ 走木头",
        "boat": "in a tub ~ 坐木盆",
    }[way]
    t.let(how=how)
    t.title("""
The Broken Bridge ~ 断了的桥
Across the Stream ~ 过小溪
A {food} for {g} ~ 送给{g}的{food}
""")
    t.summary("""
The bridge was gone, but with {b}'s help {a} crossed the stream {how} and brought {a.his} {g.kind} a {food}. ~ 桥没了，{a}在{b}的帮助下{how}过了小溪，给{g}送去了{food}。
{a} wanted to bring {a.his} {g.kind} a {food}, and {b} helped {a.him} get across the stream {how}. ~ {a}想给{g}送{food}，{b}帮{a.he}{how}过了小溪。
""")
    t.ask("""
who: Who helped {a}? => {b} ~ 谁帮助了{a}？ => {b}
what: What did {a} bring? => a {food} ~ {a}带了什么？ => 一{food.mw}{food}
who: Whom did {a} want to visit? => {a.his} {g.kind} ~ {a}想去看谁？ => {g}
how: How did {a} cross the stream? => {how} ~ {a}是怎么过小溪的？ => {how}
why: Why could {a} not use the bridge? => because the rain {wrong} ~ {a}为什么不能走桥？ => 因为桥被雨水{wrong}
what: What kind of animal was {b}? => a {b.kind} ~ {b}是什么动物？ => {b.kind}
did: Did {a} bring a {food?}? ~ {a}带{food?}了吗？
yes: Did {a}'s {g.kind} live on the other side of the stream? ~ {a}的{g}住在小溪对面吗？
""")
