"""A kite is caught in a tree; some ways to get it down do not work, one does."""

FAILS = {
    "jump": """
{a} jumped [as high as {a.he} could|again and again], but the {tree} was too tall. ~ {a}[使劲往上跳|跳了一次又一次]，可是{tree}太高了。
First {a} tried jumping, but {a.his} hands could not reach the {col} tail. ~ {a}先试着跳起来够，可是手够不着那条{col}的尾巴。
""",
    "shake": """
{a} shook the {tree} with both hands. ~ {a}用两只手摇{tree}。 // Leaves fell on {a.his} head, but the kite [did not move|stayed where it was]. ~ 树叶落了{a.he}一头，风筝却[一动也不动|还在老地方]。
{a} pushed the {tree} hard, but only a few leaves came down. ~ {a}用力推了推{tree}，只掉下来几片叶子。
""",
    "throw": """
{a} threw {a.his} {shoe} at the kite, and now the {shoe} was stuck in the {tree} as well. ~ {a}把{shoe}朝风筝扔过去，结果{shoe}也挂在{tree}上了。
{a} threw a {shoe} up into the {tree}. ~ {a}把{shoe}往{tree}上扔。 // It [missed the kite|flew past the kite] and landed in a puddle. ~ {shoe}没打中风筝，掉进了水坑里。
""",
    "string": """
{a} pulled the string, but it only got more tangled around the {col} kite. ~ {a}拉了拉线，可是线把{col}的风筝缠得更紧了。
{a} gave the string a [good|strong] pull. ~ {a}使劲拉了一下线。 // Snap! The string broke in {a.his} hand. ~ “啪”的一声，线在{a.he}手里断了。
""",
}
HELP = {
    "ladder": """
{b} ran to the nearest house and borrowed a long ladder. ~ {b}跑到最近的一户人家，借来了一架长梯子。
{b} knew where to find a ladder, and soon {b.he} was back with it. ~ {b}知道哪儿有梯子，不一会儿就扛来了一架。

"Hold the ladder [for me|tight]," said {b}, and {b.he} climbed up to the {col} kite. ~ “帮我[扶好|扶稳]梯子。”{b}说着，爬上去够那只{col}的风筝。
{a} held the ladder while {b} climbed up and set the {col} kite free. ~ {a}扶着梯子，{b}爬上去，把{col}的风筝解了下来。
""",
    "pole": """
{b} [ran|hurried] home and came back with a long fishing pole. ~ {b}[跑|赶]回家，拿来了一根长长的钓鱼竿。
"Wait here," said {b}. "I have a long fishing pole at home." ~ “在这儿等着。”{b}说，“我家有一根长长的钓鱼竿。”

With the pole, {b} pushed the {col} kite [gently|slowly] off the branch. ~ {b}用钓鱼竿[轻轻|慢慢]地把{col}的风筝从树枝上顶了下来。
{a} held the pole, {b} pointed the way, and the {col} kite slid off the branch. ~ {a}举着钓鱼竿，{b}指着方向，{col}的风筝从树枝上滑了下来。
""",
    "bird": """
A big black bird landed beside the kite and looked at it. ~ 一只大黑鸟落在风筝旁边，看着它。
Then a crow sat down on the branch, right next to the kite. ~ 这时，一只乌鸦落在树枝上，就在风筝旁边。

"Please, bird, help us!" [called|shouted] {b}. ~ “鸟儿，请帮帮我们吧！”{b}[喊道|叫道]。
{b} put some bread on the ground and whistled to the bird. ~ {b}在地上放了些面包，对着鸟儿吹起了口哨。

The bird pulled at the string, and down came the {col} kite. ~ 鸟儿扯了扯线，{col}的风筝就掉下来了。
When the bird [hopped|flew] down, it shook the branch, and the {col} kite fell right into {a}'s arms. ~ 鸟儿[跳|飞]下来的时候晃动了树枝，{col}的风筝正好落进{a}的怀里。
""",
}
WITH = {
    "ladder": "with a ladder ~ 用梯子",
    "pole": "with a fishing pole ~ 用钓鱼竿",
    "bird": "with the help of a bird ~ 在一只鸟的帮助下",
}


def tell(t):
    t.child("a", "b")
    t.pick(col="colors", tree="trees", p="outdoors")
    t.pick(
        when=[
            "one windy morning ~ 一个刮风的早晨",
            "one windy afternoon ~ 一个刮风的下午",
            "one day in spring ~ 春天里的一天",
            "one windy day ~ 一个有风的日子",
        ]
    )
    t.pick(shoe=["shoe ~ 鞋子 ~ 只", "ball ~ 皮球 ~ 个", "cap ~ 帽子 ~ 顶"])
    t.pick(maker=["grandpa ~ 爷爷", "dad ~ 爸爸", "big sister ~ 姐姐", "uncle ~ 叔叔"])
    t.let(n="kite ~ 风筝 ~ 只")
    t.meet(like=t.chance(0.3))
    way = t.branch("ladder", "pole", "bird")
    t.let(way=WITH[way])
    t.tell("""
{a} had a {col} kite that {a.his} {maker} had made. ~ {a}有一只{col}的风筝，是{maker}给{a.he}做的。
{a}'s {maker} had made {a.him} a [beautiful|fine] {col} kite. ~ {a}的{maker}给{a.he}做了一只[漂亮|好看]的{col}风筝。

{when}, {a} took the kite to the {p}. ~ {when}，{a}带着风筝来到{p.in}。
{when}, {a} went to the {p} to fly it. ~ {when}，{a}去{p.in}放风筝。

? The {col} kite went up and up, [high above|far over] the {p}. ~ {col}的风筝[越飞越高|飞得越来越高|一个劲儿往上飞]，[高高地飘在天上|一直飞到云朵旁边|飞到了云彩底下]。
? It flew so high that it looked as small as a {col} bird. ~ 它飞得[那么高|好高好高|高极了]，看上去像一只{col}的小鸟。

--

Then a strong wind blew, and the kite got stuck in a tall {tree}. ~ [忽然刮来一阵大风|忽然，风大了起来|一阵大风吹过来]，风筝[挂在了一棵高高的{tree}上|缠在了一棵很高的{tree}上]。
But the wind turned, and the kite flew straight into a {tree}. ~ 可是[风向变了|风转了方向|风一下子变了]，风筝[一头扎进了|直直地撞进了|飞进了]一棵{tree}里。
""")
    t.tell("""
"[Oh no|Oh dear]! My kite!" [cried|shouted] {a}. ~ “[糟了|哎呀]！我的风筝！”{a}[喊道|叫起来]。
{a} looked up at {a.his} kite and felt very {:sad}. ~ {a}[抬头看着风筝|望着树上的风筝|看着那么高的风筝]，[心里很|觉得很]{:sad}。
""")
    tries = t.random.randint(1, 2)
    t.some(tries, *FAILS.values())
    t.tell(
        """
--

{a}'s friend {b} [saw|heard] what had happened. ~ {a}的朋友{b}[看见|听说]了这件事。
{b}, a {b.kind} from {a}'s class, came over to [help|look]. ~ {a}的同学{b}走了过来，[想帮帮忙|看看是怎么回事]。

"Don't be sad, {a}," said {b}. "We will [get it down|find a way] together." ~ “别难过，{a}。”{b}说，“我们一起[把它取下来|想办法]。”
"[Let's think|Let me think]," said {b}. ~ “[我们想想|让我想想]办法。”{b}说。
"""
        + HELP[way]
    )
    t.tell("""
--

"Thank you, {b}!" said {a}. "[Now you fly it|It is your turn now]." ~ “谢谢你，{b}！”{a}说，“现在[你来放吧|轮到你放了]。”
{a} was so {:happy} that {a.he} hugged {b}. ~ {a}{:happy}得一把抱住了{b}。

{a} and {b} flew the {col} kite together until [sunset|dinner time]. ~ {a}和{b}一起放那只{col}的风筝，一直玩到[太阳下山|吃晚饭的时候]。
This time they stayed far away from the {tree}, and the {col} kite danced in the sky. ~ [这一次|这回]，{a+b.he}[离{tree}远远的|走到离{tree}很远的地方]，{col}的风筝[在天上飘来飘去|在天上跳起了舞|又飞上了天]。
""")
    if t.chance(0.6):
        t.ending()
    t.title("""
{a}'s Kite ~ {a}的风筝
The {col} Kite ~ {col}的风筝
The Kite in the {tree} ~ 挂在{tree}上的风筝
""")
    t.summary("""
{a}'s {col} kite got stuck in a {tree}, and {b} helped {a.him} get it down {way}. ~ {a}的{col}风筝挂在了{tree}上，{b}{way}帮{a.he}取了下来。
{b} helped {a} get a kite out of a {tree} {way}. ~ {b}{way}，帮{a}把风筝从{tree}上取了下来。
""")
    t.ask("""
who: Who helped {a}? => {b} ~ 谁帮助了{a}？ => {b}
what: What got stuck in the tree? => a {col} kite ~ 什么东西挂在了树上？ => 一只{col}的风筝
what: What color was the kite? => {col} ~ 风筝是什么颜色的？ => {col}
where: Where did {a} fly the kite? => {p.in} ~ {a}在哪里放风筝？ => {p.in}
who: Who made the kite? => {a}'s {maker} ~ 风筝是谁做的？ => {a}的{maker}
why: Why was {a} sad? => because the kite was stuck in a {tree} ~ {a}为什么难过？ => 因为风筝挂在了{tree}上
how: How did they get the kite down? => {way} ~ 风筝是怎么取下来的？ => {way}
is: Was the kite {col?}? ~ 风筝是{col?}的吗？
is: Did the kite get stuck in a {tree?}? ~ 风筝是挂在{tree?}上了吗？
nodid: Did {b} break the kite? ~ {b}把风筝弄坏了吗？
""")
