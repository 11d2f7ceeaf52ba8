"""Lost in the dark, somebody is shown the way home by a light."""

LIGHTS = {
    "firefly": (
        "a firefly ~ 一只萤火虫",
        """
A tiny {col} light came dancing through the {trees}. It was a firefly. ~ 一点小小的{col}亮光在{trees}间飞舞，原来是一只萤火虫。
"Are you lost?" asked a small voice. A firefly sat on a leaf and shone {col}. ~ “你迷路了吗？”一个细细的声音问。一只萤火虫停在叶子上，发着{col}的光。
""",
    ),
    "window": (
        "a lamp in a window ~ 窗户里的一盏灯",
        """
Far away between the {trees} there was a {col} light: a lamp in a window. ~ 远处的{trees}间有一点{col}的光，是窗户里的一盏灯。
Then {a} saw it: behind the {trees} a {col} lamp was shining in a window. ~ 后来{a}看见了：在{trees}后面，一扇窗户里亮着一盏{col}的灯。
""",
    ),
    "moon": (
        "the moon ~ 月亮",
        """
Slowly the {col} moon came up behind the {trees}, round and bright. ~ {col}的月亮慢慢地从{trees}后面升起来，又圆又亮。
The clouds opened, and a big {col} moon looked down on the {trees}. ~ 云散开了，又大又{col}的月亮照着{trees}。
""".replace("又大又{col}的月亮", "一轮{col}的大月亮"),
    ),
    "lantern": (
        "{m}'s lantern ~ {m}的灯笼",
        """
A {col} lantern was swinging between the {trees}. "{a}! {a}!" called a voice. ~ {trees}间有一盏{col}的灯笼在晃动。“{a}！{a}！”有人在喊。
Somebody was coming through the {trees} with a {col} lantern. It was {m}! ~ 有人提着一盏{col}的灯笼从{trees}间走来。是{m}！
""",
    ),
}


def tell(t):
    animal = t.chance()
    (t.animal if animal else t.child)("a")
    t.kin("m", of="a")
    light = t.branch(*LIGHTS)
    if light in ("window", "lantern", "firefly"):
        t.pick(
            col=["yellow ~ 黄色", "red ~ 红色", "golden ~ 金色", "orange ~ 橙色", "green ~ 绿色"]
        )
    else:
        t.pick(
            col=["yellow ~ 黄色", "white ~ 白色", "silver ~ 银色", "golden ~ 金色", "orange ~ 橙色"]
        )
    t.pick(
        trees=[
            "birches ~ 白桦树",
            "pines ~ 松树",
            "oaks ~ 橡树",
            "bushes ~ 灌木",
            "beeches ~ 山毛榉",
            "willows ~ 柳树",
        ]
    )
    t.pick(
        seek=[
            "mushrooms ~ 蘑菇",
            "blueberries ~ 蓝莓",
            "chestnuts ~ 栗子",
            "pine cones ~ 松果",
            "wild flowers ~ 野花",
            "strawberries ~ 草莓",
        ]
    )
    t.pick(box=["basket ~ 篮子 ~ 篮", "bucket ~ 小桶 ~ 桶", "bag ~ 布袋 ~ 袋"])
    t.pick(
        when=[
            "one autumn afternoon ~ 一个秋天的下午",
            "one cool afternoon ~ 一个凉爽的下午",
            "one Friday afternoon ~ 一个星期五的下午",
            "one quiet afternoon ~ 一个安静的下午",
            "one Sunday afternoon ~ 一个星期天的下午",
            "one gray afternoon ~ 一个阴沉的下午",
        ]
    )
    t.pick(
        sound=["an owl ~ 猫头鹰", "the wind ~ 风", "a frog ~ 青蛙", "a cuckoo ~ 布谷鸟"],
        n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六", "seven ~ 七"],
    )
    en, zh = LIGHTS[light][0].split(" ~ ")
    t.let(light=f"{en.replace('{m}', t.state['m'].en)} ~ {zh.replace('{m}', t.state['m'].zh)}")
    t.meet(like=t.chance(0.3))
    t.tell(
        """
{when}, {a} went out to look for {seek}. ~ {when}，{a}出门去找{seek}。
"I will bring you a {box} full of {seek}," {a} told {m} {when}. ~ {when}，{a}对{m}说：“我要给你带回满满一{box.mw}{seek}。”
{when}, {m} said, "We need some {seek}," and {a} took a {box} and went. ~ {when}，{m}说：“我们需要一些{seek}。”{a}就拿起{box}出了门。

"Be home before dark," said {m}. ~ “天黑以前要回家。”{m}说。
"Stay on the path," said {m}, but {a} was already gone. ~ “不要离开小路。”{m}说，可是{a}已经跑远了。

There were {seek} here and {seek} there, and {a} went deeper and deeper among the {trees}. ~ 这儿有{seek}，那儿也有{seek}，{a}在{trees}间越走越远。
Soon the {box} was full of {seek}, but where was the path? ~ 很快，{box}里装满了{seek}，可是小路在哪儿呢？
{a} found {seek} everywhere and forgot to look back at the path. ~ {a}到处都能找到{seek}，忘了回头看路。

--

Then it got dark. All the {trees} looked the same. ~ 天黑了。{trees}看上去全都一个样。
The sun went down behind the {trees}, and {a} did not know the way home. ~ 太阳落到了{trees}后面，{a}不知道回家的路了。

? {a} walked {n} times around the same {box}. ~ {a}绕着同一块地方走了{n}圈。
? Something called in the dark. It was only {sound}, but {a} was afraid. ~ 黑暗里有什么在叫。虽然只是{sound}，{a}还是很害怕。
? {a} called for {m}, but only {sound} answered. ~ {a}喊着{m}，可是只有{sound}回答。

"I must not cry," said {a} and held on to the {box}. ~ “我不能哭。”{a}说着，紧紧抱住{box}。
{a} sat down on a stone and felt very small. ~ {a}在一块石头上坐下，觉得自己很小很小。
"If only I had listened to {m}!" thought {a}. ~ “要是听{m}的话就好了！”{a}心想。
""".replace("{n} times around the same {box}", "in a circle {n} times").replace(
            "绕着同一块地方走了{n}圈", "转来转去走了{n}圈"
        )
        + LIGHTS[light][1]
    )
    t.tell(
        {
            "firefly": """
"Follow me," said the firefly and flew ahead, not too fast. ~ “跟我来。”萤火虫说着，不快不慢地飞在前面。
The firefly flew from one tree to the next, and {a} walked behind. ~ 萤火虫从一棵树飞到另一棵树，{a}跟在后面走。
""",
            "window": """
{a} walked toward the light, {n} hundred steps, and knocked at the door. ~ {a}朝着灯光走了{n}百步，敲了敲门。
It was the house of an old woman, who gave {a} some tea and took {a.him} home. ~ 那是一位老奶奶的家，她请{a}喝了茶，把{a.he}送回了家。
""",
            "moon": """
Now the path lay there like a silver ribbon, and {a} could see every stone. ~ 现在小路像一条银丝带，{a}连每一块石头都看得见。
"Thank you, moon," said {a}, and the moon went with {a.him} all the way. ~ “谢谢你，月亮。”{a}说。月亮一路陪着{a.he}。
""",
            "lantern": """
{a} ran to {m} and hid {a.his} face in {m}'s coat. ~ {a}跑到{m}身边，把脸埋进了{m}的大衣里。
{m} took {a}'s hand, and the lantern showed them the way. ~ {m}牵着{a}的手，灯笼照着回家的路。
""",
        }[light]
        + """
--

Soon {a} was at home and put the {seek} on the table. ~ 不久，{a}回到了家，把{seek}放在桌子上。
"I was so worried," said {m}. "I am sorry," said {a}. ~ “我担心极了。”{m}说。“对不起。”{a}说。
They ate hot soup, and {a} told {m} the whole story. ~ 大家喝着热汤，{a}把事情讲给{m}听。

From then on {a} always came home before dark. ~ 从那以后，{a}总是在天黑以前回家。
That night {a} looked out of the window for a long time. ~ 那天夜里，{a}对着窗外看了很久。
{a} was {:happy} to be in {a.his} own bed. ~ {a}躺在自己的床上，心里很{:happy}。
""".replace("大家喝着", "屋里喝着")
        .replace("屋里喝着热汤，{a}", "{a}一边喝热汤，一边")
        .replace("一边给{m}讲起了", "一边给{m}讲起了")
    )
    t.title("""
A Light in the Dark ~ 黑暗中的光
{a} Gets Lost ~ {a}迷路了
The Way Home ~ 回家的路
""")
    t.summary("""
{a} got lost while looking for {seek}, and {light} helped {a.him} find the way home. ~ {a}找{seek}的时候迷了路，{light}帮{a.he}找到了回家的路。
""")
    t.ask(
        """
what: What was {a} looking for? => {seek} ~ {a}在找什么？ => {seek}
what: What helped {a} find the way? => {light} ~ 什么帮{a}找到了路？ => {light}
why: Why did {a} get lost? => because {a.he} was only looking for {seek} ~ {a}为什么迷路了？ => 因为{a.he}只顾着找{seek}
is: Was the light {col?}? ~ 光是{col?}的吗？
who: Who was waiting at home? => {m} ~ 谁在家里等着？ => {m}
yesno: Did {a} come home? => Yes ~ {a}回到家了吗？ => 回到家了
did: Did {a} look for {seek?}? ~ {a}找{seek?}了吗？
unsaid: How many {seek} did {a} find? ~ {a}找到了多少{seek}？
"""
        if light != "lantern"
        else """
what: What was {a} looking for? => {seek} ~ {a}在找什么？ => {seek}
who: Who came to find {a}? => {m} ~ 谁来找{a}？ => {m}
why: Why did {a} get lost? => because {a.he} was only looking for {seek} ~ {a}为什么迷路了？ => 因为{a.he}只顾着找{seek}
is: Was the lantern {col?}? ~ 灯笼是{col?}的吗？
what: What did {m} carry? => a {col} lantern ~ {m}提着什么？ => 一盏{col}的灯笼
yesno: Did {a} come home? => Yes ~ {a}回到家了吗？ => 回到家了
did: Did {a} look for {seek?}? ~ {a}找{seek?}了吗？
unsaid: How many {seek} did {a} find? ~ {a}找到了多少{seek}？
"""
    )
