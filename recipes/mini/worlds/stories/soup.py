"""A soup for which everybody brings something."""

STARTS = {
    "stone": """
"I can make soup from a stone," said {a} and put a {col} stone into the pot. ~ “我会用石头煮汤。”{a}说着，把一块{col}的石头放进了锅里。
{a} washed a round {col} stone and put it into the water. "This will be stone soup," {a.he} said. ~ {a}洗干净一块圆圆的{col}石头，放进水里。“这是石头汤。”{a.he}说。
""",
    "empty": """
{a} had a big pot, some water and nothing else. ~ {a}只有一口大锅和一些水，别的什么也没有。
In {a}'s kitchen there was only water in the pot. "That is a thin soup," {a.he} said. ~ {a}的厨房里，[锅里只有水|锅里除了水什么也没有|只有一锅水]。“[这汤可真稀|这也太稀了|这算什么汤呢]。”{a.he}说。
""",
}
BRING = """
{w.full} came by with {n} {veg.s}. "Would these be good in it?" {w.he} asked. ~ {w.full}[带着|抱着|拿着]{n}{veg.mw}{veg}[走了过来|来了|从这儿路过]。“[放这个好吃吗|把这个放进去好不好|这个能放进去吗]？”{w.he}问。
{w.full} looked into the pot. "A {veg} is missing," {w.he} said and put in {n}. ~ {w.full}[往锅里看了看|伸头看看锅里]。“[还少{veg}呢|没有{veg}可不行|缺了{veg}]。”{w.he}说着，[放进了|往里加了]{n}{veg.mw}。
"I have {n} {veg.s} at home," said {w.full} and ran to get them. ~ “我家有{n}{veg.mw}{veg}。”{w.full}说着，跑回去拿。
The smell brought {w.full} to the door. "Take my {veg.s}," {w.he} said. ~ [香味把{w.full}引到了门口|{w.full}闻着香味来到门口|闻到香味，{w.full}也来了]。“[用我的{veg}吧|把我的{veg}放进去吧|我有{veg}，拿去用]。”{w.he}说。
"{veg.s}!" said {w.full}. "What would a soup be without {veg.s}?" ~ “{veg}！”{w.full}说，“[没有{veg}还算什么汤呢|哪有汤里不放{veg}的|汤里怎么能没有{veg}呢]？”
"""
FEW = ["two ~ 两", "three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"]
VEG = [
    "carrot ~ 胡萝卜 ~ 根",
    "potato ~ 土豆 ~ 个 ~ potatoes",
    "onion ~ 洋葱 ~ 个",
    "mushroom ~ 蘑菇 ~ 朵",
    "tomato ~ 西红柿 ~ 个 ~ tomatoes",
    "turnip ~ 萝卜 ~ 个",
    "leek ~ 大葱 ~ 根",
    "corn cob ~ 玉米 ~ 根",
]


def tell(t):
    t.animal("a", "w0", "w1", "w2")
    t.pick(col="colors", veg0=VEG, veg1=VEG, veg2=VEG)
    t.pick(
        when=[
            "one cold evening ~ 一个寒冷的傍晚",
            "one snowy day ~ 一个下雪天",
            "one winter afternoon ~ 一个冬天的下午",
            "one rainy evening ~ 一个下雨的傍晚",
            "one foggy morning ~ 一个大雾的早晨",
            "one day in November ~ 十一月里的一天",
        ]
    )
    t.pick(
        trait=[
            "clever ~ 聪明",
            "cheerful ~ 开朗",
            "friendly ~ 友好",
            "kind ~ 善良",
            "lively ~ 活泼",
        ]
    )
    t.meet(like=t.chance(0.3))
    start = t.branch(*STARTS)
    t.tell(
        """
{when}, {a} was hungry, and so was everyone else. ~ {when}，{a}饿了，大家也都饿了。
{when}, there was almost nothing left to eat in the forest. ~ {when}，森林里快没有吃的了。
{when}, {a} looked into the cupboard. It was empty. ~ {when}，{a}打开柜子看了看，里面空空的。

"""
        + STARTS[start]
        + """
{a} made a fire under the pot and stirred with a {col2} spoon. ~ {a}在锅下面生了火，用一把{col2}的勺子搅呀搅。
Soon the water was hot, and white steam went up to the sky. ~ 不一会儿，[水烧热了|水热了|水就滚了]，[白白的热气升到空中|白汽直往天上冒|锅上冒起了白白的热气]。
{a} stirred and sang a song about soup. ~ {a}一边搅一边唱着煮汤的歌。

--
""".replace("{col2}", "{:colors}")
    )
    guests = 3 if t.branch("three", "two") == "three" else 2
    for i in range(guests):
        t.same("w", f"w{i}")
        t.same("veg", f"veg{i}")
        t.pick(n=FEW)
        t.tell(BRING)
        if i < guests - 1:
            t.tell("""
? "It smells better already," said {a}. ~ “已经香多了。”{a}说。
? {a} tasted it. "Something is still missing," {a.he} said. ~ {a}[尝了尝|舀了一口尝尝|尝了一口]。“[还差点儿什么|还缺点东西|好像少了一样]。”{a.he}说。
""")
    t.tell(
        """
--

Then they all sat down around the fire, and everyone got a big bowl. ~ 然后大家[围着火坐下来|坐在火边|在火旁坐成一圈]，[每个都分到一大碗|都分到了满满一碗|一个一大碗]。
When it got dark, the soup was ready, and there was enough for everyone. ~ 天黑的时候，汤煮好了，人人都够吃。
They ate until the pot was empty and their bellies were warm. ~ 大家[一直吃到锅底朝天|把锅吃得干干净净|吃得一滴也不剩]，[肚子里暖乎乎的|肚子都暖暖的|肚子里热热的]。

"Who made this soup?" asked {w0}. "All of us," said {a}. ~ “这汤是谁煮的？”{w0}问。“是我们大家煮的。”{a}说。
"I had only a {veg1}," said {w1}, "and now I have had a whole dinner." ~ “我只有{veg1}，”{w1}说，“现在却吃了一顿大餐。”
"Alone each of us had almost nothing," said {w0}, "but together we had soup." ~ “我们每个都没什么吃的，”{w0}说，“合在一起就有了汤。”
{a} was {:happy}. "Tomorrow we will cook again," {a.he} said. ~ {a}很{:happy}。“明天我们再一起煮。”{a.he}说。

? {w1} even licked the spoon. ~ {w1}连勺子都舔干净了。
? And nobody was cold that night. ~ 那天夜里，谁也没有挨冻。
""".replace("人人都够吃", "大家都够吃")
    )
    if t.chance(0.4):
        t.ending()
    t.title("""
The Soup ~ 一锅汤
{a}'s Soup ~ {a}的汤
Soup for Everyone ~ 大家的汤
""")
    t.summary("""
{a} began a soup with almost nothing, and {w0} and {w1} brought what was missing, until there was enough for everyone. ~ {a}几乎什么也没有就开始煮汤，{w0}和{w1}带来了缺的东西，最后大家都吃饱了。
""")
    t.ask(
        """
who: Who began the soup? => {a} ~ 是谁先开始煮汤的？ => {a}
who: Who brought {veg0.s}? => {w0} ~ 谁带来了{veg0}？ => {w0}
what: What did {w1} bring? => {veg1.s} ~ {w1}带来了什么？ => {veg1}
what: What kind of animal was {a}? => a {a.kind} ~ {a}是什么动物？ => {a.kind}
yesno: Was there enough soup for everyone? => Yes ~ 汤够大家吃吗？ => 够
why: Why did {a} make soup? => because {a.he} was hungry ~ {a}为什么要煮汤？ => 因为{a.he}饿了
unsaid: How big was the pot? ~ 锅有多大？
did: Did {w0} bring {veg0?.s}? ~ {w0}带{veg0?}了吗？
""".replace("did: Did {w0} bring {veg0?.s}? ~ {w0}带{veg0?}了吗？\n", "")
    )
