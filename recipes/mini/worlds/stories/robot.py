"""A robot that does exactly what it is told."""

ORDERS = {
    "water": (
        "water the flowers ~ 浇花",
        """
"Water the flowers!" said {a}, and {r} watered them all day and all night. ~ “浇花！”{a}说。{r}就不停地浇，从白天浇到黑夜。
{a} told {r} to water the flowers. {r} did, and it did not stop. ~ {a}叫{r}浇花。{r}浇了起来，怎么也停不下来。
""",
        """
In the evening the {col} flowers stood in a lake. ~ 到了傍晚，{col}的花泡在了一片水里。
The water ran out of the garden and down the street, past {n} houses. ~ 水流出了花园，流到街上，流过了{n}座房子。
""",
    ),
    "cookies": (
        "bake cookies ~ 烤饼干",
        """
"Bake cookies!" said {a}, but {a.he} did not say how many. ~ “烤饼干！”{a}说，可是没有说烤多少。
{a} wanted cookies. "Make some, {r}," {a.he} said. "Make a lot!" ~ {a}想吃饼干。“{r}，做一些吧。”{a.he}说，“多做点！”
""",
        """
Soon there were cookies on the chairs, on the bed and in {a}'s {col} boots. ~ 很快，椅子上、床上，连{a}{col}的靴子里都是饼干。
{r} baked {n} hundred cookies, and the {col} kitchen was full of them. ~ {r}烤了{n}百块饼干，{col}的厨房里堆得满满的。
""",
    ),
    "tidy": (
        "tidy up ~ 收拾屋子",
        """
"Put everything away," said {a}, and {r} began at once. ~ “把东西都收起来。”{a}说。{r}马上动手了。
{a} did not want to tidy up. "You do it, {r}," {a.he} said. "Everything must go!" ~ {a}不想收拾屋子。“{r}，你来吧。”{a.he}说，“全都收走！”
""",
        """
{r} put away the toys, the {col} curtains, {n} chairs and even the door. ~ {r}收走了玩具、{col}的窗帘、{n}把椅子，连门也收走了。
In the end the room was empty, and {a} was sitting in the {col} laundry basket. ~ 最后屋子空了，{a}坐在{col}的洗衣篮里。
""",
    ),
    "walk": (
        "walk the dog ~ 遛狗",
        """
"Walk the dog!" said {a}. {r} took the {col} leash and walked, straight ahead. ~ “去遛狗！”{a}说。{r}牵起{col}的绳子，一直往前走。
{a} gave {r} the {col} leash. "Take the dog for a walk." ~ {a}把{col}的绳子交给{r}。“带狗出去走走吧。”
""",
        """
They walked through {n} villages, and nobody had told {r} to turn around. ~ 走过了{n}个村子，谁也没有叫{r}往回走。
In the evening {r} called from a town on the other side of the hills. ~ 到了晚上，{r}从山那边的一个镇上打来了电话。
""",
    ),
}


def tell(t):
    t.child("a")
    t.kin("m", of="a")
    t.pick(
        col="colors",
        n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六", "seven ~ 七", "nine ~ 九"],
        when="when",
    )
    t.pick(
        r=[
            "Bip ~ 比普",
            "Tik ~ 嘀嗒",
            "Rob ~ 罗布",
            "Zip ~ 吉普",
            "Pling ~ 叮叮",
            "Nut ~ 螺丝",
            "Bolt ~ 闪电",
            "Gizmo ~ 小智",
        ]
    )
    t.pick(
        metal=[
            "tin cans ~ 铁罐",
            "an old washing machine ~ 旧洗衣机",
            "a broken radio ~ 坏收音机",
            "bicycle parts ~ 自行车零件",
            "old clocks ~ 旧钟表",
            "pots and pans ~ 锅碗瓢盆",
        ]
    )
    t.pick(
        arm=[
            "long arms ~ 两条长胳膊",
            "three wheels ~ 三个轮子",
            "a square head ~ 一个方脑袋",
            "big round eyes ~ 一双大圆眼睛",
            "a small bell ~ 一个小铃铛",
        ]
    )
    t.meet(like=t.chance(0.3))
    way = t.branch(*ORDERS)
    t.let(task=ORDERS[way][0])
    t.tell(
        """
{a} and {m} had built a robot out of {metal}. ~ {a}和{m}用{metal}做了一个机器人。 // It had {arm}, and its name was {r}. ~ 它有{arm}，名字叫{r}。
In {a}'s house lived a robot called {r}. ~ {a}家里有一个机器人，名叫{r}。 // {m} had made it out of {metal}, and it had {arm}. ~ 那是{m}用{metal}做的，它有{arm}。
{when}, {m} finished a robot with {arm}. ~ {when}，{m}做好了一个机器人，它有{arm}。 // "I will call you {r}," said {a}. ~ “我就叫你{r}吧。”{a}说。

"I do what you say," said {r}, and its lamp turned {col2}. ~ “你说什么我就做什么。”{r}说着，亮起了{col2}的灯。
{r} could do everything, but it did exactly what one told it. ~ {r}什么都会做，不过你怎么说，它就怎么做，一点儿也不变通。

? "Think before you speak," said {m}, but {a} was not listening. ~ “说话以前要想一想。”{m}说，可是{a}没有听。

--

{when}, {a} was alone with {r}. ~ {when}，家里只有{a}和{r}。
{when}, {a} had a great idea. ~ {when}，{a}想出了一个好主意。
""".replace("{when}, {m} finished a robot", "One day {m} finished a robot")
        .replace("{when}，{m}做好了", "有一天，{m}做好了")
        .replace("{col2}", "{:colors}")
        + ORDERS[way][1]
        + ORDERS[way][2]
        + """
"Stop!" cried {a}. "Stop at once, {r}!" ~ “停！”{a}喊道，“{r}，快停下！”
{a} did not know whether to laugh or to cry. ~ {a}不知道该笑还是该哭。
"Oh no! What have I done?" said {a}. ~ “糟了！我做了什么呀？”{a}说。

--
"""
    )
    if t.branch("asked", "alone") == "asked":
        t.tell("""
{a} ran to {m} and told {m.him} everything. ~ {a}跑去找{m}，把事情都说了。
When {m} came home, {a} said, "It was my fault." ~ {m}回到家，{a}说：“这都怪我。”

"{r} is not bad," said {m}. "You only forgot to say when to stop." ~ “{r}没有错。”{m}说，“你只是忘了告诉它什么时候停。”
{m} laughed. "A robot cannot guess. You must say what you mean." ~ {m}笑了。“机器人不会猜。你要把话说清楚。”
""")
        t.ask("who: Who told {a} what was wrong? => {m} ~ 谁告诉{a}哪里做错了？ => {m}")
    else:
        t.tell("""
{a} thought hard and took a piece of paper. {a.He} wrote down every step. ~ {a}想了很久，拿出一张纸，把每一步都写了下来。
"It did just what I said," thought {a}. "So I must say it better." ~ “它做的正是我说的。”{a}心想，“那我得说得更清楚。”

"{r}," {a} said slowly, "do {n} small things, one after another, and then stop." ~ “{r}，”{a}慢慢地说，“按顺序做{n}件小事，然后停下来。”
This time {a} told {r} where to begin, what to do and when to stop. ~ 这一次，{a}告诉{r}从哪里开始、做什么、什么时候停。
""")
    t.tell("""
Then {a} and {r} put everything in order again, and it took {n} hours. ~ 后来，{a}和{r}一起把一切恢复原样，花了{n}个小时。
Together {a} and {r} cleaned up until it was dark. ~ {a}和{r}一起收拾，一直忙到天黑。

"Thank you, {r}," said {a}. "You are a good robot." {r} blinked {n} times. ~ “谢谢你，{r}。”{a}说，“你是个好机器人。”{r}眨了{n}下灯。
From then on {a} always thought first and spoke afterward. ~ 从那以后，{a}总是先想好再开口。
"Shall I {task} again?" asked {r}. "No!" cried {a}, and then {a.he} laughed. ~ “还要我{task}吗？”{r}问。“不要！”{a}叫了起来，接着又笑了。
""")
    if t.chance(0.4):
        t.ending()
    t.title("""
{r} the Robot ~ 机器人{r}
{a} and {r} ~ {a}和{r}
The Robot That Did Not Stop ~ 停不下来的机器人
""")
    t.summary("""
{a} told the robot {r} to {task}, but it did too much, because {a} had not said when to stop. ~ {a}叫机器人{r}去{task}，可是没有说什么时候停，结果它做过了头。
""")
    t.ask("""
who: Who was {r}? => a robot ~ {r}是谁？ => 一个机器人
what: What was {r} made of? => {metal} ~ {r}是用什么做的？ => {metal}
what: What did {a} tell {r} to do? => to {task} ~ {a}叫{r}做什么？ => {task}
why: Why did {r} not stop? => because {a} had not said when to stop ~ {r}为什么没有停下来？ => 因为{a}没有说什么时候停
is: Was {r} made of {metal?}? ~ {r}是用{metal?}做的吗？
what: What did {r} have? => {arm} ~ {r}身上有什么？ => {arm}
unsaid: How heavy was {r}? ~ {r}有多重？
""")
