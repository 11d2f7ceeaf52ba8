"""Sent to the market with a list; what is forgotten or found, and what is brought home."""

EVENTS = {
    "list": """
At the first stand {a} put {a.his} hand in {a.his} pocket. The list was gone! ~ 在第一个摊子前，{a}把手伸进口袋。单子不见了！
A gust of wind took the list out of {a.his} hand and carried it over the roofs. ~ 一阵风把单子从{a.his}手里吹走，吹过了屋顶。

"{i1}, {i2}... and what was the third?" said {a}. ~ “{i1}、{i2}……还有一样是什么来着？”{a}说。
{a} closed {a.his} eyes and thought of what {m} wanted to cook: {dish}. ~ {a}闭上眼睛想：{m}要做的是{dish}。

"For {dish} one needs {i3}," said {w}. "Of course! {i3}!" cried {a}. ~ “做{dish}要用{i3}。”{w}说。“对了！{i3}！”{a}叫道。
{w} smiled. "If it is for {dish}, you need {i3}." ~ {w}笑了。“要做{dish}，就得有{i3}。”
""",
    "purse": """
On the ground lay a {col} purse full of money. Nobody was looking. ~ 地上有一个{col}的钱包，里面装满了钱。没有人看见。
{a} stepped on something soft. It was a {col} purse. ~ {a}踩到一个软软的东西，是一个{col}的钱包。

"Somebody is looking for it," thought {a} and went from stand to stand. ~ “一定有人在找它。”{a}心想。{a.he}一个摊子一个摊子地去问。
With that money {a} could have bought {n} toys. But it was not {a.his} money. ~ 这些钱够{a}买{n}个玩具，可是那不是自己的钱。

"My purse!" cried {w} and was so glad that {w.he} gave {a} the {i3} for nothing. ~ “我的钱包！”{w}叫道。{w.he}高兴得把{i3}白送给了{a}。
It belonged to {w}, who sold {i3}. "An honest child!" {w.he} said and filled {a}'s basket. ~ 钱包是卖{i3}的{w}的。“真是个诚实的孩子！”{w.he}说着，把{a}的篮子装得满满的。
""",
    "money": """
When {a} had bought {i1} and {i2}, there was only one coin left, and {i3} cost three. ~ 买完{i1}和{i2}，{a}只剩一枚硬币，可{i3}要三枚。
"That makes three coins," said {w}. {a} had only one. ~ “一共三枚硬币。”{w}说。{a}却只有一枚。

"I can help you," said {a}. "I can carry boxes and I can count." ~ “我可以帮您干活。”{a}说，“我会搬箱子，还会数数。”
{w} pointed to {n} boxes. "If you carry these, the {i3} is yours." ~ {w}指着{n}个箱子。“你把这些搬完，{i3}就是你的。”

{a} carried {n} boxes into the shop, and {a.his} arms felt like noodles. ~ {a}把{n}个箱子搬进店里，胳膊软得像面条。
They worked side by side, and soon everything was in its place. ~ 两个人一起动手，很快就把东西都放好了。
""".replace(
        "If you carry these, the {i3} is yours.", "If you carry these, you can have your {i3}."
    ),
}


def tell(t):
    t.child("a")
    t.kin("m", of="a")
    t.adult("w")
    t.pick(col="colors", n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"], when="when")
    items = [
        "milk ~ 牛奶",
        "flour ~ 面粉",
        "butter ~ 黄油",
        "sugar ~ 白糖",
        "rice ~ 大米",
        "honey ~ 蜂蜜",
        "salt ~ 盐",
        "cheese ~ 奶酪",
        "fish ~ 鱼",
        "cabbage ~ 白菜",
    ]
    t.pick(i1=items, i2=items, i3=items)
    t.pick(
        dish=[
            "a big pie ~ 大馅饼",
            "noodles ~ 面条",
            "soup ~ 汤",
            "a birthday cake ~ 生日蛋糕",
            "pancakes ~ 煎饼",
            "dumplings ~ 饺子",
        ]
    )
    t.pick(
        see=[
            "a man with a monkey ~ 一个带着猴子的人",
            "a cage full of geese ~ 一笼大鹅",
            "a juggler ~ 一个耍杂技的人",
            "a puppet show ~ 木偶戏",
            "a fire eater ~ 一个吞火的人",
            "a very small donkey ~ 一头很小的毛驴",
        ]
    )
    t.meet(like=t.chance(0.3))
    way = t.branch(*EVENTS)
    t.tell(
        """
{when}, {m} gave {a} a basket and a list. "{i1}, {i2} and {i3}," {m.he} said. ~ {when}，{m}[给了{a}一个篮子和一张单子|交给{a}一个篮子、一张单子]。“{i1}、{i2}，[还有|再买点]{i3}。”{m.he}说。
"I need {i1}, {i2} and {i3}," said {m} {when}. "Will you go to the market, {a}?" ~ {when}，{m}说：“[我要买|家里缺|我需要]{i1}、{i2}和{i3}。{a}，[你去趟集市好吗|你去集市跑一趟吧|能去一趟集市吗]？”

{m} wanted to make {dish}. ~ {m}想做{dish}。
"What is it for?" asked {a}. "For {dish}," said {m}. ~ “买来做什么呢？”{a}问。“做{dish}。”{m}说。

{a} felt very grown-up with the {col} basket on {a.his} arm. ~ {a}[胳膊上挎着|挎着|手里提着]{col}的篮子，[觉得自己像个大人了|觉得自己一下子长大了|心想自己已经是大人了]。
All the way {a} said to {a.himself}: "{i1}, {i2}, {i3}." ~ {a}一路上不停地念着：“{i1}、{i2}、{i3}。”

--

The market was full of people and voices. ~ 集市上人山人海，热闹极了。
At the market there was {see}, and {a} stood still for {n} minutes. ~ 集市上有{see}，{a}站着看了{n}分钟。
{a} saw {see} and almost forgot why {a.he} had come. ~ {a}看到{see}，[差点儿忘了自己是来做什么的|看得差点儿忘了买东西|差一点忘了要买什么]。

"""
        + EVENTS[way]
        + """
? "You are a good helper," said {w} and gave {a} a {fruit}. ~ “你真能干。”{w}说着，给了{a}一{frmw}。

--

{a} came home with a full basket: {i1}, {i2} and {i3}. ~ {a}提着满满的篮子回到家：{i1}、{i2}、{i3}，一样不少。
At home {a} put {i1}, {i2} and {i3} on the table, one after another. ~ 回到家，{a}把{i1}、{i2}和{i3}[一样一样放在桌子上|一件一件摆上桌|都摆在了桌上]。

"You have thought of everything," said {m}. ~ “你一样也没忘。”{m}说。
{m} listened to the whole story. "I am proud of you," {m.he} said. ~ {m}[听完了整件事|把事情听完了|从头听到尾]。“[我真为你骄傲|我为你感到骄傲|你真让我骄傲]。”{m.he}说。
"Was it hard?" asked {m}. "Only a little," {a} said. ~ “[难不难|难吗|不容易吧]？”{m}问。“[只有一点点难|就难那么一点点|还好，只有一点难]。”{a}说。

In the evening they had {dish}, and {a} was the first to taste. ~ 晚上吃{dish}，{a}吃了第一口。
{a} helped to make {dish}, and nobody had ever eaten so well. ~ {a}帮忙一起做{dish}，大家从来没吃过这么好吃的。
Next time {a} wants to go to the market alone again. ~ {a}说，下次还要一个人去集市。
""".replace("gave {a} a {fruit}", "gave {a} a sweet plum").replace("一{frmw}", "一个甜李子")
    )
    if t.chance(0.4):
        t.ending()
    t.title(
        """
To the Market ~ 去集市
{a} Goes Shopping ~ {a}去买东西
The {col} Basket ~ {col}的篮子
""".replace("The {col} Basket ~ {col}的篮子\n", "")
    )
    t.summary(
        {
            "list": "{a} was sent to the market and lost the list, but {w} helped {a.him} remember the {i3}. ~ {a}去集市买东西，把单子弄丢了，{w}帮{a.he}想起了要买{i3}。",
            "purse": "At the market {a} found a {col} purse and gave it back to {w}. ~ {a}在集市上捡到一个{col}的钱包，还给了{w}。",
            "money": "At the market {a} did not have enough money for {i3} and worked for {w} to get it. ~ {a}在集市上钱不够买{i3}，就帮{w}干活换来了。",
        }[way]
    )
    t.ask(
        """
where: Where did {m} send {a}? => to the market ~ {m}让{a}去哪里？ => 集市
what: What did {m} want to make? => {dish} ~ {m}想做什么？ => {dish}
who: Who sent {a} to the market? => {m} ~ 谁让{a}去集市的？ => {m}
what: What did {a} have to buy? => {i1}, {i2} and {i3} ~ {a}要买什么？ => {i1}、{i2}和{i3}
unsaid: What day of the week was the market? ~ 集市是星期几开的？
did: Did {a} have to buy {i1?}? ~ {a}要买{i1?}吗？
""".replace(
            "unsaid: What day of the week was the market? ~ 集市是星期几开的？\ndid: Did {a} have to buy {i1?}? ~ {a}要买{i1?}吗？",
            "is: Did {m} want to make {dish?}? ~ {m}想做的是{dish?}吗？\nunsaid: How far was it to the market? ~ 去集市有多远？",
        )
        + {
            "list": "who: Who helped {a}? => {w} ~ 谁帮助了{a}？ => {w}",
            "purse": "who: Whose purse was it? => {w}'s ~ 钱包是谁的？ => {w}的",
            "money": "why: Why did {a} carry boxes? => because {a.he} did not have enough money ~ {a}为什么搬箱子？ => 因为{a.he}的钱不够",
        }[way]
    )
