"""Somebody wants honey from the bees: by force, by a trick, or by asking."""

WAYS = {
    "grab": """
{a} put {a.his} paw right into the bees' nest. ~ {a}[一下子|直接]把爪子伸进了蜂窝里。
{a} did not ask. {a.He} climbed up the {tree} and reached for the honey. ~ {a}问也不问，爬上{tree}就去[掏|抓]蜂蜜。
"I will be quick," said {a} and reached into the nest with both paws. ~ “我动作快一点儿就行。”{a}说着，把两只爪子都伸进了蜂窝。

Bzzz! {n} hundred angry bees flew around {a.his} head. ~ 嗡嗡嗡！{n}百只愤怒的蜜蜂围着{a.his}脑袋飞。
The bees came out like a dark cloud and stung {a.him} on the {part}. ~ 蜜蜂像一团黑云似的飞出来，[叮了|蜇了]{a.his}{part}。
Out came the bees, and {a} got {n} stings on {a.his} {part}. ~ 蜜蜂飞了出来，{a.his}{part}被[叮|蜇]了{n}个包。

{a} jumped into the pond, and only {a.his} ears looked out. ~ {a}跳进池塘里，只露出两只耳朵。
{a} ran and ran until {a.he} fell into a puddle. ~ {a}跑呀跑，最后[掉进|摔进]了水坑里。
Howling, {a} ran home and put {mud} on {a.his} {part}. ~ {a}嗷嗷叫着跑回家，在{part}上涂了{mud}。
""",
    "trick": """
{a} rolled in {mud} until {a.he} was quite dark. "Now I look like a cloud," {a.he} said. ~ {a}在{mud}里打了个滚，浑身变得黑乎乎的。“这下我像一朵云了。”{a.he}说。
"If I hum like a bee, they will think I am one," said {a}. ~ “要是我像蜜蜂一样嗡嗡叫，它们会以为我也是蜜蜂。”{a}说。
{a} put {n} {flower.s} on {a.his} head so that the bees would take {a.him} for a bush. ~ {a}在头上插了{n}{flower.mw}{flower}，想让蜜蜂以为{a.he}是一丛灌木。

The bees looked at {a.him} and laughed. "That is {a}!" they said. ~ 蜜蜂们看着{a.he}，笑了起来。“这不是{a}嘛！”它们说。
But the oldest bee was clever. "Since when do {flower.s} have a nose?" she asked. ~ 可是最老的那只蜜蜂很聪明。“{flower}什么时候长鼻子了？”它问。
"Go home, {a}," hummed the bees. "We know you." ~ “{a}，回家去吧。”蜜蜂们嗡嗡地说，“我们认识你。”

{a} was so [ashamed|red in the face] that {a.he} climbed down at once. ~ {a}[难为情极了|脸都红了]，马上爬了下来。
{a} had to laugh as well, and {a.he} wiped {a.his} {part} clean. ~ {a}自己也忍不住笑了，把{part}擦干净。
""",
    "rob": """
{a} waited until it was night and the bees were asleep in the {tree}. ~ {a}等到天黑，蜜蜂都在{tree}上睡着了。
"At night bees sleep," thought {a} and climbed up the {tree} in the moonlight. ~ “蜜蜂晚上要睡觉的。”{a}心想。{a.he}在月光下爬上了{tree}。

Crack! A branch broke, and {a} fell down on {a.his} {part}. ~ “咔嚓！”树枝断了，{a}摔了下来，[碰疼了|摔疼了]{part}。
But a twig broke under {a.his} foot, and {n} bees woke up. ~ 可是脚下一根小树枝断了，{n}只蜜蜂醒了过来。

"Who is there?" hummed the bees, and {a} crept away without any honey. ~ “[谁在那儿|是谁来了|谁在外面]？”蜜蜂们嗡嗡地问。{a}[一点蜂蜜也没拿到，悄悄溜走了|空着手悄悄溜走了|连忙溜走，蜂蜜没有拿到]。
{a} lay in the grass, looked at the stars and was sorry. ~ {a}躺在草地上看着星星，心里[很后悔|觉得不应该这样]。
""",
}


def tell(t):
    t.animal(
        "a",
        kind=t.random.choice(
            ["bear ~ 小熊 ~ 只"] * 3 + ["badger ~ 小獾 ~ 只", "raccoon ~ 小浣熊 ~ 只"]
        ),
    )
    t.animal(
        "b",
        kind=t.random.choice(
            [
                "mouse ~ 小老鼠 ~ 只",
                "rabbit ~ 小兔子 ~ 只",
                "hedgehog ~ 小刺猬 ~ 只",
                "mole ~ 小鼹鼠 ~ 只",
                "frog ~ 小青蛙 ~ 只",
            ]
        ),
    )
    t.pick(
        tree="trees",
        flower="flowers",
        when="when",
        n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六", "seven ~ 七"],
    )
    t.pick(
        part=["nose ~ 鼻子", "ear ~ 耳朵", "back ~ 后背", "left paw ~ 左爪子"],
        mud=["wet mud ~ 湿泥巴", "cold mud ~ 凉凉的泥巴", "black mud ~ 黑泥巴"],
    )
    t.pick(meal=["pancakes ~ 煎饼", "bread ~ 面包", "porridge ~ 粥", "tea ~ 茶", "apples ~ 苹果"])
    t.meet(like=False)
    t.tell("""
{a} loved honey, above all with {meal}. ~ {a}最爱吃蜂蜜，尤其是配着{meal}[一起吃|吃]。
There was nothing better for {a} than {meal} with honey. ~ 对{a}来说，没有什么比蜂蜜配{meal}更[好吃|香甜]了。
Every morning {a} had {meal} with honey. ~ 每天早上，{a}都要吃蜂蜜配{meal}。

{when}, the honey pot was empty. ~ {when}，蜂蜜罐子空了。
{when}, {a} looked into the pot. Not one drop of honey was left! ~ {when}，{a}[往罐子里看了看|朝罐子里一看|打开罐子看了看]。[一滴蜂蜜也没有了|蜂蜜一点儿也不剩了|里面空空的，没有蜂蜜了]！
{when}, {a} licked the last honey off {a.his} spoon. ~ {when}，{a}舔完了勺子上最后一点蜂蜜。

{a} knew an old {tree} where the bees lived. ~ {a}知道有一棵老{tree}，蜜蜂就住在那里。
High up in a {tree} there was a bees' nest, and it smelled wonderful. ~ [高高的{tree}上|在{tree}高处][有|挂着]一个蜂窝，[闻起来香极了|飘来阵阵甜香|甜丝丝的香味飘得老远]。
"The bees in the old {tree} have enough," said {a}. ~ “老{tree}上的蜜蜂多的是蜂蜜。”{a}说。

? "Be careful," said {b.full}. "The bees do not like thieves." ~ “小心点儿。”{b.full}说，“[蜜蜂可不喜欢小偷|蜜蜂最讨厌小偷|小偷会惹蜜蜂生气的]。”

--
""")
    way = t.branch("grab", "trick", "rob")
    t.tell(
        WAYS[way]
        + """
--

"Did you ask them?" said {b.full}. ~ “你问过它们吗？”{b.full}说。
{b.full} shook {b.his} head. "Why don't you just ask?" {b.he} said. ~ {b.full}摇了摇头。“[你为什么不好好问一问呢|怎么不先问一声呢|问一问不就好了吗]？”{b.he}说。
When {b.full} heard about it, {b.he} said, "There is a better way." ~ {b.full}[听说以后|听说了这件事|知道了]，说：“[还有更好的办法|有一个更好的办法|这件事能办得更好]。”

"What could I give them?" asked {a}. "{flower.s}!" said {b}. ~ “[我能给它们什么呢|那我拿什么给它们呢|给它们什么好呢]？”{a}问。“{flower}呀！”{b}说。
"Bees need {flower.s}," said {b}. {a} thought about that all night. ~ “蜜蜂[需要|离不开|要的是]{flower}。”{b}说。{a}[整整想了一夜|想了一个晚上|为这件事想了一夜]。

So {a} and {b} planted {n} rows of {flower.s} near the {tree}. ~ 于是{a}和{b}在{tree}旁边种了{n}排{flower}。
The next day {a} dug up the ground by the {tree} and planted {flower.s}. ~ 第二天，{a}[在{tree}边翻了土，种上了{flower}|把{tree}边的土翻了一遍，种下{flower}|来到{tree}边松土，种{flower}]。

In summer the bees hummed happily among the {flower.s}. ~ [到了夏天|夏天一到|夏天来了]，蜜蜂们在{flower}[间|中间][快活地嗡嗡飞|高兴地飞来飞去|嗡嗡地唱着歌]。
When the {flower.s} were in bloom, the bees came every day. ~ {flower}[开了|一朵朵开了|开花了]，蜜蜂[每天都来|天天来|一天不落地来]。

"For you," said the oldest bee and put a pot of honey at {a}'s door. ~ “[这是给你的|送给你的|收下吧]。”最老的蜜蜂[在{a}门口放了一罐蜂蜜|把一罐蜂蜜放在了{a}门口]。
And one morning there was a full pot of honey at {a}'s door. ~ [一天早上|有一天早上|后来，一天清早]，{a}的门口[放着|摆着|有][满满一罐蜂蜜|一罐满满的蜂蜜]。
Then {a} asked for a little honey, and the bees gave {a.him} {n} spoons of it. ~ {a}想要一点儿蜂蜜，蜜蜂们就给了{a.he}{n}勺。

? {a} and {b} had {meal} with honey, and it tasted better than ever. ~ {a}和{b}一起吃蜂蜜配{meal}，味道比以前更好了。
? "It is sweeter when you have not stolen it," said {a}. ~ “不是偷来的，就更甜了。”{a}说。
"""
    )
    if t.chance(0.4):
        t.ending()
    t.let(
        first={
            "grab": "reached into the nest ~ 把爪子伸进蜂窝",
            "trick": "dressed up ~ 打扮起来骗蜜蜂",
            "rob": "came at night ~ 夜里去拿",
        }[way]
    )
    t.title("""
{a} and the Bees ~ {a}和蜜蜂
Honey for {a} ~ {a}的蜂蜜
The Honey in the {tree} ~ {tree}上的蜂蜜
""")
    t.summary(
        {
            "grab": "{a} tried to take honey by force and was chased by the bees; later {a.he} planted {flower.s} for them and got some. ~ {a}硬去掏蜂蜜，被蜜蜂追着跑；后来{a.he}给蜜蜂种了{flower}，得到了蜂蜜。",
            "trick": "{a} could not trick the bees, but when {a.he} planted {flower.s} for them, they gave {a.him} honey. ~ {a}骗不了蜜蜂，后来给它们种了{flower}，蜜蜂就送了{a.he}蜂蜜。",
            "rob": "{a} tried to steal honey at night, but only when {a.he} planted {flower.s} for the bees did {a.he} get any. ~ {a}想在夜里偷蜂蜜，没有成功；后来给蜜蜂种了{flower}，才得到蜂蜜。",
        }[way]
    )
    t.ask("""
what: What did {a} want? => honey ~ {a}想要什么？ => 蜂蜜
where: Where did the bees live? => in a {tree} ~ 蜜蜂住在哪里？ => {tree}上
what: What did {a} plant for the bees? => {flower.s} ~ {a}给蜜蜂种了什么？ => {flower}
who: Who told {a} to ask? => {b} ~ 谁叫{a}去问一问？ => {b}
what: What did {a} eat with honey? => {meal} ~ {a}吃蜂蜜的时候配什么？ => {meal}
is: Did the bees live in a {tree?}? ~ 蜜蜂是住在{tree?}上吗？
yesno: Did {a} get honey in the end? => Yes ~ {a}最后得到蜂蜜了吗？ => 得到了
why: Why did the bees give {a} honey? => because {a.he} planted {flower.s} for them ~ 蜜蜂为什么给{a}蜂蜜？ => 因为{a.he}给它们种了{flower}
unsaid: What was the oldest bee called? ~ 最老的蜜蜂叫什么名字？
""")
