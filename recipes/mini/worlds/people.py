"""The people and animals of the stories, each with a name in both languages."""

from __future__ import annotations

import random
from functools import lru_cache

from .values import Person, Thing, parse

WESTERN = {
    "girl": """Lily 莉莉, Anna 安娜, Emma 艾玛, Lucy 露西, Mia 米娅, Ella 艾拉, Ruby 露比, Nora 诺拉,
        Rosie 罗茜, Sara 萨拉, Amy 艾米, Molly 莫莉, Kate 凯特, Jane 简妮, Sophie 苏菲, Zoe 佐伊,
        Clara 克拉拉, Hannah 汉娜, Polly 波莉, Maya 玛雅, Alice 爱丽丝, Daisy 黛西, Tina 蒂娜,
        Betty 贝蒂, Holly 霍莉, Julia 朱莉娅, Nina 妮娜, Susie 苏西, Penny 佩妮, Wendy 温迪""",
    "boy": """Tom 汤姆, Benny 本尼, Sam 萨姆, Jack 杰克, Max 马克斯, Tim 蒂姆, Leo 里奥, Oscar 奥斯卡,
        Peter 彼得, Henry 亨利, Danny 丹尼, Billy 比利, Nick 尼克, Adam 亚当, Oliver 奥利弗, Toby 托比,
        Jimmy 吉米, Harry 哈里, Luke 卢克, David 大卫, Eric 埃里克, Mark 马克, Noah 诺亚, Robin 罗宾,
        Charlie 查理, Andy 安迪, Felix 菲利克斯, Joe 乔伊, Simon 西蒙, Alex 亚历克斯""",
}
CHINESE = {
    "girl": """Xiaomei 小美, Xiaoling 小玲, Lanlan 兰兰, Tingting 婷婷, Xiaoyu 小雨, Fangfang 芳芳,
        Yueyue 月月, Xiaohong 小红, Lele 乐乐, Ningning 宁宁, Xiaoqing 小青, Jiajia 佳佳,
        Yaya 丫丫, Xiaoxue 小雪, Qiqi 琪琪, Nannan 楠楠, Lili 丽丽, Xiaolian 小莲""",
    "boy": """Xiaoming 小明, Dawei 大伟, Xiaogang 小刚, Junjun 军军, Xiaohu 小虎, Taotao 涛涛,
        Xiaobo 小波, Liangliang 亮亮, Haohao 浩浩, Xiaolong 小龙, Qiangqiang 强强, Xiaojun 小军,
        Pengpeng 鹏鹏, Xiaoshan 小山, Doudou 豆豆, Xiaosong 小松, Fanfan 凡凡, Yangyang 洋洋""",
}
ANIMAL_NAMES = """Pip 皮皮, Momo 毛毛, Dudu 嘟嘟, Coco 卡卡, Bobo 波波, Nutty 果果, Tutu 图图, Dot 点点,
    Mimi 咪咪, Toto 多多, Fufu 福福, Lulu 露露, Button 扣扣, Bubbles 泡泡, Honey 蜜蜜, Sunny 阳阳,
    Snowy 雪球, Kiki 奇奇, Beanie 豆包, Lucky 来福, Rolly 滚滚, Jojo 乔乔, Peanut 花生, Ziggy 齐齐,
    Pudding 布丁, Poppy 波比, Chacha 茶茶, Yuanyuan 圆圆, Tango 糖糖, Ollie 奥利"""
ANIMALS = """rabbit 小兔子 只, squirrel 小松鼠 只, mouse 小老鼠 只, hedgehog 小刺猬 只, bear 小熊 只,
    fox 小狐狸 只, badger 小獾 只, deer 小鹿 只, monkey 小猴子 只, panda 小熊猫 只, raccoon 小浣熊 只,
    beaver 小河狸 只"""
KIN = {
    "mom": ("Mom", "妈妈", "girl"),
    "dad": ("Dad", "爸爸", "boy"),
    "grandma": ("Grandma", "奶奶 外婆 姥姥", "girl"),
    "grandpa": ("Grandpa", "爷爷 外公 姥爷", "boy"),
}
ADULTS = {
    "western": """Mr. Brown 布朗先生 boy, Mrs. Green 格林太太 girl, Mr. White 怀特先生 boy,
        Mrs. Miller 米勒太太 girl, Mr. Hill 希尔先生 boy, Mrs. Rose 罗斯太太 girl,
        Mr. Baker 贝克先生 boy, Mrs. Wood 伍德太太 girl, Mr. Cook 库克先生 boy,
        Mrs. Bell 贝尔太太 girl, Mr. Stone 斯通先生 boy, Mrs. Field 菲尔德太太 girl""",
    "chinese": """Uncle Wang 王叔叔 boy, Aunt Li 李阿姨 girl, Grandpa Zhang 张爷爷 boy,
        Grandma Chen 陈奶奶 girl, Uncle Liu 刘叔叔 boy, Aunt Zhao 赵阿姨 girl,
        Grandpa Sun 孙爷爷 boy, Grandma Zhou 周奶奶 girl, Uncle Wu 吴叔叔 boy,
        Aunt Lin 林阿姨 girl, Grandpa Gu 顾爷爷 boy, Grandma Xu 徐奶奶 girl""",
}
CHILD = {
    "girl": [Thing("girl", zh) for zh in ("小女孩", "小姑娘", "女孩子", "女孩")],
    "boy": [Thing("boy", zh) for zh in ("小男孩", "男孩子", "男孩")],
}
ADULT = {"girl": Thing("woman", "阿姨", measure="位"), "boy": Thing("man", "叔叔", measure="位")}


@lru_cache(None)
def listed(text: str) -> list[list[str]]:
    """The entries of a list, each with the last words apart: the rest is the English name."""
    return [entry.split() for entry in text.split(",")]


class Cast:
    """Draws people from one culture, so that Tom meets Lily and 小明 meets 小红."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.culture = draw.choice(["western", "western", "western", "chinese", "chinese"])
        self.used: set[str] = set()
        self.kinds: set[str] = set()

    def child(self, gender: str = "") -> Person:
        """A girl or boy whose name is new in this story."""
        gender = gender or self.draw.choice(["girl", "boy"])
        names = (WESTERN if self.culture == "western" else CHINESE)[gender]
        en, zh = self._new(listed(names))
        return Person(en, zh, gender=gender, kind=self.draw.choice(CHILD[gender]))

    def animal(self, kind: str = "") -> Person:
        """An animal with a name; without `kind` one of the wood."""
        en, zh = self._new(listed(ANIMAL_NAMES))
        if kind:
            thing = parse(kind)
        else:
            free = [k for k in listed(ANIMALS) if k[0] not in self.kinds]
            english, chinese, measure = self.draw.choice(free)[:3]
            thing = Thing(english, chinese, measure=measure)
        assert isinstance(thing, Thing)
        self.kinds.add(thing.en)
        gender = self.draw.choice(["girl", "boy"])
        return Person(en, zh, gender=gender, kind=thing, animal=True)

    def kin(self, who: str = "", animal: bool = False) -> Person:
        """A parent or grandparent; its kind is the word without a capital: her mom."""
        who = who or self.draw.choice([k for k in KIN if k not in self.used])
        self.used.add(who)
        en, several, gender = KIN[who]
        zh = self.draw.choice(several.split())
        return Person(en, zh, gender=gender, kind=Thing(who, zh), animal=animal)

    def adult(self) -> Person:
        """A grown-up neighbour."""
        free = [e for e in listed(ADULTS[self.culture]) if e[2] not in self.used]
        title, name, zh, gender = self.draw.choice(free)
        self.used.add(zh)
        return Person(f"{title} {name}", zh, gender=gender, kind=ADULT[gender])

    def _new(self, names: list[list[str]]) -> list[str]:
        name = self.draw.choice(
            [n for n in names if n[0] not in self.used and n[1] not in self.used]
        )
        self.used |= set(name)
        return name
