"""A pet has run away; its tracks lead to where it hides."""

TRACKS = {
    "prints": """
In the mud there were small footprints. {a} followed them past {n} houses. ~ 泥地上有小小的脚印。{a}跟着脚印走过了{n}座房子。
"Look, footprints!" said {b}. They led past {n} trees. ~ “看，脚印！”{b}说。脚印一直通到{n}棵树那边。
""",
    "fur": """
On a fence hung a bit of {coat} fur. "{pet} was here!" said {b}. ~ 篱笆上挂着一小撮{coat}的毛。“{pet}来过这儿！”{b}说。
{b} found some {coat} hair on a bush and showed it to {a}. ~ {b}在灌木上发现了几根{coat}的毛，拿给{a}看。
""",
    "neighbor": """
"I saw something {coat} run by," said {m} and pointed down the road. ~ “我看见一个{coat}的东西跑过去了。”{m}指着路那头说。
{m} was sweeping the street. "A {coat} {kind}? It ran that way." ~ {m}正在扫街。“{coat}的{kind}？往那边跑了。”
""",
    "call": """
{a} called "{pet}! {pet}!" until {a.his} voice was tired. ~ {a}喊着“{pet}！{pet}！”，嗓子都喊哑了。
They called {pet}'s name at every door. ~ {a+b.he}走到每一家门口都喊{pet}的名字。
""",
    "food": """
{b} shook a box of {pet}'s food. Usually {pet} came at once, but not today. ~ {b}[摇了摇|晃了晃]装着{pet}食物的盒子。平时{pet}[一听就来|听见就跑来]，[今天却没有来|今天却不见影子]。
{a} put down a plate of {pet}'s food and waited, but only a (crow|pigeon|beetle) came. ~ {a}放下一盘{pet}爱吃的东西等着，可是只来了一只(乌鸦|鸽子|甲虫)。
""",
}
END = {
    "stuck": """
{pet} was {hide} and could not get out. ~ {pet}就在{hide}，出不来了。
There was {pet}, stuck {hide}! ~ {pet}原来被困在{hide}了！

{a} reached in with one arm, and {b} held {a.his} legs. Out came {pet}! ~ {a}把一只胳膊伸进去，{b}抱住{a.his}腿。{pet}出来了！
Slowly and gently, {a} pulled {pet} out. ~ {a}慢慢地、轻轻地把{pet}拉了出来。
""",
    "babies": """
{pet} lay {hide}, and beside {pet} lay {n2} tiny babies. ~ {pet}躺在{hide}，身边还有{n2}只小小的宝宝。
"Come quickly!" whispered {b}. {hide}, {pet} was lying with {n2} newborn babies. ~ “快来！”{b}小声说。在{hide}，{pet}正带着{n2}只刚出生的宝宝躺着呢。

"So you were looking for a quiet place," said {a}. ~ “原来你是在找一个安静的地方呀。”{a}说。
{a} could not believe it. "{pet}, you are a mother!" ~ {a}简直不敢相信。“{pet}，你当妈妈了！”
""",
    "friend": """
{pet} was {hide}, and {pet} was not alone: a small {other} was sleeping there, too. ~ {pet}就在{hide}，而且不是孤零零的：还有一只小小的{other}也睡在那里。
{hide} they found {pet}, side by side with a little {other}. ~ {a+b.he}在{hide}找到了{pet}，它正和一只小{other}挨在一起。

"{pet} has found a friend," said {a} and laughed. ~ “{pet}交了一个朋友。”{a}笑着说。
The {other} belonged to {m}, and from then on the two animals met every day. ~ {other}是{m}家的，从那以后，两个小家伙天天见面。
""",
}


def tell(t):
    t.child("a", "b")
    t.adult("m")
    t.pick(n="numbers", n2="numbers", when="when")
    t.pick(kind=["kitten ~ 小猫", "puppy ~ 小狗", "rabbit ~ 小兔子", "cat ~ 猫", "dog ~ 狗"])
    t.pick(coat=["white ~ 白色", "black ~ 黑色", "gray ~ 灰色", "brown ~ 棕色", "golden ~ 金黄色"])
    t.pick(
        pet=[
            "Socks ~ 袜袜",
            "Muffin ~ 松饼",
            "Star ~ 星星",
            "Ginger ~ 姜姜",
            "Biscuit ~ 饼饼",
            "Bear ~ 熊熊",
            "Fluffy ~ 绒绒",
            "Cloud ~ 云朵",
            "Ash ~ 灰灰",
            "Cookie ~ 曲奇",
        ]
    )
    t.pick(
        hide=[
            "under the old boat ~ 旧船底下",
            "in the shed ~ 小木棚里",
            "behind the bakery ~ 面包店后面",
            "in a big pipe ~ 一根大水管里",
            "under the stairs of the school ~ 学校的楼梯下面",
            "in an empty barrel ~ 一个空木桶里",
            "under a heap of leaves ~ 一堆落叶下面",
        ]
    )
    t.pick(other=["cat ~ 猫", "hen ~ 母鸡", "duck ~ 鸭子", "hedgehog ~ 刺猬"])
    t.meet(like=False)
    way = t.branch(
        *(["stuck", "friend"] + (["babies"] if t.state["kind"].en in ("cat", "dog") else []))
    )
    t.tell("""
{a} had a {coat} {kind} called {pet}. ~ {a}养了一只{coat}的{kind}，名叫{pet}。
{a}'s best friend was {pet}, a {coat} {kind}. ~ {a}最好的朋友是{pet}，一只{coat}的{kind}。

? {pet} slept [at the foot of|under] {a}'s bed every night. ~ 每天晚上，{pet}都睡在{a}的[床脚边|床底下]。
? Wherever {a} went, {pet} went, too. ~ {a}走到哪里，{pet}就跟到哪里。

{when}, the (door|gate|window) was open, and {pet} was gone. ~ {when}，(门|院门|窗户)开着，{pet}不见了。
{when}, {a} came home, and {pet} did not run to meet {a.him}. ~ {when}，{a}回到家，{pet}[没有跑来迎接{a.he}|没有像平时那样跑来|不在门口等{a.he}]。

"{pet}! Where are you?" called {a}. There was no answer. ~ “{pet}！[你在哪儿|你去哪儿了|你跑到哪儿去了]？”{a}喊道。[没有回答|什么回答也没有|四周静悄悄的]。
{a} looked in the basket and under the bed. No {pet}! ~ {a}看了看篮子，又看了看床底下。没有{pet}！

--

{a} ran to {b}, who lived next door. "{pet} is gone! Will you help me?" {a.he} asked. ~ {a}[跑去找住在隔壁的{b}|去敲隔壁{b}的门]。“{pet}不见了！[你能帮我找吗|帮我找找好吗|能不能帮我找一找]？”{a.he}问。
"I will help you look," said {b}, {a}'s friend. ~ “我帮你找。”{a}的朋友{b}说。
""")
    t.some(t.random.randint(2, 3), *TRACKS.values())
    t.tell(
        """
--

Then {a} heard a [soft|tiny] sound. It came from somewhere close by. ~ 这时，{a}听到一阵[轻轻的|细细的|小小的]声音，[就在附近|就在不远的地方|离得很近]。
"Shh," said {b}. "Did you hear that?" ~ “嘘，”{b}说，“你听见了吗？”
"""
        + END[way]
        + """
{a} pressed {a.his} face into the {coat} fur. "I was so worried about you, {pet}." ~ {a}把脸[贴在|埋进]{coat}的毛[上|里]。“{pet}，[我担心死你了|你可把我急坏了|我真为你担心]。”
{a} carried {pet} home [in {a.his} arms|under {a.his} coat], and {b} walked beside {a.him}. ~ {a}把{pet}[抱在怀里|裹在大衣里]带回了家，{b}走在旁边。

? From that day on, {pet} wore a [small|little] bell. ~ 从那天起，{pet}[戴上了一个小铃铛|脖子上多了一个小铃铛|就戴着一个小铃铛]。
? "Thank you, {b}," said {a}. "Without you I would not have found {pet}." ~ “谢谢你，{b}。”{a}说，“没有你，我就找不到{pet}了。”
"""
    )
    if t.chance():
        t.ending()
    t.title("""
Where Is {pet}? ~ {pet}在哪里？
{a} and {pet} ~ {a}和{pet}
The Lost {kind} ~ 走丢的{kind}
""")
    t.summary(
        {
            "stuck": """
{a}'s {kind} {pet} was lost, and {a} and {b} found it stuck {hide}. ~ {a}的{kind}{pet}不见了，{a}和{b}发现它被困在{hide}。
""",
            "babies": """
{a} and {b} looked for the lost {kind} {pet} and found it {hide} with {n2} babies. ~ {a}和{b}去找走丢的{kind}{pet}，发现它在{hide}生了{n2}只宝宝。
""",
            "friend": """
{a} and {b} looked for the lost {kind} {pet} and found it {hide} with a new friend. ~ {a}和{b}去找走丢的{kind}{pet}，发现它在{hide}交了一个新朋友。
""",
        }[way]
    )
    t.ask("""
who: What was the {kind} called? => {pet} ~ {kind}叫什么名字？ => {pet}
where: Where did they find {pet}? => {hide} ~ {pet}是在哪里找到的？ => {hide}
who: Who helped {a} look for {pet}? => {b} ~ 谁帮{a}找{pet}？ => {b}
is: Was {pet} {coat?}? ~ {pet}是{coat?}的吗？
what: What color was {pet}? => {coat} ~ {pet}是什么颜色的？ => {coat}
what: What kind of animal was {pet}? => a {kind} ~ {pet}是什么动物？ => {kind}
why: Why was {a} worried? => because {pet} was gone ~ {a}为什么担心？ => 因为{pet}不见了
unsaid: How long had {a} had {pet}? ~ {pet}来{a}家多久了？
""")
    if way == "babies":
        t.ask("howmany: How many babies did {pet} have? => {n2} ~ {pet}生了几只宝宝？ => {n2}只")
