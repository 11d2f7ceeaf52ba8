"""Hide-and-seek: somebody hides so well that nobody can find them."""

ENDS = {
    "asleep": (
        "had fallen asleep ~ 睡着了",
        """
"I give up!" called {a}, but nobody came out. ~ “我认输了！”{a}喊道，可是没有人出来。
{a} looked everywhere once more. Then {a.he} got worried. ~ {a}又把所有地方找了一遍，开始[担心|着急]起来。

Then {c} heard somebody snoring {spot}. ~ 这时，{c}听见{spot}有人打呼噜。
A soft sound came from {spot2}. "Listen!" said {c}. ~ {spot}传来轻轻的声音。“你听！”{c}说。

There lay {b}, curled up like a cat, fast asleep. ~ 原来{b}像小猫一样蜷着，睡得正香。
{b} had been waiting so long that {b.he} had fallen asleep. ~ {b}等得太久，睡着了。
""".replace("{spot2}", "somewhere"),
    ),
    "stuck": (
        "was stuck ~ 卡住了",
        """
"Help!" called a voice. "I cannot get out!" ~ “救命！”有人喊道，“我出不来了！”
{a} and {c} heard knocking. It came from somewhere near. ~ {a}和{c}听见敲东西的声音，就在附近。

{b} was stuck {spot}, and only {b.his} {col} shoes could be seen. ~ {b}卡在{spot}，只能看见{b.his}{col}鞋子。
There was {b}, {spot}, and could move neither forward nor back. ~ {b}在{spot}，进也进不去，退也退不出来。

{a} pulled one leg, {c} pulled the other: one, two, three! ~ {a}拉一条腿，{c}拉另一条腿：一、二、三！
With a little {soap} {b} slid out like a fish. ~ 抹上一点{soap}，{b}像鱼一样滑了出来。
""",
    ),
    "animal": (
        "was watching {n} kittens ~ 在看{n}只小猫",
        """
"{b}, come out! It is dinner time!" called {a}. ~ “{b}，出来吧！要吃饭了！”{a}喊道。
It was getting dark, and {a} and {c} called {b}'s name. ~ 天快黑了，{a}和{c}喊着{b}的名字。

"Shh," whispered {b} {spot}. "Come and see." ~ “嘘。”{b}在{spot}小声说，“快来看。”
Then {a} saw a hand {spot} that waved to {a.him}. ~ 后来{a}看见{spot}有一只手在向{a.he}招手。

Beside {b} lay a cat with {n} tiny kittens. ~ {b}身边躺着一只猫和{n}只小猫。
{b} had forgotten the game, for there were {n} kittens {spot}. ~ {b}把游戏都忘了，因为{spot}有{n}只小猫。
""",
    ),
    "home": (
        "had gone home ~ 回家了",
        """
"Now I am really worried," said {a}. "Where is {b}?" ~ “这下我真的担心了。”{a}说，“{b}在哪儿呢？”
They looked {spot}, but there was only a {col} cap. ~ {a+c.he}看了看{spot}，那里只有一顶{col}的帽子。

At last {a} and {c} went to {b}'s house and knocked. ~ 最后，{a}和{c}去敲{b}家的门。
They ran to {b}'s mother to tell her. ~ {a+c.he}跑去告诉{b}的妈妈。

{b} sat at the table eating {soup}. "I was hungry," {b.he} said with a red face. ~ {b}正坐在桌边喝{soup}。“我饿了嘛。”{b.he}红着脸说。
"Oh!" said {b} and put down {b.his} spoon. "I forgot that you were looking for me!" ~ “哎呀！”{b}放下勺子说，“我忘了你们还在找我！”
""",
    ),
}


def tell(t):
    t.child("a", "b", "c")
    t.pick(col="colors", when="when", n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"])
    t.pick(count=["twenty ~ 二十", "thirty ~ 三十", "fifty ~ 五十", "a hundred ~ 一百"])
    t.pick(
        tree="trees",
        soap=["soap ~ 肥皂", "oil ~ 油", "butter ~ 黄油"],
        soup=[
            "tomato soup ~ 西红柿汤",
            "noodle soup ~ 面条汤",
            "chicken soup ~ 鸡汤",
            "pumpkin soup ~ 南瓜汤",
        ],
    )
    t.pick(
        p=[
            "@ garden ~ 花园",
            "@ park ~ 公园",
            "@ yard ~ 院子",
            "@ farm ~ 农场 ~ on ~ 里",
            "@ barn ~ 谷仓",
        ]
    )
    spots = [
        "behind the shed ~ 小棚子后面",
        "under the wooden stairs ~ 木楼梯下面",
        "in an old cart ~ 旧马车里",
        "between the hay bales ~ 干草堆中间",
        "under an upturned boat ~ 倒扣的小船下面",
        "in the big laundry basket ~ 大洗衣篮里",
        "behind the rose bush ~ 玫瑰花丛后面",
    ]
    t.pick(spot=spots, spot3=spots)
    end = t.branch(*ENDS)
    en, zh = ENDS[end][0].replace("{n}", "%s").split(" ~ ")
    t.let(
        why=f"{en % t.state['n'].en if '%' in en else en} ~ {zh % t.state['n'].zh if '%' in zh else zh}"
    )
    t.meet(like=t.chance(0.3))
    t.tell(
        """
{when}, {a}, {b} and {c} were playing hide-and-seek {p.in}. ~ {when}，{a}、{b}和{c}在{p.in}玩捉迷藏。
"Let's play hide-and-seek {p.in}!" said {c} {when}. {a} and {b} were there at once. ~ {when}，{c}说：“我们去{p.in}玩捉迷藏吧！”{a}和{b}马上就来了。

{a} had to seek. {a.He} leaned on a {tree} and counted to {count}. ~ 轮到{a}找。{a.he}靠在一棵{tree}上数到{count}。
"I will seek," said {a}, closed {a.his} eyes and counted to {count}. ~ “我来找。”{a}说着闭上眼睛，数到{count}。
They drew {n} straws, and {a} had to count to {count}. ~ 大家抽了签，{a}抽到了，要数到{count}。

{b} wanted to find the best hiding place in the world. ~ {b}想找一个世界上最好的藏身处。
"This time they will never find me," thought {b}. ~ “这次谁也别想找到我。”{b}心想。
{b} ran on {b.his} toes, so that nobody could hear {b.him}. ~ {b}踮着脚跑，不让别人听见。

--

"Ready or not, here I come!" called {a}. ~ “[藏好了没有？我来啦|我来找啦|不管藏没藏好，我来了]！”{a}喊道。
{a} turned around. Everything was quiet. ~ {a}转过身来。四周静悄悄的。

{a} found {c} after {n} minutes, {spot3}. ~ {n}分钟以后，{a}在{spot3}找到了{c}。
{c} was easy to find. {c.His} {col} coat looked out {spot3}. ~ {c}很容易找，{c.his}{col}外套从{spot3}露出来了。
{c} laughed so loudly {spot3} that {a} found {c.him} first. ~ {c}在{spot3}笑出了声，{a}第一个就找到了{c.he}。

But where was {b}? {a} and {c} looked behind every {tree}. ~ 可是{b}在哪儿呢？{a}和{c}把每一棵{tree}后面都看了。
They looked in the bushes and up in the {tree}, but {b} was not there. ~ {a+c.he}看了看灌木丛，又抬头看了看{tree}，{b}都不在。

? "Maybe a bird has carried {b} away," said {c}. ~ “也许{b}被鸟叼走了。”{c}说。
? {c} even looked into a flower pot. "You never know," {c.he} said. ~ {c}[连花盆里都看了|还往花盆里看了看]。“[说不定呢|谁知道呢|万一呢]。”{c.he}说。

--
"""
        + ENDS[end][1]
        + """
"You win, {b}," said {a}. "Nobody hides as well as you." ~ “{b}，你赢了。”{a}说，“谁也没有你藏得好。”
{a} laughed. "Next time don't hide so well!" {a.he} said to {b}. ~ {a}笑了。“下次别藏得这么好！”{a.he}对{b}说。
"Next time I will seek," said {b}. That was better. ~ “下次我来找。”{b}说。这样更好。

? All three of them went home arm in arm. ~ 三个人手拉着手回家了。
? From then on they had a new rule: when somebody calls three times, everyone comes out. ~ 从那以后，大家[多了一条规矩|有了一条新规矩|定了一条规矩]：[喊三声，人人都要出来|谁喊三声，大家就都出来]。
"""
    )
    if t.chance(0.4):
        t.ending()
    t.title("""
Hide-and-Seek ~ 捉迷藏
Where Is {b}? ~ {b}在哪里？
The Best Hiding Place ~ 最好的藏身处
""")
    t.summary("""
{a}, {b} and {c} played hide-and-seek, and nobody could find {b}, because {b.he} {why}. ~ {a}、{b}和{c}玩捉迷藏，谁也找不到{b}，因为{b.he}{why}。
""")
    t.ask("""
what: What did the children play? => hide-and-seek ~ 孩子们玩什么？ => 捉迷藏
who: Who had to seek? => {a} ~ 谁来找？ => {a}
who: Who was found first? => {c} ~ 谁先被找到？ => {c}
where: Where did they play? => {p.in} ~ 大家在哪里玩？ => {p.in}
why: Why did {b} not come out? => because {b.he} {why} ~ {b}为什么没有出来？ => 因为{b.he}{why}
howmany: How far did {a} count? => to {count} ~ {a}数到多少？ => {count}
where: Where was {c} hiding? => {spot3} ~ {c}藏在哪里？ => {spot3}
unsaid: What did {a} get for {a.his} birthday? ~ {a}过生日得到了什么？
""")
