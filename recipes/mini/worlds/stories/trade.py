"""A chain of swaps leads from a little thing to the thing somebody wishes for."""

WANTS = [  # who gives, what, why they want the thing before
    ("the baker ~ 面包师", "loaf of bread ~ 面包 ~ 个", "for my little shop ~ 摆在我的店里"),
    ("the fisherman ~ 渔夫", "fish ~ 鱼 ~ 条 ~ fish", "for my little daughter ~ 送给我的小女儿"),
    (
        "the gardener ~ 园丁",
        "basket of carrots ~ 胡萝卜 ~ 篮",
        "for a good friend ~ 送给一个好朋友",
    ),
    ("the shoemaker ~ 鞋匠", "pair of boots ~ 靴子 ~ 双", "for my old mother ~ 送给我妈妈"),
    ("the farmer ~ 农夫", "bag of corn ~ 玉米 ~ 袋", "for my wife's birthday ~ 给我太太当生日礼物"),
    ("the tailor ~ 裁缝", "blanket ~ 毯子 ~ 条", "for my brother ~ 送给我弟弟"),
    ("the painter ~ 画家", "painting ~ 画 ~ 幅", "for my next picture ~ 画到下一幅画里"),
    ("the cook ~ 厨师", "pot of soup ~ 汤 ~ 锅", "for a party tonight ~ 在今晚的聚会上用"),
    ("the postman ~ 邮递员", "bag ~ 背包 ~ 个", "for my grandson ~ 送给我的小孙子"),
]
STEP = """
--

{where} {a} met {w}. ~ {a}在{where}遇到了{w}。
When {a} was {where}, {w} came by. ~ {a}走到{where}，{w}正好过来。
{w} was standing {where} and saw the {old}. ~ {w}站在{where}，看见了{old}。

"What a fine {old}!" said {w}. "I need one {why}." ~ “[多好的{old}啊|这{old.mw}{old}真不错|好{old}]！”{w}说，“[我正想要一{old.mw}|我正缺一{old.mw}|我正在找呢]，好{why}。”
"I have always wanted a {old}," said {w}, "{why}." ~ “[我一直想要一{old.mw}{old}|我早就想要一{old.mw}{old}了|我做梦都想要一{old.mw}{old}]，”{w}说，“[好|这样就能]{why}。”
"Will you give me that {old}? I want it {why}," said {w}. ~ “[这{old.mw}{old}能给我吗|能把{old}给我吗|把这{old.mw}{old}让给我好吗]？[我想|我要用来|我好]{why}。”{w}说。

"Take it," said {a}, and {w} gave {a.him} a {new} for it. ~ “拿去吧。”{a}说。{w}就给了{a.he}一{new.mw}{new}。
So {a} gave away the {old} and got a {new}. ~ 于是{a}用{old}换来了一{new.mw}{new}。
{w} put a {new} into {a}'s arms and went away happily with the {old}. ~ {w}[把一{new.mw}{new}放到{a}怀里|把一{new.mw}{new}递给{a}|给了{a}一{new.mw}{new}]，[高高兴兴地拿着{old}走了|带着{old}走了|拿起{old}就走了]。

? {a} looked at the {new}. It was nice, but it was still not a {wish}. ~ {a}[看了看{new}|看着手里的{new}]。{new}[挺好的|是不错]，[可还不是|可惜不是]{wish}。
? "A {new}!" thought {a}. "What can I do with a {new}?" ~ “[一{new.mw}{new}|{new}]！”{a}心想，“[我拿{new}做什么呢|我要{new}有什么用呢|{new}能做什么呢]？”
"""


def tell(t):
    t.child("a")
    t.kin("m", of="a")
    t.pick(k="treasures", col="colors", when="when")
    t.pick(
        wish=[
            "puppy ~ 小狗 ~ 只 ~ puppies",
            "bicycle ~ 自行车 ~ 辆",
            "violin ~ 小提琴 ~ 把",
            "kite ~ 风筝 ~ 只",
            "sled ~ 雪橇 ~ 个",
            "lamb ~ 小羊 ~ 只",
            "telescope ~ 望远镜 ~ 架",
        ]
    )
    t.pick(
        last=[
            "an old sailor ~ 老水手",
            "a rich merchant ~ 商人",
            "an old lady ~ 老奶奶",
            "a shepherd ~ 牧羊人",
            "a young teacher ~ 年轻的老师",
        ]
    )
    t.pick(
        trait=[
            "clever ~ 聪明",
            "cheerful ~ 开朗",
            "friendly ~ 友好",
            "polite ~ 有礼貌",
            "curious ~ 好奇",
        ]
    )
    t.meet(like=False)
    t.tell("""
More than anything {a} wanted a {wish}, but {a.he} had no money. ~ {a}最想要一{wish.mw}{wish}，可是没有钱。
All {a} wished for was a {wish}. ~ {a}只想要一{wish.mw}{wish}。 // But {m} said, "A {wish} costs too much." ~ 可是{m}说：“{wish}太贵了。”
"If only I had a {wish}!" {a} often said to {m}. ~ “要是我有一{wish.mw}{wish}就好了！”{a}常常对{m}说。

{when}, {a} found a {col} {k} in the grass. ~ {when}，{a}在草丛里捡到一{k.mw}{col}的{k}。
{when}, {m} gave {a} a {col} {k}, and {a} put it in {a.his} pocket. ~ {when}，{m}给了{a}一{k.mw}{col}的{k}，{a}把它放进了口袋。
All {a} had was a {col} {k}, and {when} {a.he} took it to the market. ~ {a}只有一{k.mw}{col}的{k}。{when}，{a.he}带着它去了集市。
""")
    t.branch("two", "three")
    count = 2 if t.story.plot == "two" else 3
    chain = t.random.sample(WANTS, count)
    wheres = t.random.sample(
        [
            "at the market ~ 集市上",
            "on the bridge ~ 桥上",
            "by the well ~ 井边",
            "in front of the school ~ 学校门口",
            "on the road ~ 路上",
            "at the gate ~ 大门口",
        ],
        count,
    )
    t.same("old", "k")
    for i, ((who, gives, why), where) in enumerate(zip(chain, wheres, strict=True)):
        t.let(w=who, new=gives, where=where, why=why)
        t.tell(STEP)
        t.let(**{f"w{i}": who, f"got{i}": gives})
        t.same("old", "new")
    t.tell("""
--

At last {a} came to {last} with a {wish}. ~ 最后，{a}遇到了一位有{wish}的{last}。
Then {a} saw {last}, and {a.his} heart jumped: there was a {wish}! ~ 后来{a}看见了一位{last}，[心一下子怦怦跳起来|心里怦怦直跳|高兴得心都要跳出来了]：[那里有|那儿有|眼前是]一{wish.mw}{wish}！

"I will give you this {wish} for your {new}," said the stranger. ~ “我用这{wish.mw}{wish}换你的{new}吧。”那人说。
"Your {new} is just what I need," said the stranger. "Do you want my {wish} for it?" ~ “[你的{new}正是我需要的|我要的就是{new}|我正需要你的{new}呢]。”那人说，“[我用{wish}跟你换，好吗|换我的{wish}，好吗|拿{wish}跟你换，行不行]？”

{a} ran home with the {wish}. "{m}, look!" {a.he} shouted. ~ {a}带着{wish}跑回家。“{m}，快看！”{a.he}喊道。
In the evening {a} showed {m} the {wish}. {m} could hardly believe it. ~ [傍晚|到了傍晚|那天傍晚]，{a}把{wish}拿给{m}看。{m}[简直不敢相信|都不敢相信|看得眼睛都圆了]。

"And it all began with a {col} {k}," said {a}. ~ “这一切都是从一{k.mw}{col}的{k}开始的。”{a}说。
"All that for one little {k}?" asked {m} and laughed. ~ “就凭一{k.mw}小小的{k}？”{m}笑着问。
So a {col} {k} had become a {wish}. ~ 就这样，一{k.mw}{col}的{k}变成了一{wish.mw}{wish}。
""")
    t.title("""
From a {k} to a {wish} ~ 从{k}到{wish}
{a} Trades ~ {a}换东西
The {col} {k} ~ {col}的{k}
""")
    t.summary("""
{a} traded a {k} for other things again and again until {a.he} had a {wish}. ~ {a}用一{k.mw}{k}换来换去，最后换到了一{wish.mw}{wish}。
Beginning with a {col} {k}, {a} traded until {a.he} got the {wish} {a.he} wanted. ~ {a}从一{k.mw}{col}的{k}开始换，最后换到了自己想要的{wish}。
""")
    t.ask("""
what: What did {a} want? => a {wish} ~ {a}想要什么？ => 一{wish.mw}{wish}
what: What did {a} have at first? => a {col} {k} ~ {a}一开始有什么？ => 一{k.mw}{col}的{k}
who: Who wanted the {k}? => {w0} ~ 谁想要{k}？ => {w0}
what: What did {a} get for the {k}? => a {got0} ~ {a}用{k}换到了什么？ => 一{got0.mw}{got0}
what: What did {w1} give {a}? => a {got1} ~ {w1}给了{a}什么？ => 一{got1.mw}{got1}
yes: Did {a} get a {wish} in the end? ~ {a}最后得到{wish}了吗？
is: Was the {k} {col?}? ~ {k}是{col?}的吗？
unsaid: How far did {a} walk that day? ~ {a}那天走了多远？
""")
