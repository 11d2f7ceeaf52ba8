"""A castle of sand by the sea: wave, crab, or other children."""

ENDS = {
    "wave": (
        "a wave ~ 海浪",
        """
Then a big wave came, and another one. ~ 这时涌来一个大浪，接着又是一个。
The sea came closer and closer. "Stop, sea!" called {a}. ~ 海水越来越近。“大海，停下！”{a}喊道。

Splash! The castle was gone, and only the {flag} swam on the water. ~ “哗啦！”城堡[没了|不见了|一下子垮了]，[只有{flag}漂在水上|水面上只漂着{flag}]。
The wave took the {n} towers, one after another. ~ 海浪把{n}座塔一座一座地冲走了。

"Let's build a wall," said {b}, and they built a new castle further up. ~ “[我们修一道墙吧|先修一道墙|要有一道墙才行]。”{b}说。{a+b.he}[在离海远一点的地方又堆了一座城堡|离开水边，又堆起一座城堡]。
{a} was {:sad}, but {b} said, "The sea only wanted to play. Let's build another one!" ~ {a}很{:sad}，可是{b}说：“大海只是想玩玩。我们再堆一座吧！”
""",
    ),
    "crab": (
        "a crab ~ 螃蟹",
        """
The next moment the gate of the castle moved. A {beast} came out! ~ 突然，城堡的大门动了起来。一只{beast}爬了出来！
"Somebody lives in our castle," whispered {b}. A {beast} was sitting in the highest tower. ~ “有谁住在我们的城堡里。”{b}小声说。一只{beast}坐在最高的塔里。

The {beast} walked through all {n} rooms as if it were the king. ~ {beast}把{n}个房间都走了一遍，好像自己是国王。
"It is looking for a house," said {a}. "Look, it likes the {shell.s}." ~ “它在找房子呢。”{a}说，“你看，它喜欢{shell}。”

They put the {flag} beside its door and left the castle to it. ~ {a+b.he}把{flag}插在它的门边，把城堡留给了它。
"You may be our king," said {b} and bowed to the {beast}. ~ “你来当我们的国王吧。”{b}说着，向{beast}鞠了一躬。
""",
    ),
    "kids": (
        "some big children ~ 几个大孩子",
        """
Some big children came running and did not look where they were going. ~ 几个大孩子跑了过来，没有看路。
A ball flew through the air and hit the castle. Some big children ran after it. ~ 一个球飞过来，正好打中了城堡。几个大孩子跟着跑了过来。

{n} towers broke down, and the {flag} fell into the sand. ~ {n}座塔倒了，{flag}掉在沙子里。
"Our castle!" cried {a}. The {shell.s} lay all around. ~ “我们的城堡！”{a}叫道。{shell}散了一地。

"We are sorry," said the tallest one. "We will help you." ~ “对不起。”个子最高的那个说，“我们来帮你们。”
But the big children knelt down in the sand and helped to build. ~ 可是大孩子们在沙地上跪下来，帮忙一起堆。
Soon six hands were digging, and the new castle was twice as big. ~ 大家一起动手挖，新城堡比原来大一倍。
""",
    ),
}


def tell(t):
    t.child("a", "b")
    t.kin("m", of="a")
    t.pick(col="colors", n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六", "seven ~ 七"])
    t.pick(
        flag=[
            "red flag ~ 小红旗",
            "paper flag ~ 纸做的小旗",
            "feather ~ 羽毛",
            "blue ribbon ~ 蓝丝带",
            "leaf ~ 树叶",
        ]
    )
    t.pick(
        shell=[
            "shell ~ 贝壳 ~ 个",
            "pebble ~ 小石子 ~ 颗",
            "piece of glass ~ 玻璃石 ~ 块 ~ pieces of glass",
            "starfish ~ 海星 ~ 只 ~ starfish",
            "snail shell ~ 海螺 ~ 个",
        ]
    )
    t.pick(beast=["crab ~ 螃蟹", "hermit crab ~ 寄居蟹", "little turtle ~ 小海龟"])
    t.pick(
        snack=[
            "watermelon ~ 西瓜",
            "ice cream ~ 冰淇淋",
            "cherries ~ 樱桃",
            "corn ~ 玉米",
            "peaches ~ 桃子",
        ]
    )
    t.pick(
        when=[
            "one summer day ~ 夏天的一天",
            "one hot day ~ 炎热的一天",
            "on the first day of the holidays ~ 放假的第一天",
            "one Sunday in July ~ 七月的一个星期天",
            "one sunny morning ~ 一个晴朗的早晨",
            "one day in August ~ 八月里的一天",
        ]
    )
    t.meet(like=t.chance(0.3))
    way = t.branch(*ENDS)
    t.tell(
        """
{when}, {m} took {a} and {b} to the sea. ~ {when}，{m}带{a}和{b}去海边。
{when}, {a} and {b} ran down to the beach with a {col} bucket. ~ {when}，{a}和{b}提着{col}的小桶跑到海滩上。
"To the sea!" called {a} {when}, and {m} packed the {col} buckets. ~ {when}，{a}喊道：“[去海边喽|我们去海边啦|到海边去玩喽]！”{m}[装好了|拿上了|带上了]{col}的小桶。

"I will build the biggest castle in the world," said {a}. "I will help you," said {b}. ~ “我要[堆|盖|造]一座世界上最大的城堡。”{a}说。“[我帮你|我来帮你|我们一起堆]。”{b}说。
{a} and {b} wanted to build a castle with {n} towers. ~ {a}和{b}想堆一座有{n}座塔的城堡。

They dug and carried water, and {a} patted the sand until it was firm. ~ {a+b.he}[又挖沙又提水|挖沙的挖沙，提水的提水]，{a}把沙子[拍得结结实实的|拍紧了|拍得硬邦邦的]。
{a} filled the {col} bucket with wet sand and turned it over: one tower, two towers, {n} towers! ~ {a}[在{col}的小桶里装满湿沙|把湿沙装进{col}的小桶|用{col}的小桶装沙]，[倒扣过来|再翻过来|一扣]：一座塔，两座塔，[一共{n}座塔|堆了{n}座塔|足足{n}座]！

{b} looked for {shell.s} and pressed them into the walls. ~ {b}找来{shell}，按在城墙上。
The windows were made of {shell.s}. ~ 窗户是用{shell}做的。

On the highest tower they put a {flag}. ~ {a+b.he}在最高的塔上插了一{fmw}{flag}。
"Now the {flag}!" said {b} and put it on the top. ~ “[现在插上|就差|该插]{flag}[！|了！]”{b}说着，把它[插在了最上面|插到城堡顶上|插在塔尖上]。

? {m} brought {snack} and said, "What a castle!" ~ {m}拿来{snack}，说：“多好的城堡啊！”
? "Here lives the king of the sea," said {a}. ~ “这里住着大海的国王。”{a}说。

--
""".replace(
            "{fmw}{flag}",
            {"feather": "根羽毛", "blue ribbon": "条蓝丝带", "leaf": "片树叶"}.get(
                t.state["flag"].en, "面{flag}"
            ),
        )
        + ENDS[way][1]
        + """
--

In the evening they ate {snack}, and there was sand in their hair. ~ [傍晚|到了傍晚]，大家吃着{snack}，[头发里全是沙子|头发上都是沙子|沙子还粘在头发里]。
When the sun went down, {m} took a picture of {a}, {b} and the castle. ~ 太阳下山的时候，{m}给{a}、{b}和城堡照了一张相。
{a} took one {shell} home and put it under {a.his} pillow. ~ {a}带了一{shell.mw}{shell}回家，放在枕头底下。

"Tomorrow we will come back," said {a}. "Yes," said {b}, "with a bigger bucket." ~ “[明天我们还来|我们明天再来|明天再堆一座]。”{a}说。“好，”{b}说，“[带一个更大的桶来|下回桶要更大|换个大桶]。”
? "Good night, sea," said {b}, and the sea answered: shhh. ~ “[晚安，大海|大海，晚安|大海，再见]。”{b}说。[大海回答|大海好像在回答|大海也说]：“哗啦，哗啦。”
"""
    )
    if t.chance(0.4):
        t.ending()
    t.title("""
The Castle by the Sea ~ 海边的城堡
The Castle with {n} Towers ~ 有{n}座塔的城堡
{a} and {b} at the Sea ~ 海边的{a}和{b}
""")
    t.summary(
        {
            "wave": "{a} and {b} built a castle of sand, a wave took it away, and they built another one. ~ {a}和{b}堆了一座沙子城堡，海浪把它冲走了，{a+b.he}又堆了一座。",
            "crab": "{a} and {b} built a castle of sand, and a {beast} moved into it. ~ {a}和{b}堆了一座沙子城堡，一只{beast}住了进去。",
            "kids": "{a} and {b}'s sand castle was broken by some big children, who then helped to build a bigger one. ~ {a}和{b}的沙子城堡被几个大孩子弄坏了，后来大孩子们帮忙堆了一座更大的。",
        }[way]
    )
    t.ask(
        """
what: What did {a} and {b} build? => a castle of sand ~ {a}和{b}堆了什么？ => 沙子城堡
where: Where were they? => by the sea ~ {a+b.he}在哪里？ => 海边
what: What was on the highest tower? => a {flag} ~ 最高的塔上有什么？ => {flag}
who: Who brought {snack}? => {m} ~ 谁拿来了{snack}？ => {m}
what: What did {b} press into the walls? => {shell.s} ~ {b}往城墙上按了什么？ => {shell}
is: Was there a {flag?} on the highest tower? ~ 最高的塔上是{flag?}吗？
who: Who was with {a}? => {b} ~ 谁和{a}在一起？ => {b}
unsaid: How long did they drive to the sea? ~ 开车到海边要多久？
""".replace(
            "what: What did {b} press into the walls? => {shell.s} ~ {b}往城墙上按了什么？ => {shell}\n",
            "",
        ).replace("who: Who brought {snack}? => {m} ~ 谁拿来了{snack}？ => {m}\n", "")
        + {
            "wave": "what: What took the castle away? => a wave ~ 城堡被什么冲走了？ => 海浪",
            "crab": "who: Who moved into the castle? => a {beast} ~ 谁住进了城堡？ => 一只{beast}",
            "kids": "who: Who helped to build a new castle? => some big children ~ 谁帮忙堆了新城堡？ => 几个大孩子",
        }[way]
    )
