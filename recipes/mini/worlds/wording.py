"""Other words for the same: what may be said in two ways anywhere is said in both.

Each language changes for itself, so pairs stay translations of each other. Only exchanges that hold
in every sentence are listed here; what depends on the sentence is a choice in its line.
"""

from __future__ import annotations

import random
import re

SAME = {  # the options (perhaps of one word only: word>options), and what must follow
    "en": [
        ("began to|started to", " "),
        ("everyone|everybody", ""),
        ("Everyone|Everybody", ""),
        ("nobody|no one", ""),
        ("Nobody|No one", ""),
        ("Suddenly|All at once", " "),
        ("Soon|Before long", " "),
        ("at last|in the end|finally", "[.,!]"),
        ("very>very|really", " (?!much)[a-z]"),
        ("From then on|From that day on", ","),
        ("Just then|At that moment", ","),
        ("shouted|called out", "[.,:]"),
        ("a lot of|lots of", ""),
        ("all day long|the whole day", ""),
    ],
    "zh": [
        ("可是|但是|不过", ""),
        ("忽然|突然", ""),
        ("看见|看到", ""),
        ("赶紧|赶快|连忙|急忙", ""),
        ("使劲|用力", "[^地]"),
        ("难过|伤心", ""),
        ("非常|特别|十分", "[^的地]"),
        ("不一会儿|没过多久|很快", "，"),
        ("从那以后|从那天起|从此以后", "，"),
        ("喊道|叫道|大声说", "[。，：]"),
        ("就在这时|正在这时", "，"),
        ("想出了一个|想到了一个", ""),
        ("一点儿也|一点也", ""),
        ("马上|立刻", "[^要]"),
        ("高兴|开心", "[得极]"),
        ("漂亮的|好看的|美丽的", ""),
        ("小声说|轻声说|悄悄地说", ""),
        ("笑着说|笑道", "[。：]"),
        ("说|说道", "(?:，“|：“)"),
        ("问|问道", "(?:。$|：“)"),
        ("旁边|边上", ""),
        ("终于|总算", ""),
        ("常常|经常", ""),
        ("好久|很久", "[。，]"),
        ("遇到了|碰到了|碰见了|遇见了", ""),
        ("看了看|瞧了瞧", ""),
        ("笑了|笑了起来", "。"),
        ("到处|四处", "找"),
        ("抱住了|搂住了", ""),
        ("那天晚上|当天晚上", ""),
        ("第二天|到了第二天", "，"),
        ("这时|这时候", "，"),
        ("于是|就这样，", "[^，]"),
        ("一下子>一下子|一下", ""),
        ("害怕极了|怕极了", ""),
        ("小心地>小心地|小心翼翼地", ""),
        ("紧紧>紧紧|紧紧地", "抱"),
        ("轻轻>轻轻|轻轻地", "[推拍摸]"),
        ("高兴地>高兴地|开心地|快活地", ""),
        ("摇了摇头>摇了摇头|摇摇头", ""),
        ("想了想>想了想|想了一会儿", "。"),
        ("一直玩到>一直玩到|玩到", ""),
        ("最好的朋友>最好的朋友|最要好的朋友", ""),
        ("怎么办>怎么办|怎么办才好", "？"),
        ("叫了起来|喊了起来|大叫起来", ""),
        ("已经>已经|早已", "[走跑飞]"),
        ("大家都>大家都|人人都", "笑了"),
    ],
}
BOUND = {"en": r"\b", "zh": ""}
EXCHANGES = {  # all of them at once: the number of the group says which it was
    language: re.compile(
        "|".join(f"{BOUND[language]}({row.partition('>')[0]})(?={after})" for row, after in rows)
    )
    for language, rows in SAME.items()
}
OPTIONS = {
    language: [(row.partition(">")[2] or row).split("|") for row, _ in rows]
    for language, rows in SAME.items()
}
SHORT = [
    (r"\b([Ww])ill not (?=[a-z])", r"\1on't "),
    (r"\b(did|could|was|had|would|is|were|does|do|has|should) not (?=[a-z])", r"\1n't "),
    (r"\b(I|[Ww]e|[Yy]ou|[Tt]hey) will (?!not)(?=[a-z])", r"\1'll "),
    (r"\bI am (?=[a-z])", "I'm "),
    (r"(?<!of )\b([Ii])t is (?=[a-z])", r"\1t's "),
    (r"\b([Ww])e are (?=[a-z])", r"\1e're "),
    (r"\bcannot\b", "can't"),
]
NAME = r"(?:Mrs?\. )?(?!Mrs?\.)[A-Z]\w+(?: [A-Z]\w+)?"
SAID = re.compile(rf'(?<=" )(said|asked|called|cried|shouted|whispered) ({NAME})(?=[.,])')
SPEECH = re.compile(r"^“([^“”]*)”([^“”，。！？：、]{1,6}(?:说|问|喊道|叫道))。$")
BROKEN = re.compile(r"^“([^“”]*)”([^“”，。！？：、]{1,6}(?:说|问|喊道|叫道))，“([^“”]*)”$")


def reword(text: str, language: str, draw: random.Random) -> str:
    """The same sentence, perhaps in other words."""
    text = EXCHANGES[language].sub(
        lambda m: draw.choice(OPTIONS[language][(m.lastindex or 1) - 1]), text
    )
    return (_english if language == "en" else _chinese)(text, draw)


def _english(text: str, draw: random.Random) -> str:
    for pattern, short in SHORT:
        if draw.random() < 0.4:
            text = re.sub(pattern, short, text)
    return SAID.sub(lambda m: f"{m[2]} {m[1]}" if draw.random() < 0.4 else m[0], text)


def _chinese(text: str, draw: random.Random) -> str:
    """Who speaks, before the speech: “好。”小美说。 becomes 小美说：“好。”."""
    if draw.random() < 0.5:
        text = SPEECH.sub(r"\2：“\1”", text)
        text = BROKEN.sub(r"\2：“\1\3”", text)
    return text
