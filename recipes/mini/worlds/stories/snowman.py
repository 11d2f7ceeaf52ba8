"""A snowman is built; it lacks something, and what becomes of it."""

LACKS = {
    "nose": (
        "a nose ~ 鼻子",
        """
{b} ran home for a {veg}, and the snowman got a fine nose. ~ {b}跑回家拿来{veg.yi}，雪人就有了漂亮的鼻子。
"A {veg}!" said {a}. "That will be the nose." ~ “{veg}！”{a}说，“用它当鼻子。”
They had no carrot, so a {veg} became the nose. ~ 没有胡萝卜，就用{veg.yi}当了鼻子。
""",
    ),
    "hat": (
        "a hat ~ 帽子",
        """
{a} put {m}'s old {col} hat on its head. ~ {a}把{m}的旧{col}帽子戴在它头上。
{b} found a {col} bucket, and it made a good hat. ~ {b}找到一个{col}的水桶，当帽子正合适。
"My {col} cap is too small for me anyway," said {b}, and the snowman got it. ~ “我这顶{col}的帽子反正小了。”{b}说。雪人就戴上了它。
""",
    ),
    "arms": (
        "arms ~ 胳膊",
        """
{a} pulled two long sticks out of the snow. "Now it can wave." ~ {a}从雪里拔出两根长树枝。“现在它会挥手了。”
From under a bush {b} brought two branches, and {a} put {col} gloves on them. ~ {b}从灌木下找来两根树枝，{a}给它们戴上了{col}的手套。
""",
    ),
    "friend": (
        "a friend ~ 朋友",
        """
"It looks lonely," said {b}. So they built a second one, a little smaller. ~ “它看起来好孤单。”{b}说。于是又堆了一个，比它小一点儿。
{a} and {b} built a snow dog beside it, with {n} stones for its spots. ~ {a}和{b}在旁边堆了一只雪狗，用{n}块石头做斑点。
""",
    ),
}
FATES = {
    "melt": """
A week later the sun came out, warm and bright. ~ 一个星期以后，太阳出来了，又暖又亮。
Then the wind turned, and it got warm. ~ 后来风向变了，天气暖和起来。

Every day the snowman was smaller, and in the end only the {col} scarf was left in the grass. ~ 雪人[一天比一天小|越来越小|一天天小下去]，最后草地上[只剩下那条|只留下了那条|就剩]{col}的围巾。
"It is sweating!" said {b}. The next morning there was only a puddle and a {col} scarf. ~ “它出汗了！”{b}说。第二天早上，只剩下一摊水和一条{col}的围巾。

"Where has it gone?" asked {a}. "Into the stream and up to the clouds," {m} said. ~ “[它去哪儿了|雪人到哪里去了|它跑到哪里去了]？”{a}问。“[流进小溪，飞到云里去了|变成了溪水，又飞上了云]。”{m}说。
{a} was {:sad}, but {m} said, "Next winter it will come down from the clouds again." ~ {a}很{:sad}，可是{m}说：“明年冬天，它又会从云里飘下来。”

{a} kept the {col} scarf for the next snow. ~ {a}把{col}的围巾收好，等着下一场雪。
"See you next year, {sn}!" {b} called up to the clouds. ~ “明年见，{sn}！”{b}对着天上的云喊道。
""",
    "night": """
In the night {a} looked out of the window. Did {sn} wave? ~ 夜里，{a}往窗外看。{sn}在挥手吗？
When the moon shone, {a} went to the window. {sn} had turned its head! ~ 月亮升起来的时候，{a}走到窗前。{sn}转过头来了！

The snowman stood closer to the house than before, and there were round tracks in the snow. ~ 雪人[比原来离屋子更近了|好像往屋子这边走了几步]，雪地上[还有|留着]圆圆的脚印。
{n} rabbits were dancing around {sn}, and the {col} scarf was swinging. ~ {n}只兔子围着{sn}跳舞，{col}的围巾飘来飘去。

"Nobody will believe me," whispered {a}, but {b} did. ~ “没有人会相信我的。”{a}小声说。可是{b}相信。
The next morning {a} told {b} about it. "I saw it, too," {b} said. ~ 第二天早上，{a}告诉了{b}。“我也看见了。”{b}说。
"Good night, {sn}," said {a}, and it seemed to smile. ~ “晚安，{sn}。”{a}说。它好像笑了笑。
""",
    "broken": """
The next morning the snowman lay in pieces. Somebody had kicked it over. ~ 第二天早上，雪人碎了一地。有人把它踢倒了。
But in the night the wind blew so hard that {sn} fell over. ~ 可是夜里风刮得太大，{sn}倒了。

"We will build it again," said {b}, "bigger than before!" ~ “我们再堆一个，”{b}说，“堆得比以前更大！”
{a} wiped {a.his} eyes. "{b}, will you help me once more?" ~ {a}擦了擦眼睛。“{b}，你能再帮我一次吗？”

{n} children from the street came to help. ~ 街上{n}个孩子都来帮忙。
Everyone who passed by pushed a little snow over. ~ 路过的人都推来一点雪。

In the evening the new snowman was taller than {m}, and it wore the {col} scarf. ~ 到了傍晚，新雪人比{m}还高，围着那条{col}的围巾。
At noon {sn} stood there again with its {col} scarf, and everyone cheered. ~ 中午，{sn}又围着{col}的围巾站在那里，大家都欢呼起来。
""",
}


def tell(t):
    t.child("a", "b")
    t.kin("m", of="a")
    t.pick(col="colors", n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"])
    t.pick(
        veg=[
            "parsnip ~ 白萝卜 ~ 根",
            "corn cob ~ 玉米棒 ~ 根",
            "potato ~ 土豆 ~ 个",
            "red pepper ~ 红辣椒 ~ 个",
            "pine cone ~ 松果 ~ 个",
            "pear ~ 梨 ~ 个",
        ]
    )
    t.pick(
        eyes=[
            "black buttons ~ 黑纽扣",
            "pieces of coal ~ 黑煤块",
            "round pebbles ~ 圆石子",
            "walnuts ~ 核桃",
            "chestnuts ~ 栗子",
            "bottle caps ~ 瓶盖",
        ]
    )
    t.pick(
        p=[
            "@ yard ~ 院子",
            "@ park ~ 公园",
            "@ hill ~ 小山 ~ on ~ 上",
            "@ garden ~ 花园",
            "@ schoolyard ~ 校园",
        ]
    )
    t.pick(
        sn=[
            "Mr. Snow ~ 雪先生",
            "Frosty ~ 霜霜",
            "Old White ~ 大白",
            "Icy ~ 冰冰",
            "Round One ~ 圆圆",
            "Button ~ 扣扣",
        ]
    )
    t.pick(
        when=[
            "one winter morning ~ 一个冬天的早晨",
            "one cold morning ~ 一个寒冷的早晨",
            "one day in January ~ 一月里的一天",
            "one Sunday in winter ~ 冬天的一个星期天",
            "one day in December ~ 十二月里的一天",
            "one white morning ~ 一个白茫茫的早晨",
        ]
    )
    t.meet(like=t.chance(0.3))
    way = t.branch(*LACKS)
    t.let(lack=LACKS[way][0])
    t.let(
        bare=LACKS[way][0].replace("a ", "", 1) if LACKS[way][0].startswith("a ") else LACKS[way][0]
    )
    t.tell(
        """
{when}, everything was white. ~ {when}，到处一片雪白。
It had snowed all night, and {when}, {a} looked out of the window and shouted, "Snow!" ~ 下了一夜的雪。{when}，{a}[往窗外一看|趴在窗口一看]，喊道：“下雪啦！”
{when}, the snow was so deep that {a}'s boots went in up to the knees. ~ {when}，雪深得没到了{a}的膝盖。

{a} called {a.his} friend {b}, and they went to the {p}. ~ {a}叫上朋友{b}，一起来到{p.in}。
{a.His} friend {b} was already waiting {p.in} with red cheeks. ~ 朋友{b}已经在{p.in}等着了，小脸冻得通红。
"Let's build a snowman {p.in}!" {a} said to {b}. ~ “我们去{p.in}堆雪人吧！”{a}对{b}说。

They rolled a big ball, then a smaller one and a very small one. ~ {a+b.he}滚了一个大雪球，[又滚了一个|然后是一个]小一点儿的，[再滚了一个|最后是一个]最小的。
{a} rolled the belly, {b} rolled the head, and it took {n} tries to lift it up. ~ {a}滚身子，{b}滚脑袋，试了{n}次才把脑袋抬上去。
It was hard work, and soon {a} and {b} were as warm as bread from the oven. ~ [这可真费劲|这活儿可不轻松]，不一会儿，{a}和{b}就[热得像刚出炉的面包|浑身热乎乎的，像刚出炉的面包]。

For the eyes they took {eyes}. ~ 眼睛是用{eyes}[做的|当的]。
{b} pushed {eyes} into the snow, and now it could see. ~ {b}把{eyes}[按进雪里当眼睛|按上去做眼睛]，[这下它能看见了|这样它就看得见了|雪人就有眼睛了]。

{a} tied a {col} scarf around its neck and called it {sn}. ~ {a}给它围上了一条{col}的围巾，叫它{sn}。
{m} gave them a {col} scarf for the snowman. "We will call you {sn}," said {b}. ~ {m}[给了雪人一条{col}的围巾|拿来一条{col}的围巾给雪人围上]。“[我们就叫你|你就叫|你的名字叫]{sn}[吧。|好了。]”{b}说。

--

"Something is missing," said {a}. "It needs {lack}!" ~ “[好像少了点什么|总觉得差点什么|不对，还缺一样]。”{a}说，“[它还缺|是|差的是]{lack}！”
{b} looked at {sn} from all sides. "It has no {bare}," {b.he} said. ~ {b}把{sn}[前前后后看了一遍|左看右看|上上下下打量了一番]。“[它没有|它少了|还差]{lack}。”{b.he}说。
"""
        + LACKS[way][1]
        + """
? "Hello, {sn}," said {b} and [bowed|took off {b.his} cap]. ~ “你好，{sn}。”{b}说着[鞠了一躬|脱下了帽子]。
? {m} took a picture of {a}, {b} and {sn}. ~ {m}给{a}、{b}和{sn}照了一张相。

--
"""
    )
    fate = t.branch(*FATES)
    t.tell(FATES[fate])
    if t.chance(0.4):
        t.ending()
    t.title("""
{sn} the Snowman ~ 雪人{sn}
The Snowman ~ 雪人
{a}, {b} and the Snowman ~ {a}、{b}和雪人
""")
    t.summary(
        {
            "melt": "{a} and {b} built a snowman, and when it melted, {a} kept hoping for the next snow. ~ {a}和{b}堆了一个雪人，雪人化了以后，{a}盼着下一场雪。",
            "night": "{a} and {b} built a snowman, and at night it seemed to come alive. ~ {a}和{b}堆了一个雪人，到了夜里，它好像活了。",
            "broken": "{a} and {b}'s snowman was broken, and with the help of many others they built a bigger one. ~ {a}和{b}的雪人倒了，在大家的帮助下又堆了一个更大的。",
        }[fate]
    )
    t.ask("""
who: Who built the snowman with {a}? => {b} ~ 谁和{a}一起堆雪人？ => {b}
what: What was the snowman called? => {sn} ~ 雪人叫什么名字？ => {sn}
what: What were the eyes made of? => {eyes} ~ 眼睛是用什么做的？ => {eyes}
what: What color was the scarf? => {col} ~ 围巾是什么颜色的？ => {col}
where: Where did they build it? => {p.in} ~ 雪人堆在哪里？ => {p.in}
what: What was missing at first? => {lack} ~ 雪人一开始缺什么？ => {lack}
is: Was the scarf {col?}? ~ 围巾是{col?}的吗？
unsaid: How cold was it that day? ~ 那天有多冷？
""")
