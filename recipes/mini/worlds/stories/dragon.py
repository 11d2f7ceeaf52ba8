"""A small dragon cannot breathe fire; what it can do instead turns out to be needed."""

GIFTS = {
    "bubbles": (
        "soap bubbles ~ 肥皂泡",
        """
{a} took a deep breath and blew. Out came {n} {col} soap bubbles. ~ {a}深吸一口气，一吹，吹出了{n}个{col}的肥皂泡。
Whenever {a} wanted to breathe fire, there were only {col} bubbles. ~ {a}每次想喷火，喷出来的都是{col}的泡泡。
""",
    ),
    "snow": (
        "snow ~ 雪花",
        """
{a} blew as hard as {a.he} could, and it snowed on {a.his} own feet. ~ {a}使劲一吹，雪花落在了自己脚上。
Instead of fire, cold snow came out of {a.his} mouth. ~ {a}嘴里喷出来的不是火，是冷冷的雪。
""",
    ),
    "water": (
        "water ~ 水",
        """
A long jet of water came out of {a}'s mouth and wet {b}. ~ {a}嘴里喷出一股长长的水，把{b}淋湿了。
{a} blew, and splash, there was a puddle on the ground. ~ {a}一吹，“哗啦”一声，地上就有了一摊水。
""",
    ),
    "music": (
        "music ~ 音乐",
        """
{a} opened {a.his} mouth, and a soft sound came out, like a flute. ~ {a}张开嘴，发出了轻轻的声音，像笛子一样。
Not fire but music came out of {a.his} nose. ~ 从{a}鼻子里出来的不是火，而是音乐。
""",
    ),
}
NEEDS = {
    "bubbles": """
In the village the little {kid} of {who} cried and cried, and nobody could make {kid2} laugh. ~ 村子里，{who}家的小{kid}哭个不停，谁也哄不好。
The village fair had no lights that night, and all the children were {:sad}. ~ 那天晚上，集市上没有灯，孩子们都很{:sad}。

Then {a} blew a thousand {col} bubbles, and all the children laughed. ~ 这时，{a}吹出了一千个{col}的泡泡，孩子们都笑了。
{a} filled the sky with {col} bubbles, and everybody ran after them. ~ {a}让天空飘满了{col}的泡泡，大家都追着跑。
""",
    "snow": """
It was the hottest day of the year, and {who} lay in the shade and could not work. ~ 那是一年里最热的一天，{who}躺在树荫下，热得没法干活。
In the village it was so hot that the {k} of {who} melted. ~ 村子里热极了，{who}的{k}都化了。

Then {a} blew, and cool snow fell on the {k} and on all the roofs. ~ 这时，{a}一吹，凉凉的雪花落在{k}上，也落在所有的屋顶上。
{a} flew over the houses and let it snow. The children built {n} snowmen in summer. ~ {a}飞过房子，下起了雪。孩子们在夏天堆了{n}个雪人。
""",
    "water": """
One night the barn of {who} was on fire. ~ 一天夜里，{who}的谷仓着火了。
"Fire! Fire!" somebody called. The flames came out of the house of {who}. ~ “着火啦！着火啦！”有人喊道。{who}的房子里冒出了火苗。

{b} could not help, for {b.he} had only more fire. Then {a} came and blew. ~ {b}帮不上忙，因为{b.he}只会喷火。这时{a}来了，用力一喷。
{a} flew over the flames and put them out, one after another, in {n} minutes. ~ {a}飞到火焰上面，{n}分钟就把火一处一处地扑灭了。
""",
    "music": """
Nobody in the village could sleep, because the storm was so loud, and {who} was afraid. ~ 暴风雨的声音太大了，村子里谁也睡不着，{who}也很害怕。 // {a} played a song, soft and long, until everyone was calm. ~ {a}奏起一首歌，又轻又长，大家都静了下来。
{n} sheep of {who} had got lost in the fog. ~ {who}有{n}只羊在雾里走丢了。 // When they heard {a}'s music, they came out of the fog, one after another. ~ 听见{a}的音乐，羊儿一只接一只从雾里走了出来。
""",
}


def tell(t):
    t.animal("a", kind="dragon ~ 小火龙 ~ 条")
    t.animal("b", kind="dragon ~ 火龙 ~ 条")
    t.pick(
        col="colors",
        n=["three ~ 三", "four ~ 四", "five ~ 五", "six ~ 六", "seven ~ 七"],
        when="when",
    )
    t.pick(
        home=[
            "in a cave in the mountains ~ 山里的一个山洞里",
            "on a rocky island ~ 一座石头岛上",
            "on the top of a hill ~ 一座小山顶上",
            "behind a waterfall ~ 瀑布后面",
            "in an old castle ~ 一座旧城堡里",
            "in a dark valley ~ 一个幽暗的山谷里",
        ]
    )
    t.pick(
        who=[
            "the farmer ~ 农夫",
            "the miller ~ 磨坊主",
            "the baker ~ 面包师",
            "the old shepherd ~ 老牧羊人",
            "the blacksmith ~ 铁匠",
        ]
    )
    t.pick(k=["cheese ~ 奶酪", "butter ~ 黄油", "chocolate ~ 巧克力", "ice cream ~ 冰淇淋"])
    t.pick(
        burn=[
            "a candle ~ 一根蜡烛",
            "a big fire ~ 一堆大火",
            "a lamp ~ 一盏灯",
            "an oven ~ 一个炉子",
        ]
    )
    t.pick(
        hot=["hot peppers ~ 辣椒", "coal ~ 煤块", "ginger ~ 生姜", "burning leaves ~ 烧着的树叶"]
    )
    t.meet(like=False)
    way = t.branch(*GIFTS)
    t.let(gift=GIFTS[way][0])
    t.tell(
        """
All the dragons there could breathe fire, only {a} could not. ~ 那里的龙都会喷火，只有{a}不会。
{a}'s friend {b} could light {burn} from far away. ~ {a}的朋友{b}老远就能点燃{burn}。
{b}, the biggest of the young dragons, could light {burn} with one breath. ~ 小龙里个头最大的{b}，一口气就能点燃{burn}。
"""
        + GIFTS[way][1]
        + """
"That is no dragon!" laughed {b}. ~ “这哪是龙啊！”{b}笑道。
{b} held {b.his} belly and laughed. "{gift}! Whoever heard of that?" ~ {b}捧着肚子笑。“{gift}！谁听说过呀？”
The others laughed so loudly that {a} hid in the dark for {n} days. ~ 别的龙笑得好大声，{a}在黑暗里躲了{n}天。

--

{a} ate {hot}, but it did not help. ~ {a}吃了{hot}，可是没有用。
{when}, {a} tried it with {hot}. {a.He} only got hiccups. ~ {when}，{a}[吃了{hot}试一试|吃下{hot}，想试一试|拿{hot}试了试]，[结果只打起了嗝|结果只是打嗝|没想到只打了几个嗝]。
"Perhaps I need {hot}," thought {a}. {a.He} swallowed a whole bowl, but no fire came. ~ “[也许我该吃点|说不定得吃|要不我吃点]{hot}。”{a}心想。{a.he}[吞下了一大碗|一口气吃了一大碗]，[还是没有火|可是没有喷出火来|火还是没有来]。

{a} practiced on the mountain every night, {n} times, and then {a.he} gave up. ~ {a}[每天夜里都在山上练|天天夜里上山练|夜夜在山上练]{n}遍，[后来就不练了|可是最后放弃了|到头来还是不练了]。
"I will never be a real dragon," said {a} and felt {:sad}. ~ “我[永远成不了真正的龙|当不成真正的龙了|哪里像一条真正的龙呢]。”{a}说，[心里很|觉得很|听上去很]{:sad}。

--
"""
        + NEEDS[way]
        .replace(
            "the little {kid} of {who} cried and cried, and nobody could make {kid2} laugh",
            "the baby of {who} cried and cried, and nobody could make it laugh",
        )
        .replace("{who}家的小{kid}哭个不停", "{who}家的宝宝哭个不停")
        + """
"Hooray for {a}!" shouted the people, and {who} gave {a.him} a {col} ribbon. ~ “{a}万岁！”[人们欢呼着|大家喊着|人们高声喊]，{who}[送给{a.he}一条{col}的丝带|把一条{col}的丝带系在{a.he}脖子上]。
{who} took off his hat. "We need you, {a}," he said. ~ {who}脱下帽子。“我们需要你，{a}。”他说。
They carried {a} through the village, and {who} sang loudest of all. ~ 人们抬着{a}走过村子，{who}唱得最响。

{b} looked at the ground. "I cannot do that," {b.he} said. "Will you show me?" ~ {b}低头看着地面。“[我可不会这个|这个我不会|我做不到这样]。”{b.he}说，“[你能教教我吗|教我好不好|你肯教我吗]？”
"You are a real dragon, only a different one," said {b}. ~ “你是真正的龙，[只是和别的龙不一样|只是跟大家不同|是另外一种龙]。”{b}说。
Since then nobody has laughed at {a} any more, least of all {b}. ~ 从那以后，[再也没有谁笑话{a}|谁也不笑话{a}了|没有谁再笑{a}]，{b}[更不会了|就更不用说了|也一样]。
"""
    )
    if t.chance(0.4):
        t.ending()
    t.title("""
The Dragon Without Fire ~ 不会喷火的龙
{a} the Dragon ~ 小火龙{a}
A Different Dragon ~ 不一样的龙
""")
    t.summary(
        """
{a} the dragon breathed {gift} instead of fire and was laughed at, until it helped everybody. ~ 小火龙{a}不会喷火，只会喷{gift}，大家都笑话{a.he}，后来这个本领却帮了大家。
""".replace(
            "喷{gift}",
            {"bubbles": "吹泡泡", "snow": "喷雪花", "water": "喷水", "music": "吹出音乐"}[way],
        )
    )
    t.ask(
        """
what: What could {a} not do? => breathe fire ~ {a}不会做什么？ => 喷火
what: What came out of {a}'s mouth? => {gift} ~ {a}喷出来的是什么？ => {gift}
who: Who laughed at {a}? => {b} ~ 谁笑话{a}？ => {b}
what: What kind of animal was {a}? => a dragon ~ {a}是什么动物？ => 小火龙
what: What did {a} eat to get fire? => {hot} ~ 为了喷火，{a}吃了什么？ => {hot}
who: Whom did {a} help? => {who} ~ {a}帮助了谁？ => {who}
yesno: Did {a} learn to breathe fire? => No ~ {a}学会喷火了吗？ => 没有
unsaid: How long was {a}'s tail? ~ {a}的尾巴有多长？
""".replace(
            "who: Whom did {a} help? => {who} ~ {a}帮助了谁？ => {who}\n",
            ""
            if way == "bubbles"
            else "who: Whom did {a} help? => {who} ~ {a}帮助了谁？ => {who}\n",
        )
    )
