"""A fish that can speak grants a wish; the wishes of the hasty go wrong."""

WISHES = {
    "candy": (
        "that everything were made of candy ~ 所有的东西都变成糖",
        """
The chair was candy, the bed was candy, and even the soup tasted of sugar. ~ 椅子变成了糖，床也变成了糖，连汤都是甜的。
{a} bit into the door, and after {n} bites {a.he} felt sick. ~ {a}咬了一口门，咬了{n}口就觉得恶心了。
""",
        """
Ants came from all sides, and the roof dripped in the sun. ~ [蚂蚁从四面八方爬来|到处都爬来了蚂蚁|蚂蚁一群一群地爬来]，屋顶[在太阳下化了，滴滴答答往下流|被太阳晒得直滴糖水|晒化了，糖水直往下淌]。
In the evening {a} longed for some {plain}. ~ 到了晚上，{a}只想吃一点儿{plain}。
""",
    ),
    "big": (
        "to be as tall as a tree ~ 长得像树一样高",
        """
{a} grew and grew, until {a.his} head touched the clouds. ~ {a}越长越高，头都碰到云了。
{a.His} shoes burst, and {a.he} looked down on the roofs. ~ 鞋子撑破了，{a.he}低头就能看见屋顶。
""",
        """
{a} did not fit into the house, and {m} could not hear what {a.he} said. ~ {a}进不了家门，{m}也听不见{a.he}说话。
No bed was long enough, and {a} had to sleep in the field. ~ 没有一张床够长，{a}只好睡在田里。
""",
    ),
    "fly": (
        "to be able to fly ~ 会飞",
        """
{a} rose into the air like a balloon, over the roofs and over the {trees}. ~ {a}像气球一样飘了起来，飞过屋顶，飞过{trees}。
Whoosh! {a} flew {n} times around the church tower. ~ “呼！”{a}绕着钟楼飞了{n}圈。
""",
        """
But {a} did not know how to come down again. ~ 可是{a}不知道怎么下来。
The wind blew {a.him} over the hills, and it got cold up there. ~ 风把{a.he}吹过了小山，天上可真冷。
""",
    ),
    "play": (
        "never to go to school again ~ 再也不用上学",
        """
The school was gone, and {a} played all day. ~ 学校不见了，{a}从早玩到晚。
Where the school had been, there was now a {col} meadow. ~ 原来是学校的地方，现在成了一片开满{col}小花的草地。
""",
        """
But after {n} days {a} was bored, and {a.he} could not read the new book about {topic}. ~ 可是过了{n}天，{a}觉得没意思了，讲{topic}的新书{a.he}也看不懂。
All {a.his} friends were gone as well, for they had met at school. ~ 朋友们也不见了，因为大家都是在学校里认识的。
""",
    ),
}


def tell(t):
    t.child("a")
    t.kin("m", of="a")
    t.pick(
        col="colors",
        n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六"],
        fcol=["golden ~ 金色", "silver ~ 银色", "red ~ 红色", "blue ~ 蓝色", "green ~ 绿色"],
    )
    t.pick(
        p=[
            "@ lake ~ 湖 ~ by ~ 边",
            "@ river ~ 河 ~ by ~ 边",
            "@ bridge ~ 桥 ~ on ~ 上",
            "@ sea ~ 海 ~ by ~ 边",
            "@ pond ~ 池塘 ~ by ~ 边",
        ]
    )
    t.pick(
        plain=["bread ~ 面包", "rice ~ 米饭", "potatoes ~ 土豆", "cheese ~ 奶酪"],
        trees=["pines ~ 松树", "oaks ~ 橡树", "willows ~ 柳树"],
    )
    t.pick(
        topic=["pirates ~ 海盗", "stars ~ 星星", "whales ~ 鲸鱼", "dinosaurs ~ 恐龙"], when="when"
    )
    t.pick(tool=["net ~ 网", "bucket ~ 水桶", "basket ~ 篮子", "straw hat ~ 草帽"])
    t.meet(like=t.chance(0.3))
    t.tell("""
{when}, {a} was fishing {p.in}. ~ {when}，{a}在{p.in}钓鱼。
{when}, {a} sat {p.in} with a {tool}. ~ {when}，{a}拿着{tool}坐在{p.in}。
{when}, {a} went to the {p} with {m} to catch fish. ~ {when}，{a}跟着{m}到{p.in}去捉鱼。

Suddenly there was a small {fcol} fish in the {tool}. ~ 忽然，{tool}里[有了|多了|游进了]一条{fcol}的小鱼。
{a} pulled something out of the water. It was a {fcol} fish! ~ {a}从水里捞起一样东西，是一条{fcol}的鱼！

"Let me go," said the fish, "and I will give you a wish." ~ “[放了我吧|让我走吧|把我放了吧]，”小鱼说，“[我可以满足你一个愿望|我会给你一个愿望|你可以许一个愿望|我就帮你实现一个愿望]。”
The fish opened its mouth and spoke: "Please put me back. You may wish for something." ~ 小鱼[张开嘴说话了|开口说话了|竟然说起话来]：“[请把我放回去吧|请让我回到水里去吧|求求你把我放了吧]。[你可以许一个愿|我让你许一个愿|我会答应你一个愿望]。”

{a} was so surprised that {a.he} almost dropped it. ~ {a}吃了一惊，[差点儿把它掉在地上|差点儿没拿住它|手一抖，差点儿把它摔了]。
"A fish that can speak!" cried {a} and put it back at once. ~ “会说话的鱼！”{a}叫道，马上把它放了回去。
"Go," said {a}. "It must be wet and cool where you live." ~ “去吧。”{a}说，“你住的地方一定又湿又凉快。”

--
""")
    way = t.branch("candy", "big", "fly", "play", "wise")
    if way == "wise":
        t.let(wish="nothing ~ 什么也不要")
        t.tell(
            """
{a} thought about it for {n} days. "I do not need anything," {a.he} said at last. ~ {a}想了{n}天。“我什么也不缺。”{a.he}最后说。
"I have a home, I have {m}, and I have friends," said {a}. "What should I wish for?" ~ “我有家，有{m}，还有朋友。”{a}说，“我还要什么呢？”

"Then I have a wish," said the fish. "Will you come and tell me stories?" ~ “那我有一个愿望。”小鱼说，“你能来给我讲故事吗？”
The {fcol} fish was silent for a while. "Nobody has ever said that to me," it said. ~ {fcol}的小鱼沉默了一会儿。“从来没有人对我这么说过。”它说。

So {a} went to the {p} every {day} and told the fish about {topic}. ~ 于是{a}每个{day}都去{p.in}，给小鱼讲{topic}的故事。
From then on {a} had a friend in the water, and they talked about {topic}. ~ 从那以后，{a}在水里有了一个朋友，他们一起聊{topic}。
""".replace("他们一起聊", "两个朋友一起聊").replace("{day}", "{:days}")
        )
    else:
        t.let(wish=WISHES[way][0])
        t.tell(
            """
{a} did not think for long. {a.He} wished {wish}. ~ {a}[没有多想|想也没想|没有想多久]，就[许了一个愿|说出了愿望|许了愿]：{wish}。
"I wish... I wish..." said {a}, and then {a.he} wished {wish}. ~ “我希望……我希望……”{a}说。{a.he}许的愿望是{wish}。

"""
            + WISHES[way][1]
            + """
"Hooray!" shouted {a}. For {n} hours it was wonderful. ~ “太棒了！”{a}喊道。头{n}个小时真是好极了。
"Look at that, {m}!" called {a}. {m} only shook {m.his} head. ~ “{m}，快看！”{a}喊道。{m}只是摇了摇头。

"""
            + WISHES[way][2]
            + """
--

"I did not think before I wished," said {a} and ran to the {p}. ~ “我许愿以前没有好好想想。”{a}说着，往{p.in}跑去。
"{fish}! {fish}! Please come!" called {a} {p.in}. ~ “小鱼！小鱼！请你快来！”{a}在{p.in}喊道。

The {fcol} fish looked out of the water. "I thought so," it said. ~ {fcol}的小鱼[从水里探出头来|探出了头|游了上来|浮出水面]。“[我就知道会这样|我早就料到了|果然是这样]。”它说。

"Please make everything as it was," said {a}. The fish hit the water with its {fcol} tail. ~ “[请把一切变回原来的样子吧|请让一切都变回去吧|让什么都跟原来一样吧]。”{a}说。小鱼用{fcol}的尾巴[拍了一下水|拍了拍水面|在水上一拍]。
"Let me take my wish back," said {a}. "You may," said the fish. ~ “[让我收回我的愿望吧|我不要那个愿望了|我想把愿望收回来]。”{a}说。“[可以|好吧]。”小鱼说。

And everything was as before, only a little more beautiful. ~ [一切又和从前一样了|什么都变回了老样子|一切都跟以前一样]，[只是看起来更美了一点儿|好像还更美了些|可是看着比以前更美]。
At home {m} was putting {plain} on the table, and {a} was {:happy} as never before. ~ 家里，{m}正把{plain}端上桌，{a}从来没有这么{:happy}过。
"{plain}!" said {a} at dinner. "What could be better?" ~ “[有{plain}吃|是{plain}|今天吃{plain}]！”[吃晚饭的时候{a}说|晚饭的时候，{a}说]，“[还有什么比这更好呢|哪里还有更好的呢|还能有什么更好的呢]？”
""".replace("{fish}! {fish}!", "Fish! Fish!").replace("往{p.in}跑去", "跑到了{p.in}")
        )
    if t.chance(0.4):
        t.ending()
    t.title("""
The {fcol} Fish ~ {fcol}的小鱼
{a}'s Wish ~ {a}的愿望
{a} and the Fish ~ {a}和小鱼
""")
    t.summary(
        "{a} set a {fcol} fish free and needed no wish, and the two became friends. ~ {a}放了一条{fcol}的小鱼，什么愿望也不要，还和它成了朋友。"
        if way == "wise"
        else "A {fcol} fish gave {a} a wish, and {a.he} wished {wish}, but soon {a.he} wanted everything as it had been. ~ 一条{fcol}的小鱼让{a}许了一个愿，{a.he}希望{wish}，可是很快就想把一切变回原样。"
    )
    t.ask(
        """
who: Who set the fish free? => {a} ~ 谁放了小鱼？ => {a}
what: What color was the fish? => {fcol} ~ 小鱼是什么颜色的？ => {fcol}
where: Where did {a} catch the fish? => {p.in} ~ {a}是在哪里抓到小鱼的？ => {p.in}
is: Was the fish {fcol?}? ~ 小鱼是{fcol?}的吗？
nodid: Did {a} eat the fish? ~ {a}把小鱼吃了吗？
what: What could the fish do? => speak ~ 小鱼会什么？ => 说话
unsaid: How old was the fish? ~ 小鱼几岁了？
"""
        + (
            "what: What did {a} wish for? => {wish} ~ {a}许了什么愿？ => {wish}"
            if way == "wise"
            else "what: What did {a} wish? => {wish} ~ {a}许了什么愿？ => {wish}"
        )
    )
