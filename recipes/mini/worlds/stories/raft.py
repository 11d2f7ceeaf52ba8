"""Friends on a river: the raft is in trouble, and what they brought along saves them."""

TROUBLE = {
    "hole": (
        "water came in ~ 进水了",
        """
A sharp stone made a hole in the raft, and water came in. ~ 一块尖石头把木筏撞了个洞，水涌了进来。
"My feet are wet!" cried {b}. There was a hole in the raft. ~ “我的脚湿了！”{b}叫道。木筏上有一个洞。
Crunch! The raft hit a stone, and soon the water stood {n} fingers deep. ~ “咔嚓！”木筏撞上了石头，很快就积了{n}指深的水。
""",
        {
            "scarf": """
{a} took off {a.his} {col} scarf and stuffed it into the hole. ~ {a}解下{col}的围巾，塞进了洞里。
"My scarf!" {a} pushed it into the hole, and the water stopped. ~ “用我的围巾！”{a}把围巾塞进洞里，水不再往里流了。
""",
            "pot": """
{b} took the {col} pot and threw the water out, pot after pot. ~ {b}拿起{col}的锅，一锅一锅地把水往外舀。
With the {col} pot they scooped out the water until the raft was light again. ~ {a+b.he}用{col}的锅把水舀出去，木筏又轻了起来。
""",
        },
    ),
    "stuck": (
        "got stuck ~ 卡住了",
        """
The raft got stuck between two rocks and did not move any more. ~ 木筏卡在两块大石头中间，一动也不动了。
Bump! The raft sat on a sandbank, and there was water on all sides. ~ “砰！”木筏搁在了沙洲上，四面都是水。
Then the raft stopped with a jerk. It was stuck in the reeds. ~ 木筏猛地一停，卡在了芦苇丛里。
""",
        {
            "stick": """
{a} pushed with a long stick, once, twice, {n} times, and the raft slid free. ~ {a}用一根长棍子撑，一下，两下……撑了{n}下，木筏滑了出来。
"Push!" called {b}. {a} leaned on the long stick, and they were free. ~ “用力撑！”{b}喊道。{a}用全身的力气压住长棍子，木筏动了。
""",
            "rope": """
{b} threw a rope around a tree on the bank, and they pulled themselves free. ~ {b}把绳子套在岸边的一棵树上，{a+b.he}拉着绳子把木筏拖了出来。
{a} tied the rope to the raft, and a {friend} on the bank pulled it out. ~ {a}把绳子系在木筏上，岸上的一只{friend}把木筏拉了出来。
""",
        },
    ),
    "oar": (
        "the oar was lost ~ 桨丢了",
        """
A wave took the oar out of {a}'s paws, and away it swam. ~ 一个浪打来，把桨从{a}的爪子里冲走了。
{b} dropped the oar, and the river carried it away. ~ {b}没拿稳桨，桨被河水冲走了。
"The oar!" shouted {a}. It was already {n} steps away. ~ “桨！”{a}喊道。桨已经漂出{n}步远了。
""",
        {
            "board": """
{a} broke a board from the lunch box and rowed with that. ~ {a}从饭盒上拆下一块板子，用它来划。
The lid of the {col} lunch box made a fine oar. ~ {col}饭盒的盖子成了一支好桨。
""",
            "tail": """
{b} held {b.his} tail into the water and steered with it. ~ {b}把尾巴伸进水里当舵。
They lay down on their bellies and rowed with all their paws. ~ {a+b.he}趴下来，用爪子一起划水。
""",
        },
    ),
}
TOOL = {
    "scarf": "with a {col} scarf ~ 用{col}的围巾",
    "pot": "with a {col} pot ~ 用{col}的锅",
    "stick": "with a long stick ~ 用长棍子",
    "rope": "with a rope ~ 用绳子",
    "board": "with a part of the lunch box ~ 用饭盒的一部分",
    "tail": "with their own bodies ~ 用自己的身体",
}


def tell(t):
    t.animal("a", "b")
    t.pick(col="colors", n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"], when="calm")
    t.pick(friend=["heron ~ 苍鹭", "cow ~ 奶牛", "horse ~ 大马", "goose ~ 大鹅"])
    t.pick(
        goal=[
            "the sea ~ 大海",
            "the island ~ 小岛",
            "the mill ~ 磨坊",
            "the lake ~ 大湖",
            "the big city ~ 大城市",
        ]
    )
    t.pick(wood=["branches ~ 树枝", "old boards ~ 旧木板", "logs ~ 圆木", "bamboo ~ 竹子"])
    t.pick(food=["bread ~ 面包", "nuts ~ 坚果", "berries ~ 浆果", "apples ~ 苹果", "cheese ~ 奶酪"])
    t.pick(
        where=[
            "in the reeds ~ 芦苇丛边",
            "under the willows ~ 柳树下",
            "at the old bridge ~ 老桥边",
        ]
    )
    t.meet(like=t.chance(0.3))
    trouble = t.branch(*TROUBLE)
    tool = t.branch(*TROUBLE[trouble][2])
    en, zh = TOOL[tool].split(" ~ ")
    t.let(
        tool=f"{en.replace('{col}', t.state['col'].en)} ~ {zh.replace('{col}', t.state['col'].zh)}",
        trouble=TROUBLE[trouble][0],
    )
    t.tell(
        """
{a} and {b.full} had always wanted to see {goal}. ~ {a}和{b.full}一直想去看看{goal}。
"Where does the river go?" asked {a}. "To {goal}," said {b.full}. ~ “这条河流到哪里去？”{a}问。“流到{goal}。”{b.full}说。
{a}'s friend {b.full} talked of {goal} all day long. ~ {a}的朋友{b.full}整天说着{goal}。

So they built a raft from {wood} and tied it with {n} ropes. ~ 于是{a+b.he}用{wood}做了一只木筏，绑上了{n}根绳子。
From {wood} they made a raft. It took them {n} days. ~ {a+b.he}用{wood}做木筏，一共做了{n}天。

{when}, {a} and {b} pushed off with a bag of {food}. ~ {when}，{a}和{b}带着一袋{food}出发了。
{when}, the raft slid into the water. {a} rowed, and {b} looked ahead. ~ {when}，木筏滑进了水里。{a}划桨，{b}看着前面。

? A {friend} stood on the bank and wished them a good journey. ~ 一只{friend}站在岸上，祝{a+b.he}一路顺风。
? They ate {food} and sang songs about {goal}. ~ {a+b.he}吃着{food}，唱着关于{goal}的歌。

--

But {where} the river ran fast. ~ 可是在{where}，河水流得很急。
For a while everything went well, until they came to a bend {where}. ~ 一开始都很顺利，后来{a+b.he}来到{where}的一个拐弯处。
"""
        + TROUBLE[trouble][1]
        + """
"What shall we do?" asked {b}. ~ “我们怎么办？”{b}问。
{b} held on to {a} with both paws. "I want to go home!" {b.he} cried. ~ {b}用两只爪子抓住{a}。“我想回家！”{b.he}叫道。
{a} was afraid, but {a.he} looked around for something that could help. ~ {a}很害怕，可是它往四周看，想找个有用的东西。
"""
        + TROUBLE[trouble][2][tool]
        + """
--
"""
    )
    if t.branch("arrived", "home") == "arrived":
        t.tell("""
In the evening they saw it at last: {goal}, golden in the sun. ~ 傍晚，{a+b.he}终于看到了{goal}，在夕阳下金灿灿的。
After {n} more bends they were there. "{goal}!" whispered {a}. ~ 又拐了{n}个弯，{a+b.he}到了。“{goal}！”{a}轻轻地说。

"It is even more beautiful than I thought," said {b}. ~ “比我想的还要美。”{b}说。
They ate the last of the {food} and were {:happy}. ~ {a+b.he}吃完了剩下的{food}，心里很{:happy}。
""")
        t.let(end="yes ~ 是的")
        t.ask("yesno: Did they reach {goal}? => Yes ~ {a+b.he}到{goal}了吗？ => 到了")
    else:
        t.tell("""
"{goal} can wait," said {a}. "Let's go home and build a better raft." ~ “{goal}以后再去吧。”{a}说，“我们回家做一只更好的木筏。”
They walked home along the bank, wet and tired, but they were laughing. ~ {a+b.he}沿着河岸走回家，又湿又累，可是一路笑着。

"Next time we will come to {goal}," said {b}. ~ “下次我们一定能到{goal}。”{b}说。
At home they dried their fur by the fire and ate {food}. ~ 回到家，{a+b.he}在火边烤干了毛，吃着{food}。
""")
        t.ask("yesno: Did they reach {goal}? => No ~ {a+b.he}到{goal}了吗？ => 没有")
    if t.chance(0.4):
        t.ending()
    t.title("""
The Raft ~ 木筏
Down the River ~ 顺流而下
{a} and {b} on the River ~ 河上的{a}和{b}
""")
    t.summary(
        """
{a} and {b} went down the river on a raft to see {goal}, and when {trouble}, they helped themselves {tool}. ~ {a}和{b}坐木筏去看{goal}，路上{ztrouble}，{a+b.he}{tool}解决了问题。
""".replace(
            "when {trouble}",
            {
                "hole": "when water came in",
                "stuck": "when they got stuck",
                "oar": "when the oar was lost",
            }[trouble],
        ).replace(
            "{ztrouble}", {"hole": "木筏进水了", "stuck": "木筏卡住了", "oar": "桨丢了"}[trouble]
        )
    )
    t.ask("""
where: Where did {a} and {b} want to go? => to {goal} ~ {a}和{b}想去哪里？ => {goal}
what: What did they build the raft from? => {wood} ~ 木筏是用什么做的？ => {wood}
what: What did they take along to eat? => {food} ~ {a+b.he}带了什么吃的？ => {food}
how: How did they help themselves? => {tool} ~ {a+b.he}是怎么解决问题的？ => {tool}
who: Who went with {a}? => {b} ~ 谁和{a}一起去的？ => {b}
what: What kind of animal was {b}? => a {b.kind} ~ {b}是什么动物？ => {b.kind}
is: Was the raft made of {wood?}? ~ 木筏是用{wood?}做的吗？
unsaid: How long was the river? ~ 这条河有多长？
""")
