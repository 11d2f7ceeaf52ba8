"""The words that worlds share, and the sentences that fit any story."""

from __future__ import annotations

from .values import Place, Thing, Word, parse

KINDS: dict[str, type[Word]] = {"words": Word, "things": Thing, "places": Place}
LISTS = """
[words colors]
red ~ 红色
blue ~ 蓝色
green ~ 绿色
yellow ~ 黄色
pink ~ 粉色
purple ~ 紫色
orange ~ 橙色
white ~ 白色
golden ~ 金色
[words numbers]
two ~ 两
three ~ 三
four ~ 四
five ~ 五
six ~ 六
seven ~ 七
eight ~ 八
nine ~ 九
[words ages]
four ~ 四
five ~ 五
six ~ 六
seven ~ 七
eight ~ 八
nine ~ 九
[words traits]
kind ~ 善良
curious ~ 好奇
brave ~ 勇敢
clever ~ 聪明
cheerful ~ 开朗
gentle ~ 温柔
quiet ~ 安静
lively ~ 活泼
careful ~ 细心
friendly ~ 友好
honest ~ 诚实
polite ~ 有礼貌
patient ~ 有耐心
cautious ~ 谨慎
funny ~ 爱开玩笑
helpful ~ 爱帮忙
talkative ~ 爱说话
stubborn ~ 倔强
bold ~ 大胆
dreamy ~ 爱幻想
bright ~ 机灵
hard-working ~ 勤快
[words home_sides]
by the river ~ 河边
by the sea ~ 海边
near the lake ~ 湖边
on a hill ~ 山坡上
in the mountains ~ 山里
at the edge of the village ~ 村边
beside the park ~ 公园旁边
near the school ~ 学校附近
behind the market ~ 集市后面
next to the library ~ 图书馆旁边
by the old bridge ~ 老桥边
near the station ~ 车站附近
in the old town ~ 老城里
on an island ~ 小岛上
at the edge of the forest ~ 树林边
across from the park ~ 公园对面
by a quiet road ~ 安静的路边
at the end of the street ~ 街的尽头
behind the church ~ 教堂后面
beside the canal ~ 运河边
above the harbor ~ 港口上头
next to the windmill ~ 风车旁边
in the green valley ~ 绿色的山谷里
at the foot of the hill ~ 山脚下
near the market square ~ 集市广场附近
on the edge of town ~ 城边上
beside the rice fields ~ 稻田边
[words houses]
in a small house ~ 一座小房子
in a wooden house ~ 一座木屋
in a white house ~ 一座白房子
in a yellow house ~ 一座黄房子
in a stone house ~ 一座石头房子
in a tall building ~ 一座高楼
on a little farm ~ 一个小农场
in a brick house ~ 一座红砖房
in an old house ~ 一座老房子
in a cottage ~ 一座小屋
in a house with a green door ~ 一座绿门的房子
in a house with a garden ~ 一座带花园的房子
in a house with a red roof ~ 一座红屋顶的房子
in a little blue house ~ 一座蓝色的小房子
in a narrow house ~ 一座窄窄的房子
in a house full of books ~ 一座堆满书的房子
in two small rooms ~ 两间小屋子
in a log cabin ~ 一间圆木小屋
in a house with round windows ~ 一座有圆窗户的房子
in a big apartment house ~ 一幢公寓楼
in a house with a courtyard ~ 一个小院子
[words den_sides]
in a deep forest ~ 大森林里
by the stream ~ 小溪边
on a sunny hill ~ 向阳的山坡上
in a green valley ~ 绿色的山谷里
behind the waterfall ~ 瀑布后面
beside the pond ~ 池塘边
at the foot of a mountain ~ 山脚下
near the meadow ~ 草地旁边
at the edge of the forest ~ 森林边
near the old mill ~ 老磨坊附近
under the old oak ~ 老橡树下面
among the bushes ~ 灌木丛中间
beside the bridge ~ 小桥旁边
high above the valley ~ 高高的山谷上头
behind the big rock ~ 大石头后面
at the edge of the swamp ~ 沼泽边上
near the blackberry bushes ~ 黑莓丛旁边
between two hills ~ 两座小山中间
[words burrows]
in a hollow tree ~ 一个树洞里
in a burrow ~ 一个地洞里
in a hut of leaves ~ 一间树叶小屋里
in a cozy den ~ 一个舒服的小窝里
in a little house ~ 一座小房子里
in a cave ~ 一个山洞里
in a round hut ~ 一间圆圆的小屋里
in a tiny cottage ~ 一间小小的木屋里
under the roots of a tree ~ 一棵树的树根底下
in a nest of moss ~ 一个青苔铺的窝里
in a house of branches ~ 一间树枝搭的屋子里
in a dry hole ~ 一个干爽的洞里
in a mud house ~ 一间泥巴小屋里
in a warm hollow ~ 一个暖和的小坑里
[words home_likes]
painting ~ 画画
reading ~ 看书
singing ~ 唱歌
dancing ~ 跳舞
swimming ~ 游泳
playing the piano ~ 弹钢琴
riding a bike ~ 骑自行车
building with blocks ~ 搭积木
looking at the stars ~ 看星星
playing football ~ 踢足球
baking ~ 烤点心
telling jokes ~ 讲笑话
flying kites ~ 放风筝
jumping rope ~ 跳绳
collecting stamps ~ 集邮
drawing maps ~ 画地图
catching butterflies ~ 捉蝴蝶
feeding the ducks ~ 喂鸭子
writing letters ~ 写信
folding paper ~ 折纸
playing chess ~ 下棋
roller-skating ~ 滑旱冰
watering plants ~ 浇花
playing the drums ~ 打鼓
[words den_likes]
climbing trees ~ 爬树
picking berries ~ 采浆果
singing ~ 唱歌
dancing ~ 跳舞
sleeping in the sun ~ 晒着太阳睡觉
rolling in the grass ~ 在草地上打滚
playing in the snow ~ 玩雪
watching the clouds ~ 看云
jumping over puddles ~ 跳水坑
playing hide-and-seek ~ 捉迷藏
telling stories ~ 讲故事
collecting acorns ~ 捡橡果
sliding down hills ~ 从山坡上滑下来
looking for shells ~ 找贝壳
listening to the birds ~ 听鸟叫
splashing in the stream ~ 在小溪里玩水
chasing leaves ~ 追树叶
whistling ~ 吹口哨
digging holes ~ 挖洞
[words happy]
happy ~ 高兴
glad ~ 开心
pleased ~ 开心
delighted ~ 高兴
[words sad]
sad ~ 难过
upset ~ 伤心
unhappy ~ 不开心
disappointed ~ 失望
[words weather]
sunny ~ 晴朗
windy ~ 刮着风
cloudy ~ 多云
warm ~ 暖和
cool ~ 凉爽
bright ~ 阳光明媚
clear ~ 晴空万里
pleasant ~ 风和日丽
mild ~ 暖洋洋
fine ~ 天气很好
[words times]
morning ~ 早晨
afternoon ~ 下午
[words days]
Monday ~ 星期一
Tuesday ~ 星期二
Wednesday ~ 星期三
Thursday ~ 星期四
Friday ~ 星期五
Saturday ~ 星期六
Sunday ~ 星期天
[words seasons]
spring ~ 春天
summer ~ 夏天
autumn ~ 秋天
winter ~ 冬天
[things toys]
ball ~ 皮球 ~ 个
doll ~ 布娃娃 ~ 个
toy car ~ 玩具汽车 ~ 辆
toy boat ~ 玩具船 ~ 只
teddy bear ~ 玩具熊 ~ 只
drum ~ 小鼓 ~ 面
puzzle ~ 拼图 ~ 副
toy train ~ 玩具火车 ~ 列
robot ~ 机器人 ~ 个
spinning top ~ 陀螺 ~ 个
toy plane ~ 玩具飞机 ~ 架
toy rabbit ~ 布兔子 ~ 只
[things treasures]
marble ~ 玻璃球 ~ 颗
button ~ 纽扣 ~ 颗
key ~ 钥匙 ~ 把
ring ~ 戒指 ~ 枚
shell ~ 贝壳 ~ 个
coin ~ 硬币 ~ 枚
whistle ~ 哨子 ~ 个
bell ~ 小铃铛 ~ 个
feather ~ 羽毛 ~ 根
pebble ~ 小石子 ~ 颗
ribbon ~ 丝带 ~ 条
star badge ~ 星星徽章 ~ 枚
[things fruits]
apple ~ 苹果 ~ 个
pear ~ 梨 ~ 个
peach ~ 桃子 ~ 个 ~ peaches
orange ~ 橘子 ~ 个
plum ~ 李子 ~ 个
banana ~ 香蕉 ~ 根
mango ~ 芒果 ~ 个 ~ mangoes
[things foods]
apple pie ~ 苹果派 ~ 个
cookie ~ 饼干 ~ 块
cake ~ 蛋糕 ~ 块
pancake ~ 煎饼 ~ 张
dumpling ~ 饺子 ~ 个
bun ~ 包子 ~ 个
sandwich ~ 三明治 ~ 个
muffin ~ 小松糕 ~ 个
[things pets]
kitten ~ 小猫 ~ 只
puppy ~ 小狗 ~ 只 ~ puppies
duckling ~ 小鸭子 ~ 只
bird ~ 小鸟 ~ 只
hedgehog ~ 小刺猬 ~ 只
turtle ~ 小乌龟 ~ 只
lamb ~ 小羊羔 ~ 只
rabbit ~ 小兔子 ~ 只
[things flowers]
rose ~ 玫瑰 ~ 朵
daisy ~ 雏菊 ~ 朵 ~ daisies
sunflower ~ 向日葵 ~ 朵
tulip ~ 郁金香 ~ 朵
lily ~ 百合花 ~ 朵 ~ lilies
[things trees]
apple tree ~ 苹果树 ~ 棵
oak tree ~ 橡树 ~ 棵
pine tree ~ 松树 ~ 棵
willow tree ~ 柳树 ~ 棵
cherry tree ~ 樱桃树 ~ 棵
[places outdoors]
park ~ 公园
garden ~ 花园
forest ~ 森林
beach ~ 海滩 ~ on ~ 上
hill ~ 小山 ~ on ~ 上
river ~ 河 ~ by ~ 边
lake ~ 湖 ~ by ~ 边
field ~ 田野
meadow ~ 草地 ~ in ~ 上
schoolyard ~ 校园
playground ~ 操场 ~ on ~ 上
[places towns]
market ~ 集市 ~ at ~ 上
library ~ 图书馆
school ~ 学校
bakery ~ 面包店
toy shop ~ 玩具店
train station ~ 火车站 ~ at ~ 里
museum ~ 博物馆
zoo ~ 动物园 ~ at ~ 里
[places rooms]
kitchen ~ 厨房
bedroom ~ 卧室
living room ~ 客厅
attic ~ 阁楼 ~ in ~ 上
bathroom ~ 浴室
garage ~ 车库
"""


def pools(text: str) -> dict[str, list[Word]]:
    """The pools of a text: a heading `[kind name]`, then a line a value."""
    found: dict[str, list[Word]] = {}
    for line in text.strip().splitlines():
        if line.startswith("["):
            kind, name = line.strip("[]").split()
            values = found.setdefault(name, [])
        else:
            values.append(parse(line, KINDS[kind], name))
    return found


POOLS = pools(LISTS)


TIMES = [("morning", "早晨"), ("morning", "早上"), ("afternoon", "下午")]
EARLY = [*TIMES, ("morning", "清晨"), ("afternoon", "午后")]
DAYS = [  # of a week's day: which one, in both languages
    ("one {day}", "一个{day}的"),
    ("on a {day}", "{day}"),
    ("one {day}", "有个{day}的"),
    ("one {day}", "{day}那天"),
]
POOLS["when"] = [
    *(
        Word(f"one {w.en} {en}", f"{one}{w.zh}的{zh}", "when")
        for w in POOLS["weather"]
        for en, zh in EARLY
        for one in ("一个", "有一个", "在一个")
    ),
    *(
        Word(f"{on.format(day=day.en)} {en}", f"{of.format(day=day.zh)}{zh}", "when")
        for day in POOLS["days"]
        for en, zh in TIMES
        for on, of in DAYS
    ),
    *(
        Word(f"{one} in {s.en}", zh.format(s.zh), "when")
        for s in POOLS["seasons"]
        if s.en != "winter"
        for one, zh in (("one day", "{}里的一天"), ("one day", "{}的一天"),
                        ("one morning", "{}的一个早晨"), ("one afternoon", "{}的一个下午"))
    ),
]  # fmt: skip
POOLS["calm"] = [w for w in POOLS["when"] if "windy" not in w.en]  # where wind would matter

POOLS["homes"] = [
    Word(f"{house.en} {side.en}", f"{side.zh}{of}{house.zh}里", "homes")
    for house in POOLS["houses"]
    for side in POOLS["home_sides"]
    for of in ("的", "")
]
POOLS["dens"] = [
    Word(f"{burrow.en} {side.en}", f"{side.zh}{of}{burrow.zh}", "dens")
    for burrow in POOLS["burrows"]
    for side in POOLS["den_sides"]
    for of in ("的", "")
]

MEET = """
[Once upon a time|Once|Long ago], there was a {trait} little {hero.kind} [called|named] {hero}, who lived {home}. ~ [从前|很久以前|从前从前|早些时候|很久很久以前]，有[一{hero.mw}|这样一{hero.mw}|这么一{hero.mw}]{trait}的{hero.kind}，[名叫|名字叫|叫|叫做]{hero}，[住在|家在|家住|就住在]{home}。
{hero} was a {trait} little {hero.kind} who lived {home}. ~ {hero}是[一{hero.mw}|这样一{hero.mw}]{trait}的{hero.kind}，[住在|家住在|家就在|一直住在]{home}。
{home} [lived|there lived] a {trait} little {hero.kind} [called|named] {hero}. ~ [在|就在|]{home}，[住着|住了]一{hero.mw}{trait}的{hero.kind}，[名叫|名字叫|叫|大家都叫{hero.he}]{hero}。
A little {hero.kind} [called|named] {hero} lived {home}. ~ {home}[住着一{hero.mw}{hero.kind}，名叫|住着{hero.kind}]{hero}。 // [Everyone said that|Everybody knew that|People said that] {hero} was very {trait}. ~ [大家都说|谁都知道|人人都说|认识的人都说|左邻右舍都说|谁见了都说]{hero}[很|非常|可真|特别]{trait}。
There was once a little {hero.kind}. ~ [从前|以前|很久以前|早先|曾经]有[一{hero.mw}|这么一{hero.mw}]{hero.kind}。 // {hero.His} name was {hero}, and {hero.he} lived {home}. ~ {hero.he}[叫|名叫|的名字叫|的名字是]{hero}，[住在|家在|家住]{home}。 // {hero} was {trait}, and [everyone|everybody] liked {hero.him}. ~ {hero}[很|非常|特别]{trait}，[大家|人人|谁|左邻右舍]都[喜欢|很喜欢]{hero.he}。
This is [a|the] story about {hero}, a {trait} little {hero.kind} who lived {home}. ~ [这个故事讲的是|这个故事说的是|今天的故事里有|我们要讲的是]一{hero.mw}{trait}的{hero.kind}，[{hero.he}叫|名叫|{hero.he}的名字叫]{hero}，[住在|家住|家在]{home}。
Do you know {hero}? ~ 你[认识|知道|听说过|见过]{hero}吗？ // {hero.He} was a little {hero.kind} who lived {home}, and {hero.he} was very {trait}. ~ {hero.he}是[一{hero.mw}|这样一{hero.mw}]{hero.kind}，[住在|家住|家在]{home}，[非常|特别|很|向来]{trait}。
Far away, {home}, lived {hero}, a {trait} little {hero.kind}. ~ [很远很远的地方|在遥远的地方|离这儿很远的地方|在一个很远的地方]，{home}，住着[一{hero.mw}{trait}的{hero.kind}，名叫{hero}|{trait}的{hero.kind}{hero}|{hero}，一{hero.mw}{trait}的{hero.kind}]。
Let me tell you about a {trait} little {hero.kind}. ~ 我来[讲|说]一{hero.mw}{trait}的{hero.kind}的[故事|事]。 // {hero.He} was called {hero} and lived {home}. ~ {hero.he}[叫|名叫|的名字叫|叫做]{hero}，[住在|家在|家住]{home}。
{hero} lived {home}. ~ {hero}[住在|的家在|家住]{home}。 // For a little {hero.kind}, {hero.he} was really {trait}. ~ [别看{hero.he}只是一{hero.mw}{hero.kind}|虽说只是一{hero.mw}{hero.kind}]，{hero.he}可{trait}了。
{home} [you could meet|lived] {hero}. ~ {home}[能见到|住着]{hero}。 // {hero} was a {trait} little {hero.kind}. ~ {hero}是[一{hero.mw}|这样一{hero.mw}]{trait}的{hero.kind}。
Everyone knew the {trait} little {hero.kind} who lived {home}. ~ {home}[住着一{hero.mw}|有一{hero.mw}]{trait}的{hero.kind}，[没有谁不认识{hero.he}|附近的人全都认识{hero.he}|人人见了{hero.he}都要打声招呼|谁都认得{hero.he}]。 // {hero.His} name was {hero}. ~ {hero.he}[叫|名叫|就是|的名字叫]{hero}。
"""
MEETINGS = {
    "plain": MEET,
    "like": MEET
    + """
{hero} [loved|liked] {like} [more than anything|best of all]. ~ {hero}最[喜欢|爱]{like}[，天天都不嫌多|，怎么也不腻|]。
What {hero} [loved|liked] most was {like}. ~ {hero}最[爱|喜欢]的[事情|事]就是{like}。
{hero} [loved|liked] {like}, and {hero.he} did it [every day|whenever {hero.he} could]. ~ {hero}[喜欢|很喜欢|爱]{like}，[一有空就去|每天都少不了|一天不做就难受|有时间就要来一会儿]。
[Every day|Most days], {hero} spent some time {like}, because {hero.he} loved it. ~ {hero}[每天|差不多每天|几乎天天][都要花点时间|都要抽空|总要花上一阵子]{like}，[因为{hero.he}很喜欢|这是{hero.he}最高兴的时候|{hero.he}就爱这个]。
If anyone asked what {hero} liked, the answer was always: {like}. ~ [要是|如果][有谁|有人]问{hero}喜欢什么，[回答总是|{hero.he}一定会说]：{like}。
When {hero} was {like}, {hero.he} forgot everything else. ~ {hero}[一开始|只要一]{like}，[就把别的全忘了|别的事就都忘了|就什么都不记得了]。
""",
    "asked": """
where: Where did {hero} live? => {home} ~ {hero}住在哪里？ => {home}
maybe: Was {hero} {trait?}? ~ {hero}是一{hero.mw}{trait?}的{hero.kind}吗？
what: What was {hero} like? => {trait} ~ {hero}是一{hero.mw}什么样的{hero.kind}？ => {trait}的{hero.kind}
""",
    "asked_like": """
what: What did {hero} like? => {like} ~ {hero}喜欢什么？ => {like}
maybe: Did {hero} like {like?}? ~ {hero}喜欢{like?}吗？
""",
    "when": "when: When did this happen? => {when} ~ 这件事发生在什么时候？ => {when}",
}

ENDINGS = """
That night, {hero} [fell asleep|went to bed] with a smile. ~ [那天晚上|那天夜里|夜里|晚上]，{hero}[微笑着|带着笑|脸上挂着笑|心满意足地][睡着了|进入了梦乡]。
{hero} never forgot that day. ~ [那一天|这一天的事]，{hero}[永远|一直|再也][没有忘记|忘不了|记在心里]。
It was [one of the best days|the best day] {hero} had ever had. ~ [这是|这一天是|那真是]{hero}过得最[快乐|开心|高兴]的一天。
The next day, {hero} told [everyone|all {hero.his} friends] about it. ~ [第二天|过了一天|第二天一早]，{hero}把这件事[从头到尾|原原本本地|一五一十地|][讲给大家听|告诉了朋友们|说给朋友们听]。
When {hero} thinks of that day, {hero.he} still smiles. ~ [每当|每次|只要][想起|说起]那一天，{hero}[还是会|总会|都要][笑起来|露出笑容|微微一笑]。
The sun went down, and {hero} was [happy|glad]. ~ [太阳下山了|太阳落山了|天黑下来了|天边红红的]，{hero}心里[甜甜的|暖暖的|美滋滋的|像吃了蜜一样甜]。
{hero} sang a little song, because it had been such a good day. ~ {hero}[哼起了歌|唱起了歌|哼着一支小曲]，因为这一天过得[真好|真开心|太好了|实在快活]。
And if you ask {hero} about it, {hero.he} will tell you the whole story. ~ [你要是|如果你|你哪天][问起|去问]{hero}，{hero.he}[会从头到尾讲给你听|准会把整个故事讲给你听|一定会讲上半天]。
That evening {hero} could not stop smiling. ~ 那天[晚上|傍晚]，{hero}[一直|总是|老是][笑个不停|笑得合不拢嘴]。
{hero} thought about it for a long time afterward. ~ [后来|过了很久|很久以后]，{hero}[常常|还常常|还时时]想起[这件事|那一天]。
Everyone was pleased with {hero}. ~ [大家|大伙儿|人人]都[为{hero}高兴|夸{hero}做得好|说{hero}真了不起]。
What a day it had been for {hero}! ~ 对{hero}来说，[这|今天][真是|可真是]难忘的一天！
And {hero} was [happy|glad] all day long. ~ {hero}[一整天都|从早到晚都|一天到晚都]很[高兴|开心|快活]。
{hero} [laughed|smiled], and the whole world seemed [bright|warm]. ~ {hero}笑了，[好像|仿佛]整个世界都变得[明亮|温暖]了。
At bedtime, {hero} was still [thinking|talking] about it. ~ [到了睡觉的时候|要睡觉了|上床的时候]，{hero}还在[想|说]着这件事。
"What a [lovely|wonderful] day!" [thought|said] {hero}. ~ “[今天真是美好的一天|今天过得真好|多好的一天啊|真是愉快的一天]！”{hero}[心想|说|想]。
"I would like to have a day like this again," said {hero}. ~ “[真想|我真想|要是能]再[过一天这样的日子|来这么一天]就好了。”{hero}说。
{hero} took a deep breath. All was well. ~ {hero}[深深地吸了一口气|长长地舒了一口气]。[一切都好了|什么都好好的|现在一切都好了]。
Before {hero} fell asleep, {hero.he} thought: this was a good day. ~ {hero}[睡着以前|闭上眼睛以前|临睡前]想：[今天真不错|这是个好日子|这一天过得真好]。
And that is how it was with {hero}. ~ {hero}的故事[就是这样|就讲到这里|到这儿就讲完了]。
"""

UNSAID = [
    ("age", "How old was {hero}? ~ {hero}几岁了？"),
    ("breakfast", "What did {hero} have for breakfast? ~ {hero}早饭吃了什么？"),
    ("birthday", "When is {hero}'s birthday? ~ {hero}的生日是哪一天？"),
    ("eyes", "What color were {hero}'s eyes? ~ {hero}的眼睛是什么颜色的？"),
    ("tall", "How tall was {hero}? ~ {hero}有多高？"),
    ("uncle", "What was the name of {hero}'s uncle? ~ {hero}的舅舅叫什么名字？"),
    ("brothers", "How many brothers did {hero} have? ~ {hero}有几个兄弟？"),
    ("song", "What was {hero}'s favorite song? ~ {hero}最喜欢哪一首歌？"),
    ("dream", "What did {hero} dream about that night? ~ 那天晚上，{hero}梦见了什么？"),
    ("up", "What time did {hero} get up that day? ~ 那天{hero}是几点起床的？"),
    ("food", "What was {hero}'s favorite food? ~ {hero}最喜欢吃什么？"),
    ("next", "What was the weather like the next day? ~ 第二天的天气怎么样？"),
]
