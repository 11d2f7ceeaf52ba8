"""Two animals race; what each is like decides who wins."""

FAST = {
    "sleep": (
        "lay down in the shade and fell asleep ~ 躺在树荫里睡着了",
        """
"I have so much time," said {b}. {b.He} lay down in the shade of a {tree} and fell asleep. ~ “时间多得很。”{b}说着，在一棵{tree}的树荫里躺下，睡着了。
Half way, {b} yawned. "A little sleep will not hurt." Soon {b.he} was snoring under a {tree}. ~ 跑到一半，{b}打了个哈欠。“睡一小会儿没关系。”不久，{b.he}就在一棵{tree}下打起了呼噜。
""",
    ),
    "eat": (
        "stopped to eat ~ 停下来吃东西",
        """
On the way {b} saw a bush full of berries. "Just (one|two|three)," {b.he} said, and then {b.he} ate and ate. ~ 路上，{b}看见一丛长满浆果的灌木。“就吃(一|两|三)颗。”{b.he}说，可是吃了一颗又一颗。
{b} smelled something sweet behind a {tree}. {b.He} stopped and ate until {b.his} belly was round. ~ {b}闻到一棵{tree}后面有甜甜的味道。{b.he}停下来吃呀吃，肚子都吃圆了。
""",
    ),
    "show": (
        "stopped to show off ~ 停下来显摆",
        """
{b} stopped to dance for the birds. "Look how [good|fast] I am!" ~ {b}停下来跳舞给小鸟们看。“瞧我多[棒|快]！”
Under a {tree} some mice were watching, so {b} stopped and did {n} somersaults for them. ~ 一棵{tree}下有几只老鼠在看，{b}就停下来给它们翻了{n}个跟头。
""",
    ),
}


def tell(t):
    t.animal(
        "a",
        kind=t.random.choice(
            [
                "tortoise ~ 小乌龟 ~ 只",
                "snail ~ 小蜗牛 ~ 只",
                "duck ~ 小鸭子 ~ 只",
                "hedgehog ~ 小刺猬 ~ 只",
                "mole ~ 小鼹鼠 ~ 只",
            ]
        ),
    )
    t.animal(
        "b",
        kind=t.random.choice(
            [
                "rabbit ~ 小兔子 ~ 只",
                "fox ~ 小狐狸 ~ 只",
                "deer ~ 小鹿 ~ 只",
                "pony ~ 小马 ~ 匹 ~ ponies",
                "squirrel ~ 小松鼠 ~ 只",
            ]
        ),
    )
    t.pick(n="numbers", tree="trees", when="when")
    t.pick(
        prize=[
            "a basket of apples ~ 一篮苹果",
            "a golden cup ~ 一个金杯",
            "a big cake ~ 一个大蛋糕",
            "a crown of flowers ~ 一个花环",
            "a red ribbon ~ 一条红丝带",
        ]
    )
    t.pick(
        goal=[
            "old mill ~ 老磨坊",
            "big rock ~ 大石头",
            "wooden bridge ~ 木桥",
            "pond ~ 池塘",
            "windmill ~ 大风车",
        ]
    )
    t.pick(
        judge=["owl ~ 猫头鹰 ~ 只", "crow ~ 乌鸦 ~ 只", "goat ~ 老山羊 ~ 只", "toad ~ 癞蛤蟆 ~ 只"]
    )
    t.pick(trait=["patient ~ 有耐心", "quiet ~ 安静", "careful ~ 细心", "hard-working ~ 勤劳"])
    t.meet(like=False)
    t.tell("""
{b.full} was the fastest runner of all, and {b.he} [told everybody|said so every day]. ~ {b.full}跑得最快，[见谁都要说一遍|天天都要自夸一番]。
Not far away lived {b.full}. "Nobody is as fast as I am," {b.he} liked to say. ~ [不远的地方|离那儿不远|附近]住着{b.full}。“[谁也没有我快|没有谁跑得过我|我跑得最快]。”{b.he}[总爱这么说|老是这么说|逢谁都这么说]。

"You are so slow, {a}!" laughed {b} {when}. ~ {when}，{b}笑着说：“{a}，你可真慢！”
{when}, {b} met {a} on the road. "Do you ever get anywhere, {a}?" {b.he} laughed. ~ {when}，{b}在路上遇到了{a}。“{a}，[你这样走，能走到吗|你这么慢，什么时候才能到啊|走这么慢，哪儿都到不了吧]？”{b.he}笑道。

"Let's have a race to the {goal}," said {a} [quietly|calmly]. ~ “[我们来比赛吧，看谁先跑到|那就比一比，看谁先到|咱们比赛跑到]{goal}。”{a}[轻轻地|平静地|不慌不忙地]说。
{a} did not get angry. "Shall we run to the {goal}?" {a.he} asked. ~ {a}[没有生气|并不生气|听了也不生气]。“[我们比一比，跑到{goal}，好吗|那我们跑到{goal}，比比看，怎么样|敢不敢跟我比，看谁先到{goal}]？”{a.he}问。

The {judge} was the judge, and the prize was {prize}. ~ [{judge}当裁判|裁判是{judge}|由{judge}来当裁判]，[奖品是|赢的能得到]{prize}。
All the animals came to watch. The {judge} held up {prize} for the winner. ~ [动物们都来看比赛|来看比赛的动物可真不少|大家都跑来看热闹]。{judge}举起了[给冠军的奖品|冠军的奖品|奖品]：{prize}。

--

"One, two, three, go!" called the {judge}. ~ “[一、二、三，跑|预备，跑|一，二，三，开始]！”{judge}喊道。
The {judge} [whistled|clapped], and off they went. ~ {judge}[吹响了哨子|拍了一下手|一声令下]，[它们就出发了|比赛就开始了|它们就跑了起来]。

{b} shot away like [an arrow|the wind], and {a} was soon far behind. ~ {b}像[箭|风]一样冲了出去，{a}一下子就落在了后面。
In a moment {b} was out of sight. {a} went on, step by step. ~ [一转眼|眨眼之间]，{b}就[跑得没影了|跑得看不见了]。{a}[一步一步往前走|还是一步一步地走|慢慢地往前走]。
""")
    way = t.branch("sleep", "eat", "show", "stop", "fair")
    t.same("w", "a")
    if way in FAST:
        t.let(
            why=f"because {t.state['b'].en} {FAST[way][0].split(' ~ ')[0]} ~ 因为{t.state['b'].zh}{FAST[way][0].split(' ~ ')[1]}"
        )
        t.tell(
            FAST[way][1]
            + """
{a} went on and on, past the {tree}, and never stopped once. ~ {a}[走啊走|不停地走|一步一步往前走]，走过了那棵{tree}，[一次也没有停下来|一步也不停|一回也没歇]。
Slowly, slowly {a} came along, passed {b} and went on to the {goal}. ~ {a}慢慢地走过来，超过了{b}，继续朝{goal}走去。

When {b} remembered the race, {a} was only {n} steps away from the {goal}. ~ 等{b}想起比赛的时候，{a}离{goal}只差{n}步了。
{b} ran as fast as {b.he} could, but it was too late: {a} was at the {goal} already! ~ {b}拼命地跑，可是已经晚了：{a}已经到{goal}了！
"""
        )
    elif way == "stop":
        t.pick(c=["baby bird ~ 小鸟 ~ 只", "beetle ~ 甲虫 ~ 只", "mouse ~ 小老鼠 ~ 只"])
        t.let(why="because {a} helped a {c} ~ x")
        t.same("w", "b")
        t.tell("""
Near the {tree} {a} heard a cry. A {c} had fallen into a hole! ~ 走到那棵{tree}附近，{a}听见有谁在哭。一只{c}掉进坑里了！
Suddenly somebody cried for help. It was a {c} in a deep hole beside a {tree}. ~ 忽然有谁在喊救命，是一只{c}掉进了{tree}旁边的深坑里。

"The race can wait," said {a}, and {a.he} pulled the {c} out. ~ “比赛可以等一等。”{a}说着，把{c}拉了上来。
{a} forgot the race and held a long stick down until the {c} could climb out. ~ {a}忘了比赛，把一根长棍子伸下去，让{c}爬了上来。

So {b} was the first at the {goal}, and {b} got {prize}. ~ 于是{b}第一个跑到{goal}，得到了{prize}。
{b} won the race and waited {n} minutes at the {goal} for {a}. ~ {b}赢了比赛，在{goal}等了{a}{n}分钟。
""")
    else:
        t.same("w", "b")
        t.tell("""
{b} did not stop once and reached the {goal} in {n} minutes. ~ {b}一次也没停，{n}分钟就跑到了{goal}。
{b} ran past the {tree} and was the first at the {goal}. ~ {b}跑过那棵{tree}，第一个到了{goal}。

A long time later {a} came, hot and tired, but {a.he} had not given up. ~ 过了很久，{a}才来，又热又累，可是没有放弃。
{a} was slow, but {a.he} walked all the way to the {goal}, and everybody clapped. ~ {a}虽然慢，可是一直走到了{goal}，大家都为{a.he}鼓掌。
""")
    t.tell("\n--\n")
    if t.state["w"] == t.state["a"]:
        t.tell("""
"{a} is the winner!" called the {judge} and gave {a.him} {prize}. ~ “{a}赢了！”{judge}喊道，把{prize}给了{a.he}。
All the animals cheered, and {a} got {prize}. ~ 动物们都欢呼起来，{a}得到了{prize}。

{b} looked at {b.his} feet. "I am sorry I laughed at you," {b.he} said. ~ {b}[低头看着自己的脚|红着脸低下了头|不好意思地低下头]。“对不起，[我不该笑话你|我以后不笑话你了|是我不好]。”{b.he}说。
"Well done, {a}," said {b}. "I will never call you slow again." ~ “{a}，你真行。”{b}说，“我再也不说你慢了。”

? "Being fast is good, but you must not stop," said the {judge}. ~ “跑得快当然好，可是不能停下来呀。”{judge}说。
? {a} shared the prize with {b}, and they became friends. ~ {a}和{b}分享了奖品，成了朋友。
""")
    elif way == "stop":
        t.tell("""
But when the {judge} heard about the {c}, {b} said, "{a} should have {prize}, not me." ~ 听说了{c}的事以后，{b}对{judge}说：“{prize}应该给{a}，不该给我。”
The {c} told everybody what {a} had done, and {b} gave {a} the prize. ~ {c}把{a}做的事告诉了大家，{b}就把奖品送给了{a}。

"You are slow, but you have a good heart," said {b}. ~ “你虽然慢，可是有一颗好心。”{b}说。
And from that day on, {b} never laughed at {a} again. ~ 从那天起，{b}再也没有笑话过{a}。
""")
    else:
        t.tell("""
{b} got {prize}. {b.He} looked at it and then at {a}. "You are very brave," {b.he} said. ~ {b}得到了{prize}。{b.he}看看奖品，又看看{a}。“你真勇敢。”{b.he}说。
The {judge} gave {b} {prize}, and {b} took {a}'s paw, and they [stood on the stage|waved to everybody] together. ~ {judge}把{prize}给了{b}，{b}拉着{a}的爪子，一起[站在台上|向大家挥手]。

"Next time let us run side by side," said {b}. {a} smiled. ~ “下次我们肩并肩地跑吧。”{b}说。{a}笑了。
After that they often walked to the {goal} together, and {b} went slowly. ~ 从那以后，它们常常一起走到{goal}，{b}走得慢慢的。
""")
    t.title("""
The Race ~ 赛跑
{a} and {b} ~ {a}和{b}
The Race to the {goal} ~ 跑向{goal}
""")
    t.summary(
        {
            "stop": """
{a} stopped in a race to help a {c}, so {b} won but gave {a} the honor. ~ {a}在赛跑时停下来救{c}，{b}虽然赢了，却把荣誉给了{a}。
""",
            "fair": """
{b} won the race against {a}, but {a} did not give up. ~ {b}赛跑赢了{a}，可是{a}没有放弃。
""",
        }.get(
            way,
            """
{a} won a race against {b}, who {why2}. ~ {b}{zhwhy}，所以{a}赛跑赢了。
{b} was fast but {why2}, so slow {a} won the race. ~ {b}跑得快，可是{zhwhy}，结果慢吞吞的{a}赢了。
"""
            if way in FAST
            else "",
        )
        .replace("{why2}", FAST.get(way, [" ~ "])[0].split(" ~ ")[0])
        .replace("{zhwhy}", FAST.get(way, [" ~ "])[0].split(" ~ ")[1])
    )
    t.ask("""
who: Who was first at the {goal}? => {w} ~ 谁先到{goal}？ => {w}
what: What was the prize? => {prize} ~ 奖品是什么？ => {prize}
who: Who was the judge? => the {judge} ~ 谁当裁判？ => {judge}
where: Where did the race end? => at the {goal} ~ 比赛的终点在哪里？ => {goal}
did: Did {w?} win the race? ~ {w?}赢了比赛吗？
what: What kind of animal was {a}? => a {a.kind} ~ {a}是什么动物？ => {a.kind}
what: What kind of animal was {b}? => a {b.kind} ~ {b}是什么动物？ => {b.kind}
unsaid: How many animals came to watch? ~ 来了多少只动物看比赛？
""")
    if way in FAST:
        t.ask("why: Why did {b} lose? => {why} ~ {b}为什么输了？ => {why}")
    elif way == "stop":
        t.ask("why: Why did {a} stop? => to help a {c} ~ {a}为什么停下来？ => 为了救{c}")
