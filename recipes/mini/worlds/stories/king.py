"""A king has everything but one thing; advisers fail, a child knows what to do."""

LACKS = {
    "sleep": (
        "could not sleep ~ 睡不着觉",
        """
A {adv} brought a bed with {n} mattresses, but the king only rolled from side to side. ~ {adv}送来一张铺着{n}层垫子的床，可是国王[翻来覆去|滚来滚去]还是睡不着。
The {adv} counted sheep for him, {n} hundred of them, and the {adv} fell asleep, but not the king. ~ {adv}替他数羊，数了{n}百只，结果{adv}睡着了，国王却没睡着。
""",
        """
"Have you run today?" asked {a}. "Have you worked?" The king had not. ~ “您今天跑步了吗？”{a}问，“干活了吗？”国王什么也没做。
{a} took the king into the garden, and they dug up potatoes until evening. ~ {a}把国王带到菜园里，一起挖土豆，一直挖到傍晚。
""",
        """
That night the king snored so loudly that the {col} curtains shook. ~ 那天夜里，国王的呼噜打得{col}的窗帘都在抖。
As soon as he lay down, the king was asleep. ~ 国王一躺下就睡着了。
""",
    ),
    "laugh": (
        "could not laugh ~ 不会笑",
        """
The {adv} stood on his head and sang, but the king only sighed. ~ {adv}头朝下倒立着唱歌，国王只是叹了口气。
{n} clowns came with {col} noses. The king looked at his shoes. ~ 来了{n}个戴着{col}鼻子的小丑，国王却只看着自己的鞋。
""",
        """
{a} came in with muddy boots, slipped and sat down in the king's {food}. ~ {a}穿着沾满泥的靴子走进来，脚下一滑，一屁股坐进了国王的{food}里。
{a} took the crown, put it on a {beast} and said, "Good morning, Your Majesty." ~ {a}拿下王冠，戴在一只{beast}头上说：“陛下，早上好。”
""",
        """
First the king's beard shook, and then he laughed until the {col} curtains moved. ~ 国王的胡子[先抖了起来|先抖了几抖]，接着[哈哈大笑|他放声大笑|笑声冲了出来]，[笑得{col}的窗帘都动了|连{col}的窗帘都跟着动]。
"Ha!" said the king. "Ha, ha!" And he could not stop for {n} minutes. ~ “哈！”国王说，“哈哈！”他一连笑了{n}分钟，怎么也停不下来。
""",
    ),
    "friend": (
        "had no friend ~ 没有朋友",
        """
The {adv} ordered {n} people to be the king's friends, but they only bowed. ~ {adv}下令让{n}个人做国王的朋友，可是那些人只会鞠躬。
"I can buy you a friend," said the {adv}, but one cannot buy friends. ~ “我可以给您买一个朋友。”{adv}说。可是朋友是买不到的。
""",
        """
{a} looked over the wall with a {col} ball. "Do you want to play?" ~ {a}拿着一个{col}的球，从墙头往里看。“你想一起玩吗？”
{a} did not know that he was the king. "You can be the goalkeeper," {a.he} said. ~ {a}不知道他就是国王。“你来当守门员吧。”{a.he}说。
""",
        """
They played until it got dark, and the king lost {n} times and was happy. ~ 大家一直玩到天黑，国王输了{n}次，却很高兴。
"May I come again tomorrow?" asked the king. "Of course," said {a}. ~ “明天我还能来吗？”国王问。“当然能。”{a}说。
""",
    ),
    "eat": (
        "did not want to eat ~ 不想吃饭",
        """
The {adv} brought {food} on {n} golden plates, but the king pushed them away. ~ {adv}用{n}个金盘子端来{food}，国王却把盘子推开了。
"Too hot," said the king, "too cold, too green." The {adv} did not know what to do. ~ “太烫，”国王说，“太凉，太绿。”{adv}不知道怎么办才好。
""",
        """
"Then cook it yourself," said {a} and gave the king a {col} spoon. ~ “那您自己做吧。”{a}说着，递给国王一把{col}的勺子。
{a} took the king into the kitchen. "You wash, I will cut," {a.he} said. ~ {a}把国王带进厨房。“您来洗，我来切。”{a.he}说。
""",
        """
The king ate {n} bowls of the {food} that he had cooked himself. ~ 国王把自己做的{food}吃了{n}大碗。
"I have never had better {food}!" said the king with a full mouth. ~ “这是我这辈子吃过的最好的{food}！”国王嘴里塞得满满的说。
""",
    ),
}


def tell(t):
    t.child("a")
    way = t.branch(*LACKS)
    t.let(lack=LACKS[way][0])
    t.pick(
        col="colors",
        n=["four ~ 四", "five ~ 五", "six ~ 六", "seven ~ 七", "eight ~ 八", "nine ~ 九"],
        adv=["minister ~ 大臣", "doctor ~ 医生", "general ~ 将军", "wise man ~ 老学者"],
    )
    t.pick(
        rich=["gold ~ 金子", "horses ~ 马", "ships ~ 船", "castles ~ 城堡", "silver ~ 银子"],
        food=["soup ~ 汤", "noodles ~ 面条", "porridge ~ 粥", "rice pudding ~ 米布丁"],
    )
    t.pick(
        beast=["dog ~ 狗", "goose ~ 鹅", "goat ~ 山羊", "hen ~ 母鸡"],
        job=[
            "gardener ~ 园丁",
            "cook ~ 厨师",
            "tailor ~ 裁缝",
            "blacksmith ~ 铁匠",
            "fisherman ~ 渔夫",
        ],
    )
    t.pick(
        land=[
            "in a small country ~ 一个小小的国家",
            "behind seven mountains ~ 七座大山后面",
            "on a green island ~ 一座绿色的岛上",
            "in a warm country ~ 一个温暖的国家",
            "in a land far away ~ 一个遥远的国家",
        ],
        when="when",
    )
    t.pick(
        prize=[
            "a little boat ~ 一条小船",
            "a white pony ~ 一匹小白马",
            "a golden spoon ~ 一把金勺子",
            "a garden ~ 一座花园",
            "a big bell ~ 一口大钟",
        ]
    )
    t.told |= {"breakfast"}
    t.tell(
        """
Once upon a time there was a king {land} who {lack}. ~ [从前|很久以前|古时候]，在{land}，[有一位国王|有个国王]，他{lack}。
{land} there lived a king. ~ 在{land}，住着一位国王。 // He had a lot of {rich}, but he {lack}. ~ 他有很多{rich}，可是他{lack}。
There was once a king who had more {rich} than anybody else, but he {lack}. ~ [从前有一位国王|很久以前有个国王]，他的{rich}[比谁都多|多得数不清|谁也比不上]，可是他{lack}。

"I have {rich}," said the king, "but what good is that?" ~ “[我有这么多{rich}|{rich}我有的是]，[又有什么用呢|可是有什么好呢|又能怎么样呢]？”国王说。
The king sat on his throne with a long face. ~ 国王[愁眉苦脸地坐在宝座上|闷闷不乐地坐在宝座上|坐在宝座上，脸拉得长长的|整天坐在宝座上发愁|在宝座上坐着，一个劲儿叹气]。
Every day he got thinner and grayer. ~ 他[一天比一天瘦|越来越瘦|一天天瘦下去]，头发[一天比一天白|也越来越白|白了一半]。

"Whoever can help me shall have {prize}," he said. ~ “[谁能帮我，我就把{prize}赏给谁|能帮我的人，我赏{prize}|要是谁帮得了我，{prize}就归谁]。”他说。
The king promised {prize} to the one who could help him. ~ 国王[答应|说|许下诺言]，[谁能帮他，就送给谁|要是有谁帮得了他，就赏给谁|帮他的人能得到|谁有办法，就给谁]{prize}。

--
"""
        + LACKS[way][1]
        + """
? From all over the country people came, {n} every day, and none of them could help. ~ [全国各地都有人来|人们从全国各地赶来|从四面八方来了许多人]，[每天来{n}个|一天{n}个]，可是[谁也帮不上忙|没有一个帮得了他|都没有用]。
? "It is no use," said the {adv}. ~ “没有用。”{adv}说。

{when}, {a}, the {job}'s child, came to the castle. ~ {when}，{job}的孩子{a}来到了王宫。
In the castle lived {a}, the little {a.kind} of the {job}. ~ 王宫里住着{job}的孩子{a}。

? {a} was only {age} years old, but {a.he} had good eyes and a good heart. ~ {a}只有{age}岁，可是眼睛亮，心眼好。
? "I think I know what is wrong," {a} said to the {job}. ~ “我想我知道是怎么回事了。”{a}对{job}说。

--
""".replace("the little {a.kind} of the {job}", "the child of the {job}").replace(
            "? {a} was only {age} years old, but {a.he} had good eyes and a good heart. ~ {a}只有{age}岁，可是眼睛亮，心眼好。",
            "? {a} was small, but {a.he} had good eyes and a good heart. ~ {a}个子小，可是眼睛亮，心眼好。",
        )
        + LACKS[way][2]
        + LACKS[way][3]
        + """
"How did you know that?" the {adv} asked. "I only looked," said {a}. ~ “[你是怎么知道的|你怎么会知道|这你是怎么想到的]？”{adv}问。“[我只是看了看|看一看就知道了|我就看了一眼]。”{a}说。
The {adv} wrote it all down in a thick {col2} book. ~ {adv}把[这些都记在|这件事记在|听到的都写进]一本厚厚的{col2}书里。
{a} got {prize}, and the king visited {a.him} every Sunday. ~ {a}得到了{prize}，国王每个星期天都去看{a.he}。

From then on the king came every day, and he was no longer the saddest king in the world. ~ 从那以后，国王[天天都来|每天都来|一天不落地来]，[他再也不是世界上最难过的国王了|再也没有人说他是最难过的国王了|他不再是那个最难过的国王了]。
"It is good to have {rich}," said the king, "but a good idea is better." ~ “{rich}是好东西，”国王说，“可是好主意更好。”
And the king said that {a} was the cleverest {a.kind} in the country. ~ 国王[说，{a}是全国最聪明的孩子|夸{a}是全国最聪明的孩子|说，全国没有比{a}更聪明的孩子了]。
""".replace("{col2}", "{:colors}")
    )
    if t.chance(0.3):
        t.ending()
    how = {
        "sleep": "by making him work ~ 带他一起干活",
        "laugh": "by being funny ~ 逗他笑",
        "friend": "by playing with him ~ 和他一起玩",
        "eat": "by cooking with him ~ 和他一起做饭",
    }[way]
    t.let(how=how)
    t.title("""
The Sad King ~ 难过的国王
{a} and the King ~ {a}和国王
What the King Needed ~ 国王缺什么
""")
    t.summary("""
A king {lack}, and nobody could help him but {a}, the {job}'s child. ~ 有一位国王{lack}，谁也帮不了他，只有{job}的孩子{a}做到了。
{a} helped a king who {lack} {how}. ~ 国王{lack}，{a}{how}，帮助了他。
""")
    t.ask("""
who: Who helped the king? => {a} ~ 谁帮助了国王？ => {a}
what: What was wrong with the king? => he {lack} ~ 国王怎么了？ => {lack}
how: How did {a} help the king? => {how} ~ {a}是怎么帮助国王的？ => {how}
who: Whose child was {a}? => the {job}'s ~ {a}是谁的孩子？ => {job}的孩子
what: What was the prize? => {prize} ~ 奖赏是什么？ => {prize}
nodid: Could the {adv} help the king? ~ {adv}帮到国王了吗？
did: Did the king promise {prize?}? ~ 国王答应给{prize?}了吗？
unsaid: What was the king called? ~ 国王叫什么名字？
""")
