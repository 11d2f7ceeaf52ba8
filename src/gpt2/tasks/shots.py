"""Examples for few-shot prompts, written for this project."""

from __future__ import annotations

from gpt2.errors import CorruptFileError, InputError
from gpt2.files import read_text

Examples = tuple[tuple[str, str], ...]

_EN_ZH: Examples = (
    ("Good morning, everyone.", "大家早上好。"),
    ("The shop opens at nine o'clock.", "商店九点开门。"),
    ("Where did you put my keys?", "你把我的钥匙放在哪儿了？"),
    ("My sister lives in a small town near the sea.", "我姐姐住在海边的一个小镇上。"),
    ("It has been raining since yesterday.", "从昨天起一直在下雨。"),
    ("He wanted to say something, but it was too late.", "他想说些什么，但是已经太晚了。"),
    ("Please read this book before you come.", "请你来之前读一读这本书。"),
)
_EN_FR: Examples = (
    ("Good morning, everyone.", "Bonjour à tous."),
    ("The shop opens at nine o'clock.", "Le magasin ouvre à neuf heures."),
    ("Where did you put my keys?", "Où as-tu mis mes clés ?"),
    (
        "My sister lives in a small town near the sea.",
        "Ma sœur habite dans une petite ville au bord de la mer.",
    ),
    ("It has been raining since yesterday.", "Il pleut depuis hier."),
    (
        "He wanted to say something, but it was too late.",
        "Il voulait dire quelque chose, mais il était trop tard.",
    ),
    ("Please read this book before you come.", "Lisez ce livre avant de venir, s'il vous plaît."),
)


def _turned(pairs: Examples) -> Examples:
    return tuple((b, a) for a, b in pairs)


# (language of the text, language of the translation) -> sentences with their translations
TRANSLATIONS: dict[tuple[str, str], Examples] = {
    ("en", "zh"): _EN_ZH,
    ("zh", "en"): _turned(_EN_ZH),
    ("en", "fr"): _EN_FR,
    ("fr", "en"): _turned(_EN_FR),
}

# Questions with short answers, for a question without a context.
QUESTIONS: dict[str, Examples] = {
    "en": (
        ("What do bees make?", "honey"),
        ("How many days are there in a week?", "seven"),
        ("Which city is the capital of Italy?", "Rome"),
        ("Who wrote the play Hamlet?", "William Shakespeare"),
        ("What colour is fresh snow?", "white"),
        ("In which month is Christmas Day?", "December"),
        ("Which planet do we live on?", "Earth"),
    ),
    "zh": (
        ("蜜蜂酿造什么？", "蜂蜜"),
        ("一个星期有几天？", "七天"),
        ("意大利的首都是哪座城市？", "罗马"),
        ("谁写了《红楼梦》？", "曹雪芹"),
        ("刚下的雪是什么颜色？", "白色"),
    ),
}
# A text whose question is answered with a whole sentence.
SENTENCES = {
    "en": (
        "The library opens at nine and closes at six. On Sundays it is closed.\n"
        "Q: When does the library close?\nA: The library closes at six.\n\n"
    ),
    "zh": ("图书馆九点开门，六点关门。星期天休息。\nQ: 图书馆几点关门？\nA: 图书馆六点关门。\n\n"),
}


def read_examples(path: str) -> Examples:
    """Sentences with translations from a file: a pair a line, a tab between the two.

    Raises `MissingFileError`, `CorruptFileError` for a line that is no pair, `InputError` for none.
    """
    pairs = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip():
            continue
        columns = [column.strip() for column in line.split("\t")]
        if len(columns) < 2 or not all(columns[:2]):
            raise CorruptFileError(
                f"{path}, line {number}: needs a sentence, a tab and its translation."
            )
        pairs.append((columns[0], columns[1]))
    if not pairs:
        raise InputError(f"{path} holds no example.")
    return tuple(pairs)
