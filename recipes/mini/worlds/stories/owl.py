"""An owl cannot sleep by day: the others are too loud; a solution is found."""

NOISES = [
    "woodpecker ~ 啄木鸟 ~ 只 ~ woodpeckers",
    "crow ~ 乌鸦 ~ 只",
    "cuckoo ~ 布谷鸟 ~ 只",
    "jay ~ 松鸦 ~ 只",
    "blackbird ~ 乌鸫 ~ 只",
]
SOLVE = {
    "night": (
        "being loud at night as well ~ 夜里也大声叫",
        """
"Just wait," thought {a}. When it was dark, {a.he} sat down on the highest branch. ~ “等着瞧。”{a}心想。天黑以后，{a.he}停在了最高的树枝上。
That night, when the others were fast asleep, {a} flew to the {tree}. ~ 那天夜里，等大家都睡熟了，{a}飞到了{tree}上。

"Hoo! Hoo! Hoo!" {a} called {n} times, and all of them woke up. ~ “呜——呜——呜——”{a}叫了{n}声，把大家全吵醒了。
{a} sang all the songs {a.he} knew, until the moon went down. ~ {a}把会唱的歌全唱了一遍，一直唱到月亮落下去。

"Now we know what it is like," said {b} and yawned. ~ “现在我们知道是什么滋味了。”{b}打着哈欠说。
In the morning {b} had small eyes. "I am sorry, {a}," {b.he} said. ~ 早上，{b}困得眼睛都睁不开。“对不起，{a}。”{b.he}说。
""",
    ),
    "move": (
        "moving to a quiet place ~ 搬到安静的地方",
        """
So {a} packed {a.his} pillow and went to look for a quiet place. ~ 于是{a}收拾好枕头，去找一个安静的地方。
"Then I will move," said {a} and flew away. ~ “那我就搬家。”{a}说着飞走了。

{place1} it was too wet, and {place2} it was too windy. ~ {place1}太潮湿，{place2}风又太大。
First {a} tried {place1}, but {n} frogs lived there. ~ {a}先去了{place1}，可是那里住着{n}只青蛙。

At last {a} found an old tower, where it was as quiet as snow. ~ 最后，{a}找到一座旧塔，那里静得像下雪一样。
But when {a} was gone, {b} missed {a.him} and found {a.him} a hollow {tree}. ~ {a}走了以后，{b}很想念{a.he}，给{a.he}找到了一棵有洞的{tree}。
""",
    ),
    "talk": (
        "talking to the others ~ 和大家商量",
        """
{a} took heart and went to {b}. "Please," {a.he} said, "I work at night. I must sleep by day." ~ {a}鼓起勇气去找{b}。“拜托了。”{a.he}说，“我夜里要干活，白天得睡觉。”
"You cannot know if I do not tell you," thought {a} and asked everyone to come to the {tree}. ~ “我不说，大家怎么会知道呢？”{a}心想，就请大家到{tree}下来。

"Oh!" said {b}. "We thought that you were only lazy." ~ “哦！”{b}说，“我们还以为你只是懒呢。”
{b} was very sorry. "Why didn't you say so before?" {b.he} asked. ~ {b}[觉得很过意不去|很不好意思|心里很抱歉]。“[你怎么不早说呢|为什么不早点告诉我呢|怎么以前不说]？”{b.he}问。

So they made a rule: from noon until {n} o'clock everyone is quiet. ~ 于是大家定了一条规矩：从中午到{n}点，谁都要安静。
They hung a {col} leaf on the {tree}: when it hangs there, somebody is asleep. ~ 大家在{tree}上挂了一片{col}的叶子：[叶子挂着，就是有谁在睡觉|只要叶子挂着，就说明有谁在睡|看见叶子，就知道有谁在睡觉]。
""",
    ),
}
TRIED = (
    """
{a} put moss into {a.his} ears, but the {noise} was louder. ~ {a}用苔藓塞住耳朵，可是{noise}的声音还是那么大。
With {n} leaves over {a.his} head {a} could still hear everything. ~ [就算头上盖了{n}片叶子|头上盖{n}片叶子也没用]，{a}[还是什么都听得见|什么都听得清清楚楚|照样听得见]。
""",
    """
{a} counted mice. At {mice} the {noise} began again. ~ {a}数老鼠，数到{mice}只，{noise}又闹起来了。
{a} drank warm tea with honey, but {a.his} eyes stayed open. ~ {a}喝了加蜂蜜的热茶，眼睛还是闭不上。
""",
    """
"Be quiet!" called {a}, but nobody heard {a.him}. ~ “安静！”{a}喊道，可是谁也没听见。
{a} turned to the other side of the branch. It was no better there. ~ {a}换到树枝的另一头，也好不到哪儿去。
""",
)


def tell(t):
    t.animal("a", kind="owl ~ 猫头鹰 ~ 只")
    t.animal("b")
    t.pick(
        col="colors",
        n=["three ~ 三", "four ~ 四", "five ~ 五"],
        tree="trees",
        noise=NOISES,
        mice=["ninety-nine ~ 九十九", "forty ~ 四十", "a hundred ~ 一百", "seventy ~ 七十"],
    )
    t.pick(
        home=[
            "in a hollow tree ~ 一个树洞里",
            "in a deep forest ~ 一片大森林里",
            "in an old oak ~ 一棵老橡树上",
            "at the edge of the forest ~ 森林边上",
            "on a wooded hill ~ 长满树的小山上",
        ]
    )
    t.pick(
        place1=[
            "in the cave ~ 山洞里",
            "by the lake ~ 湖边",
            "under the bridge ~ 桥下",
            "in the reeds ~ 芦苇丛里",
        ],
        place2=[
            "on the rock ~ 大石头上",
            "on the mountain ~ 山顶上",
            "on the mill ~ 磨坊上",
            "on the hill ~ 小山上",
        ],
    )
    t.pick(
        game=[
            "playing tag ~ 玩捉人游戏",
            "dancing ~ 跳舞",
            "playing ball ~ 玩球",
            "playing the drum ~ 敲鼓",
            "practicing a song ~ 练歌",
        ]
    )
    t.pick(when="when")
    t.meet(like=False)
    t.tell(
        """
At night {a} flew through the forest, and by day {a.he} slept. ~ {a}[夜里在森林里飞，白天睡觉|白天睡大觉，夜里在森林里飞来飞去]。
Like all owls, {a} slept by day and was awake at night. ~ [和所有的猫头鹰一样|跟别的猫头鹰一样]，{a}[白天睡觉，夜里醒着|白天睡，晚上醒]。

But {when}, {a} could not close an eye. ~ 可是{when}，{a}怎么也睡不着。
{when}, there was such a noise that {a} woke up. ~ {when}，{a}[被一阵吵闹声吵醒了|被吵醒了，外面闹哄哄的|让一阵很吵的声音吵醒了]。

A {noise} was making a noise, and {b.full} was {game} under the {tree}. ~ 一只{noise}在叫，{b.full}在{tree}下{game}。
Under the {tree} {b.full} was {game}, and a {noise} joined in. ~ {tree}下，{b.full}正在{game}，一只{noise}也来凑热闹。

? "Again!" shouted {b}. "Louder!" ~ “[再来一次|再来一遍|接着来]！”{b}喊道，“[再大声点儿|声音再大点儿|还要更响]！”

--
""".replace("A {noise} was making a noise", "A {noise} was calling")
    )
    t.some(t.random.randint(1, 3), *TRIED)
    t.tell("""
After {n} days {a} was so tired that {a.he} flew into a {tree}. ~ 过了{n}天，{a}困得一头撞在了{tree}上。
{a}'s eyes were red, and {a.he} felt {:sad}. ~ {a}的眼睛红红的，心里很{:sad}。
That night {a} was too tired to fly. ~ 那天夜里，{a}累得飞都飞不动。

--
""")
    way = t.branch(*SOLVE)
    t.let(how=SOLVE[way][0])
    t.tell(
        SOLVE[way][1]
        + """
--

From then on {a} slept well, and {b} was {game} far away at the {place}. ~ 从那以后，{a}睡得很香，{b}到远远的{zplace}去{game}。
The next day it was so quiet around the {tree} that one could hear {a} snore. ~ 第二天，{tree}周围静得能听见{a}打呼噜。
Sometimes, in the evening, when {a} gets up and {b} goes to bed, they have tea together. ~ 有时候，到了傍晚，{a}[起床|刚起床]，{b}[要睡觉|正要去睡]，它们就[一起喝杯茶|坐在一起喝茶]。

"Good night, {b}," says {a} in the evening. "Good day, {a}," says {b} in the morning. ~ 傍晚，{a}说：“{b}，晚安。”早上，{b}说：“{a}，好好睡吧。”
Then {b} said, "A friend should know when to be quiet." ~ {b}说：“做朋友，就得知道什么时候该安静。”
And even the {noise} whispered now. ~ 现在，连{noise}都小声说话了。
""".replace("far away at the {place}", "far away by the stream").replace(
            "远远的{zplace}", "远远的小溪边"
        )
    )
    t.title("""
The Tired Owl ~ 困了的猫头鹰
{a} Cannot Sleep ~ {a}睡不着
Quiet, Please! ~ 请安静！
""")
    t.summary("""
{a} the owl could not sleep by day because of the noise, and {how} helped. ~ 猫头鹰{a}白天被吵得睡不着，后来靠{how}解决了问题。
""")
    t.ask("""
what: What kind of animal was {a}? => an owl ~ {a}是什么动物？ => 猫头鹰
why: Why could {a} not sleep? => because it was too loud ~ {a}为什么睡不着？ => 因为太吵了
what: What was {b} doing? => {game} ~ {b}在做什么？ => {game}
who: Who was {game}? => {b} ~ 谁在{game}？ => {b}
how: What helped in the end? => {how} ~ 最后是怎么解决的？ => {how}
when: When do owls sleep? => by day ~ 猫头鹰什么时候睡觉？ => 白天
is: Was {b} {game?}? ~ {b}是在{game?}吗？
unsaid: What was the {noise} called? ~ {noise}叫什么名字？
""")
