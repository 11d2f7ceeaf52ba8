"""Learning something hard: falls, fear, a helper or a trick, and at last it works."""

SKILLS = {
    "bike": (
        "ride a bike ~ 骑自行车",
        "bike ~ 自行车 ~ 辆",
        """
{a} sat on the {col} bike, and it tipped over at once. ~ {a}骑上{col}的自行车，车子一下子就倒了。
The {col} bike went left, then right, and then into a bush. ~ {col}的自行车[一会儿往左，一会儿往右|往左歪歪，往右歪歪|左一下，右一下]，[最后冲进了灌木丛|一头冲进了灌木丛|钻到灌木丛里去了]。
""",
        """
{b} ran beside {a} and held the seat. "Look ahead, not at your feet!" ~ {b}扶着车座跟在{a}旁边跑。“看前面，别看脚！”
{b} took the bike to a little slope. "Here it rolls by itself." ~ {b}把车推到一个小坡上。“在这儿它自己会往前走。”
""",
    ),
    "swim": (
        "swim ~ 游泳",
        "swim ring ~ 游泳圈 ~ 个",
        """
{a} let go of the {col} swim ring and swallowed a lot of water. ~ {a}一松开{col}的游泳圈，就喝了好几口水。
Without the {col} swim ring {a} sank like a stone. ~ 没有{col}的游泳圈，{a}像石头一样往下沉。
""",
        """
{b} held a hand under {a}'s belly. "Kick like a frog!" ~ {b}用手托着{a}的肚子。“像青蛙一样蹬腿！”
"First learn to lie on the water like a leaf," said {b}. ~ “先学会像树叶一样躺在水上。”{b}说。
""",
    ),
    "skate": (
        "skate ~ 滑冰",
        "pair of skates ~ 冰鞋 ~ 双",
        """
{a} put on the {col} skates, took one step and sat down on the ice. ~ {a}穿上{col}的冰鞋，才走一步就坐在了冰上。
In the {col} skates {a}'s feet ran away in two directions. ~ 穿着{col}的冰鞋，{a}的两只脚各滑各的。
""",
        """
{b} gave {a} a chair to push over the ice. "Now you cannot fall." ~ {b}拿来一把椅子让{a}推着滑。“这样就摔不倒了。”
{b} took both of {a}'s hands and went backward. ~ {b}拉着{a}的两只手，倒着往后滑。
""",
    ),
    "flute": (
        "play the flute ~ 吹笛子",
        "flute ~ 笛子 ~ 支",
        """
{a} blew into the {col} flute, and it sounded like an angry goose. ~ {a}吹了一下{col}的笛子，声音像一只生气的鹅。
No sound came out of the {col} flute but a long "Fffff". ~ {col}的笛子只发出长长的“呼呼”声。
""",
        """
{b} showed {a} how to hold {a.his} lips, as if to cool soup. ~ {b}教{a}怎么摆嘴唇，就像要把汤吹凉一样。
"One note a day," said {b}. "Today this one." ~ “一天学一个音。”{b}说，“今天学这个。”
""",
    ),
    "rope": (
        "jump rope ~ 跳绳",
        "rope ~ 跳绳 ~ 根",
        """
{a} swung the {col} rope, and it wound around {a.his} legs. ~ {a}甩起{col}的跳绳，绳子缠住了腿。
One jump, and {a} was standing on the {col} rope. ~ 才跳一下，{a}就踩住了{col}的绳子。
""",
        """
{b} clapped the beat: one, two, one, two. ~ {b}在旁边拍手打拍子：一、二，一、二。
"Jump without the rope first," said {b}, "and then with it." ~ “先不用绳子跳，”{b}说，“再用绳子跳。”
""",
    ),
}


def tell(t):
    t.child("a")
    t.random.choice([lambda: t.kin("b", of="a"), lambda: t.adult("b"), lambda: t.child("b")])()
    t.pick(
        col="colors",
        n=[
            "three ~ 三",
            "four ~ 四",
            "five ~ 五",
            "six ~ 六",
            "seven ~ 七",
            "ten ~ 十",
            "twenty ~ 二十",
        ],
        when="when",
    )
    t.pick(hurt=["knee ~ 膝盖", "elbow ~ 胳膊肘", "finger ~ 手指", "nose ~ 鼻子"])
    skill = t.random.choice(list(SKILLS))
    able, thing, fails, help_ = SKILLS[skill]
    t.let(able=able, k=thing)
    t.meet(like=False)
    way = t.branch("helped", "alone", "laughed")
    t.tell(
        """
All {a}'s friends could {able}, only {a} could not. ~ {a}的朋友们都会{able}，只有{a}不会。
{a} had one big wish: {a.he} wanted to {able}. ~ {a}有一个很大的愿望：{a.he}想学会{able}。
{when}, {a} got a {col} {k} for {a.his} birthday. ~ {when}，{a}过生日，得到了一{k.mw}{col}的{k}。 // Now {a.he} wanted to {able}. ~ 这下{a.he}想学{able}了。
{when}, {a} saw a girl who could {able}. "I want to do that, too," {a.he} said. ~ {when}，{a}看见一个女孩会{able}。“我也想学。”{a.he}说。

But it was not so easy. ~ 可是这没有那么容易。
"That looks easy," thought {a}. It was not. ~ “[看起来很容易|这看着不难|这有什么难的]。”{a}[心想|想]。[其实一点儿也不容易|可是并不容易|才不是那么回事呢]。
{a} was sure that {a.he} would learn it in {n} minutes. ~ {a}以为自己{n}分钟就能学会。
"""
        + fails
        + """
{a} tried it {n} times, and {n} times it went wrong. ~ {a}试了{n}次，{n}次都没成功。
At the end of the day {a.his} {hurt} hurt. ~ 一天下来，{a.he}的{hurt}都疼了。
Again and again {a} tried, and {a.his} {hurt} turned blue. ~ {a}试了一次又一次，{hurt}都青了。

--
"""
    )
    if way == "laughed":
        t.tell("""
Some big children laughed. "Look at {a}!" they called. ~ 几个大孩子笑了起来。“快看{a}！”他们喊道。
A boy laughed so loudly that {a} wanted to run away. ~ 一个男孩笑得很大声，{a}真想跑开。

{a} threw the {k} into a corner. "I will never learn it!" ~ {a}把{k}扔到角落里。“我永远也学不会！”
{a} hid the {k} under the bed and was {:sad} for {n} days. ~ {a}把{k}藏到床底下，{:sad}了{n}天。

But {b} said, "Do you know how often I fell? I could not {able}, either." ~ 可是{b}说：“你知道我失败过多少次吗？我以前也不会{able}。”
"Those who laugh have fallen, too," said {b} and got the {k} back. ~ “笑你的人以前也失败过。”{b}说着，把{k}拿了回来。
""")
    if way in ("helped", "laughed"):
        t.tell(
            """
"Shall I help you?" asked {b}. ~ “要我帮你吗？”{b}问。
{b} had watched {a} for a while. "I know something that will help," {b.he} said. ~ {b}[看了一会儿|在旁边看了半天|站着看了好一会儿]。“[我有个好办法|我倒有个办法|有个办法能帮你]。”{b.he}说。
"""
            + help_
        )
    else:
        t.tell(
            """
"I will not give up," said {a} and went on every day after school. ~ “我不放弃。”{a}说。{a.he}每天放学后都接着练。
{b} wanted to help, but {a} said, "I want to do it by myself." ~ {b}想帮忙，可是{a}说：“我想自己来。”

On the first day it worked for one second, on the second day for {n}. ~ 第一天，成功了一秒钟；第二天，成功了{n}秒钟。
Every evening {a} made a mark on the wall. Soon there were {n} marks. ~ 每天晚上，{a}都在墙上画一道。不久就有了{n}道。
In {a.his} dreams {a} could already {able}. ~ 在梦里，{a}已经会{able}了。
""".replace("{n}道", "{n}道线").replace("画一道。", "画一道线。")
        )
    t.tell("""
--

And then, on a [quiet|gray|bright] day, it worked! ~ [终于|后来]，[在一个安静的日子|有一天|在一个不起眼的日子|不知是第几天]，[成功了|一下子成了|真的成功了]！
After {n} days it happened: {a} could {able}! ~ {n}天以后，{a}终于会{able}了！
Suddenly it was not hard any more. "Look, {b}! Look at me!" {a} shouted. ~ 忽然，一点儿也不难了。“{b}，快看！看我！”{a}喊道。

{b} clapped and laughed. "I knew it!" ~ {b}[拍着手笑了|又拍手又笑|笑着拍起手来]。“[我就知道你行|我早说你行|看，你做到了]！”
"You see?" said {b}. "It only wanted time." ~ “你看，”{b}说，“[只要肯花时间就行|就是要多花点时间|只是时间问题]。”
{a} was so {:happy} that {a.he} forgot all about {a.his} {hurt}. ~ {a}{:happy}得连{hurt}疼都忘了。

? That summer {a} showed a little boy how to {able}. ~ 那年夏天，{a}教会了一个小男孩{able}。
? Now {a} keeps the {col} {k} next to {a.his} bed. ~ 现在，{col}的{k}就放在{a}的床边。
""")
    if t.chance(0.4):
        t.ending()
    t.title("""
{a} Learns to {able} ~ {a}学{able}
Never Give Up ~ 不放弃
{a} and the {k} ~ {a}和{k}
""")
    t.summary(
        {
            "alone": """
{a} tried again and again, all alone, until {a.he} could {able}. ~ {a}自己练了一次又一次，终于学会了{able}。
"""
        }.get(
            way,
            """
{a} found it hard to {able}, but {b} helped, and at last {a.he} learned it. ~ {a}觉得{able}很难，后来在{b}的帮助下终于学会了。
With {b}'s help {a} learned to {able}. ~ 在{b}的帮助下，{a}学会了{able}。
""",
        )
    )
    t.ask(
        """
what: What did {a} want to learn? => to {able} ~ {a}想学什么？ => {able}
what: What color was the {k}? => {col} ~ {k}是什么颜色的？ => {col}
yes: Did {a} learn to {able} in the end? ~ {a}最后学会{able}了吗？
is: Was the {k} {col?}? ~ {k}是{col?}的吗？
yesno: Was it easy for {a} to {able}? => No ~ {able}对{a}来说容易吗？ => 不容易
who: Who saw that {a} could do it? => {b} ~ 谁看见{a}学会了？ => {b}
unsaid: Where did the {k} come from? ~ {k}是从哪里买来的？
""".replace("\nunsaid: Where did the {k} come from? ~ {k}是从哪里买来的？", "")
    )
    if way == "laughed":
        t.ask("who: Who helped {a}? => {b} ~ 谁帮助了{a}？ => {b}")
