"""Notes: a few facts on two or three people, so mixed that a question is answered by reading only.

A story's plot helps to guess an answer; here nothing does. Each kind of fact is told of two people
or more, so that the answer depends on whom the question names, and some questions ask what no
sentence has told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .telling import Story, Teller


@dataclass(frozen=True)
class Fact:
    """A kind of fact on a person `{p#}`: what is drawn for it, how it is told, what is asked.

    `open` is asked of somebody of whom it was not told; `tag` keeps the general questions that
    nobody answers from asking for it.
    """

    pick: dict[str, str | list[str]]
    told: str
    asked: str
    open: str
    tag: str = ""


SPOTS = [
    "under the bed ~ 床底下", "behind the door ~ 门后面", "in a drawer ~ 抽屉里",
    "on the stairs ~ 楼梯上", "in a box ~ 盒子里", "under a leaf ~ 一片叶子底下",
    "behind the sofa ~ 沙发后面", "on the roof ~ 屋顶上", "between two stones ~ 两块石头中间",
    "in a basket ~ 篮子里", "beside the fence ~ 篱笆旁边", "on the windowsill ~ 窗台上",
    "in an old boot ~ 一只旧靴子里", "under the table ~ 桌子底下", "near the well ~ 井边",
    "in the snow ~ 雪地里", "at the bottom of a bag ~ 包底", "under a bench ~ 长椅下面",
]  # fmt: skip
JOBS = [
    "doctor ~ 医生", "painter ~ 画家", "baker ~ 面包师", "sailor ~ 水手", "teacher ~ 老师",
    "pilot ~ 飞行员", "gardener ~ 园丁", "singer ~ 歌手", "cook ~ 厨师", "farmer ~ 农民",
    "dancer ~ 舞蹈家", "carpenter ~ 木匠", "bus driver ~ 公共汽车司机", "vet ~ 兽医",
]  # fmt: skip
CLOTHES = [
    "coat ~ 大衣 ~ 件", "sweater ~ 毛衣 ~ 件", "raincoat ~ 雨衣 ~ 件", "shirt ~ 衬衫 ~ 件",
    "jacket ~ 夹克 ~ 件", "vest ~ 背心 ~ 件", "cape ~ 披风 ~ 件",
]  # fmt: skip
RIDES = [
    "by bus ~ 坐公共汽车", "by train ~ 坐火车", "by boat ~ 坐船", "on foot ~ 走路",
    "by bike ~ 骑自行车", "on a donkey ~ 骑着毛驴", "by subway ~ 坐地铁", "by car ~ 坐汽车",
]  # fmt: skip
HOURS = [
    "six ~ 六", "seven ~ 七", "eight ~ 八", "nine ~ 九", "ten ~ 十", "eleven ~ 十一",
]  # fmt: skip
STUFF = [
    "wood ~ 木头", "paper ~ 纸", "clay ~ 泥巴", "straw ~ 稻草", "cloth ~ 布", "wire ~ 铁丝",
    "wool ~ 毛线", "cardboard ~ 硬纸板",
]  # fmt: skip
MADE = [
    "boat ~ 小船 ~ 只", "horse ~ 小马 ~ 匹", "hat ~ 帽子 ~ 顶", "star ~ 星星 ~ 颗",
    "house ~ 小房子 ~ 座", "crown ~ 王冠 ~ 顶", "bird ~ 小鸟 ~ 只", "mask ~ 面具 ~ 个",
    "basket ~ 篮子 ~ 个", "lamp ~ 灯 ~ 盏",
]  # fmt: skip
PETS = [
    "Biscuit ~ 饼饼", "Shadow ~ 小影", "Pepper ~ 胡椒", "Cloud ~ 云云", "Tiger ~ 阿虎",
    "Socks ~ 袜袜", "Ginger ~ 阿姜", "Pearl ~ 珠珠", "Rocky ~ 石石", "Daffy ~ 达达",
    "Moon ~ 月牙", "Nugget ~ 小金", "Waffle ~ 华夫", "Tilly ~ 提提",
]  # fmt: skip
REASONS = {
    "sad ~ 难过": [
        "the rain did not stop ~ 雨下个不停", "the soup was cold ~ 汤凉了",
        "a friend had moved away ~ 一个朋友搬走了", "nobody wanted to play ~ 谁也不想玩",
        "the ice cream was all gone ~ 冰淇淋吃完了",
    ],
    "happy ~ 高兴": [
        "there was no school ~ 不用上学", "it was snowing ~ 下雪了",
        "a letter had come ~ 来了一封信", "there were pancakes for lunch ~ 午饭吃煎饼",
        "the sun was shining again ~ 太阳又出来了",
    ],
    "tired ~ 累": [
        "the way was long ~ 路很长", "the night had been short ~ 夜里没睡够",
        "the boxes were heavy ~ 箱子很重", "there were so many steps ~ 台阶太多了",
    ],
    "angry ~ 生气": [
        "the pencil was broken ~ 铅笔断了", "the neighbors were so loud ~ 邻居太吵了",
        "somebody had eaten the cake ~ 有人把蛋糕吃了", "the bus was late ~ 公共汽车来晚了",
    ],
}  # fmt: skip
FACTS = {
    "owns": Fact(
        {"k#": "toys", "c#": "colors"},
        """
{p#} [had|owned] a {c#} {k#}. ~ {p#}有一{k#.mw}{c#}的{k#}。
The {c#} {k#} belonged to {p#}. ~ 那{k#.mw}{c#}的{k#}是{p#}的。
{p#}'s {k#} was {c#}. ~ {p#}的{k#}是{c#}的。
""",
        """
what: What did {p#} have? => a {c#} {k#} ~ {p#}有什么？ => 一{k#.mw}{c#}的{k#}
what: What color was {p#}'s {k#}? => {c#} ~ {p#}的{k#}是什么颜色的？ => {c#}
who: [Who had|Who owned] a {c#} {k#}? => {p#} ~ 谁有一{k#.mw}{c#}的{k#}？ => {p#}
who: Whose {k#} was {c#}? => {p#}'s ~ 谁的{k#}是{c#}的？ => {p#}的
is: Was {p#}'s {k#} {c#?}? ~ {p#}的{k#}是{c#?}的吗？
""",
        "What toy did {p#} have? ~ {p#}有什么玩具？",
    ),
    "likes": Fact(
        {"l#": "home_likes"},
        """
{p#} [liked|loved] {l#}. ~ {p#}[喜欢|爱]{l#}。
What {p#} liked best was {l#}. ~ {p#}最喜欢的是{l#}。
""",
        """
what: What did {p#} like? => {l#} ~ {p#}喜欢什么？ => {l#}
what: What did {p#} like to do? => {l#} ~ {p#}喜欢做什么？ => {l#}
who: Who liked {l#}? => {p#} ~ 谁喜欢{l#}？ => {p#}
maybe: Did {p#} like {l#?}? ~ {p#}喜欢{l#?}吗？
""",
        "What did {p#} like to do? ~ {p#}喜欢做什么？",
    ),
    "went": Fact(
        {"d#": "days", "o#": "outdoors"},
        """
On {d#}, {p#} went to the {o#}. ~ {d#}，{p#}去了{o#.in}。
{p#} went to the {o#} on {d#}. ~ {p#}{d#}去了{o#.in}。
""",
        """
where: Where did {p#} go on {d#}? => to the {o#} ~ {p#}{d#}去了哪里？ => {o#.in}
where: Where did {p#} go? => to the {o#} ~ {p#}去了哪里？ => {o#.in}
when: When did {p#} go to the {o#}? => on {d#} ~ {p#}是哪一天去{o#.in}的？ => {d#}
who: Who went to the {o#}? => {p#} ~ 谁去了{o#.in}？ => {p#}
did: Did {p#} go to the {o#?}? ~ {p#}去{o#?.in}了吗？
""",
        "Where did {p#} go on the weekend? ~ {p#}周末去了哪里？",
    ),
    "found": Fact(
        {"t#": "treasures", "s#": SPOTS},
        """
{p#} found a {t#} {s#}. ~ {p#}在{s#}[找到|发现|捡到]了一{t#.mw}{t#}。
There was a {t#} {s#}, and {p#} found it. ~ {s#}有一{t#.mw}{t#}，{p#}找到了。
""",
        """
what: What did {p#} find? => a {t#} ~ {p#}找到了什么？ => 一{t#.mw}{t#}
where: Where did {p#} find the {t#}? => {s#} ~ {p#}是在哪里找到{t#}的？ => {s#}
where: Where was the {t#}? => {s#} ~ {t#}在哪里？ => {s#}
who: Who found the {t#}? => {p#} ~ 谁找到了{t#}？ => {p#}
""",
        "What did {p#} find in the street? ~ {p#}在街上捡到了什么？",
    ),
    "age": Fact(
        {"y#": "ages"},
        """
{p#} was {y#} years old. ~ {p#}{y#}岁了。
Everyone knew that {p#} was {y#}. ~ 大家都知道{p#}{y#}岁。
""",
        """
howmany: How old was {p#}? => {y#} ~ {p#}几岁了？ => {y#}岁
who: Who was {y#} years old? => {p#} ~ 谁{y#}岁了？ => {p#}
is: Was {p#} {y#?} years old? ~ {p#}是{y#?}岁吗？
""",
        "How old was {p#}? ~ {p#}几岁了？",
        tag="age",
    ),
    "ate": Fact(
        {"n#": "numbers", "f#": "foods"},
        """
{p#} ate {n#} {f#.s}. ~ {p#}吃了{n#}{f#.mw}{f#}。
For lunch {p#} had {n#} {f#.s}. ~ 午饭的时候，{p#}吃了{n#}{f#.mw}{f#}。
""",
        """
what: What did {p#} eat? => {f#.s} ~ {p#}吃了什么？ => {f#}
howmany: How many {f#.s} did {p#} eat? => {n#} ~ {p#}吃了几{f#.mw}{f#}？ => {n#}{f#.mw}
who: Who ate {n#} {f#.s}? => {p#} ~ 谁吃了{n#}{f#.mw}{f#}？ => {p#}
""",
        "What did {p#} drink? ~ {p#}喝了什么？",
    ),
    "pet": Fact(
        {"a#": "pets", "m#": PETS},
        """
{p#} had a {a#} [called|named] {m#}. ~ {p#}有一只{a#}，[名叫|叫]{m#}。
{p#}'s {a#} was called {m#}. ~ {p#}的{a#}叫{m#}。
""",
        """
what: What was {p#}'s {a#} called? => {m#} ~ {p#}的{a#}叫什么？ => {m#}
what: What kind of animal was {m#}? => a {a#} ~ {m#}是什么动物？ => 一只{a#}
who: Who had a {a#}? => {p#} ~ 谁有一只{a#}？ => {p#}
who: Whose pet was {m#}? => {p#}'s ~ {m#}是谁的？ => {p#}的
""",
        "Did {p#} have a pet? ~ {p#}养了小动物吗？",
    ),
    "felt": Fact(
        {},
        """
{p#} was {e#} because {b#}. ~ 因为{b#}，{p#}很{e#}。
{p#} felt {e#}, because {b#}. ~ {p#}很{e#}，因为{b#}。
""",
        """
why: Why was {p#} {e#}? => because {b#} ~ {p#}为什么{e#}？ => 因为{b#}
how: How did {p#} feel? => {e#} ~ {p#}觉得怎么样？ => {e#}
who: Who was {e#}? => {p#} ~ 谁很{e#}？ => {p#}
""",
        "Why was {p#} late? ~ {p#}为什么迟到？",
    ),
    "home": Fact(
        {"h#": "homes"},
        """
{p#} lived {h#}. ~ {p#}住在{h#}。
{p#}'s home was {h#}. ~ {p#}的家在{h#}。
""",
        """
where: Where did {p#} live? => {h#} ~ {p#}住在哪里？ => {h#}
where: Where was {p#}'s home? => {h#} ~ {p#}的家在哪里？ => {h#}
who: Who lived {h#}? => {p#} ~ 谁住在{h#}？ => {p#}
""",
        "Where did {p#} live? ~ {p#}住在哪里？",
    ),
    "wore": Fact(
        {"w#": CLOTHES, "v#": "colors"},
        """
{p#} wore a {v#} {w#}. ~ {p#}穿着一{w#.mw}{v#}的{w#}。
You could see {p#} from far away in {p#.his} {v#} {w#}. ~ {p#}穿着{v#}的{w#}，老远就能看见。
""",
        """
what: What did {p#} wear? => a {v#} {w#} ~ {p#}穿着什么？ => 一{w#.mw}{v#}的{w#}
what: What color was {p#}'s {w#}? => {v#} ~ {p#}的{w#}是什么颜色的？ => {v#}
who: Who wore a {v#} {w#}? => {p#} ~ 谁穿着{v#}的{w#}？ => {p#}
is: Was {p#}'s {w#} {v#?}? ~ {p#}的{w#}是{v#?}的吗？
""",
        "What color were {p#}'s shoes? ~ {p#}的鞋是什么颜色的？",
    ),
    "job": Fact(
        {"j#": JOBS},
        """
{p#} wanted to be a {j#} [one day|later]. ~ {p#}长大以后想当{j#}。
"I want to be a {j#}," said {p#}. ~ “我想当{j#}。”{p#}说。
""",
        """
what: What did {p#} want to be? => a {j#} ~ {p#}想当什么？ => {j#}
who: Who wanted to be a {j#}? => {p#} ~ 谁想当{j#}？ => {p#}
""",
        "What did {p#} want to be? ~ {p#}长大以后想做什么？",
    ),
    "ride": Fact(
        {"r#": RIDES},
        """
{p#} came {r#}. ~ {p#}是{r#}来的。
""",
        """
how: How did {p#} come? => {r#} ~ {p#}是怎么来的？ => {r#}
who: Who came {r#}? => {p#} ~ 谁是{r#}来的？ => {p#}
""",
        "How did {p#} get home? ~ {p#}是怎么回家的？",
    ),
    "hour": Fact(
        {"u#": HOURS},
        """
{p#} got up at {u#} o'clock. ~ {p#}{u#}点钟起床。
It was {u#} o'clock when {p#} got up. ~ {p#}起床的时候是{u#}点钟。
""",
        """
when: When did {p#} get up? => at {u#} o'clock ~ {p#}几点起床？ => {u#}点钟
who: Who got up at {u#} o'clock? => {p#} ~ 谁{u#}点钟起床？ => {p#}
""",
        "When did {p#} go to bed? ~ {p#}几点睡觉？",
        tag="up",
    ),
    "made": Fact(
        {"x#": MADE, "z#": STUFF},
        """
{p#} made a {x#} out of {z#}. ~ {p#}用{z#}做了一{x#.mw}{x#}。
Out of {z#}, {p#} made a {x#}. ~ {p#}拿来{z#}，做了一{x#.mw}{x#}。
""",
        """
what: What did {p#} make? => a {x#} ~ {p#}做了什么？ => 一{x#.mw}{x#}
what: What was {p#}'s {x#} made of? => {z#} ~ {p#}的{x#}是用什么做的？ => {z#}
who: Who made a {x#}? => {p#} ~ 谁做了一{x#.mw}{x#}？ => {p#}
""",
        "What did {p#} make for the party? ~ {p#}为聚会做了什么？",
    ),
    "gave": Fact(
        {"g#": "treasures"},
        """
{p#} gave {q#} a {g#}. ~ {p#}送给{q#}一{g#.mw}{g#}。
{q#} got a {g#} from {p#}. ~ {q#}从{p#}那里得到了一{g#.mw}{g#}。
""",
        """
who: Who gave {q#} the {g#}? => {p#} ~ {g#}是谁送给{q#}的？ => {p#}
what: What did {q#} get from {p#}? => a {g#} ~ {q#}从{p#}那里得到了什么？ => 一{g#.mw}{g#}
who: Who got the {g#}? => {q#} ~ 谁得到了{g#}？ => {q#}
what: What did {p#} give {q#}? => a {g#} ~ {p#}送给{q#}什么？ => 一{g#.mw}{g#}
""",
        "What did {p#} buy for {q#}? ~ {p#}给{q#}买了什么？",
    ),
}  # fmt: skip


def note(seed: int) -> Story:
    """The note that belongs to a seed: the same one every time."""
    t = Teller("notes", seed)
    people = ["1", "2", "3"][: t.random.choice([2, 2, 3])]
    t.child(*(f"p{key}" for key in people))
    for key in people:
        t.same(f"q{key}", "p" + t.random.choice([other for other in people if other != key]))
    kinds = t.random.sample(sorted(FACTS), t.random.choice([2, 3, 3]))
    told = [(kind, key) for kind in kinds for key in t.random.sample(people, 2)]
    if t.chance(0.4):
        t.random.shuffle(told)
    for kind, key in told:
        _tell(t, FACTS[kind], key)
    t.branch("-".join(sorted(kinds)))
    rest = [kind for kind in sorted(FACTS) if kind not in kinds]
    for kind in t.random.sample(rest, t.random.choice([0, 1, 1, 2])):
        t.ask("unsaid: " + FACTS[kind].open.replace("#", t.random.choice(people)))
    return t.finish(most=8)


def notes(count: int, seed: int) -> Iterator[Story]:
    """`count` notes; another `seed` gives other notes."""
    return (note(seed * 1_000_000 + i) for i in range(count))


def _tell(t: Teller, fact: Fact, key: str) -> None:
    t.pick(**{name.replace("#", key): pool for name, pool in fact.pick.items()})
    if "{e#}" in fact.told:
        felt = {word.en for word in t.state.values()}
        feeling = t.random.choice([f for f in REASONS if f.partition(" ~ ")[0] not in felt])
        t.pick(**{f"e{key}": [feeling], f"b{key}": REASONS[feeling]})
    t.told.add(fact.tag)
    t.tell(fact.told.replace("#", key))
    t.ask(fact.asked.replace("#", key))
