"""Translation sets: BLEU and chrF of what the task `translate` gives, and of the source itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, File, Measure, Row, Subject, corpus
from gpt2.evaluation.metrics import bleu_tokens, counts, from_counts
from gpt2.evaluation.readers import read_parallel
from gpt2.tasks import TASKS

KINDS = {"bleu": "BLEU", "chrf": "chrF"}
HOW = (
    "the task translate: examples of sentence = translation, greedy, the line; of one that does "
    "not end the first sentence"
)

COPIED = "the source as its own translation"


def translations(model: Any, texts: Sequence[str], source: str, to: str) -> list[str]:
    """Each text by the task, one document of all of them, so that they are read in batches."""
    document = "\n\n".join(" ".join(text.split()) for text in texts)
    row = {"text": document}
    found = TASKS["translate"].run(model, row, None, {"source": source, "to": to})
    return str(found["translation"]).split("\n")[::2]


def judge(source: str, to: str) -> Callable[[Subject, Sequence[Any]], list[dict[str, Any]]]:
    """A judge of one pair of languages."""

    def judged(subject: Subject, examples: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        texts, references = ([e[i] for e in examples] for i in (0, 1))
        made = translations(subject.model, texts, source, to)
        rows: list[dict[str, Any]] = [
            {"source": s, "reference": r, "translation": m}
            for s, r, m in zip(texts, references, made, strict=True)
        ]
        for kind in KINDS:
            for name, those in ((kind, made), (f"copy_{kind}", texts)):
                for row, own in zip(rows, counts(kind, those, references, to), strict=True):
                    row[name] = own
        return rows

    return judged


def _measure(kind: str, key: str, title: str, how: str, to: str) -> Measure:
    def value(rows: Sequence[Row]) -> float:
        return from_counts(kind, [row[key] for row in rows], to)

    return corpus(key, title, f"{how}; sacrebleu", [key], value)


def _translation(
    name: str, title: str, files: Sequence[File], paper: str = "", **more: Any
) -> Benchmark:
    """A benchmark of two files whose lines are translations of each other.

    Args:
        name: ends with the tags of both languages.
        files: of the source's language, and of the other.
    """
    source, to = name.split("-")[-2:]
    cut = "characters" if bleu_tokens(to) in ("zh", "char") else "13a"
    own = [
        _measure(kind, kind, words, f"{HOW}; {cut if kind == 'bleu' else 'chrF2'}", to)
        for kind, words in KINDS.items()
    ]
    copied = [
        _measure(kind, f"copy_{kind}", f"{words}: no model", COPIED, to)
        for kind, words in KINDS.items()
    ]
    first, second = files
    return Benchmark(
        name=name,
        title=title,
        files=(first, second),
        read=lambda found: read_parallel(found[first.name], found[second.name]),
        judge=judge(source, to),
        measures=(*own, *copied),
        together=32,
        group="paper" if paper else "tasks",
        paper=paper,
        **more,
    )


def _wmt(
    year: int, languages: str, title: str, files: Sequence[File], paper: str = ""
) -> Benchmark:
    """A newstest of the Conference on Machine Translation."""
    pair = "fr-en" if year == 14 else languages
    return _translation(
        f"wmt{year}-{languages}",
        title,
        files,
        paper,
        source=f"https://www.statmt.org/wmt{year}/",
        licence="research use",
        get=f"newstest20{year} of WMT{year}, {pair}, as plain text; sacrebleu -t wmt{year} -l "
        f"{languages} --echo gives it.",
    )


_NEWS_2014 = (
    File(
        "newstest2014.fr-en.en", "9a12cb6e8efb3509ebede627e4a9c83ee64935509d561ff70f4b7bd5f93f6096"
    ),
    File(
        "newstest2014.fr-en.fr", "2bd07dc204f965bf88e90adb6223a8cb850f9bf9840df6af1f4945195936656e"
    ),
)
WMT14_EN_FR = _wmt(
    14, "en-fr", "WMT14 English to French", _NEWS_2014, "5 BLEU of the 1558M model (section 3.7)"
)
WMT14_FR_EN = _wmt(
    14,
    "fr-en",
    "WMT14 French to English",
    _NEWS_2014[::-1],
    "11.5 BLEU of the 1558M model (section 3.7)",
)
WMT19_EN_ZH = _wmt(
    19,
    "en-zh",
    "WMT19 English to Chinese",
    [
        File(
            "2019_en-zh_newstest2019.en",
            "3a62f94f5c42a395d4452ec890ca45afc75866b5b4b1d493429433cfe8469fe9",
        ),
        File(
            "2019_en-zh_newstest2019.zh",
            "2d959e3c6ab3cfab2b8974ad739da45366fae157f24299d3b901c6869960c65b",
        ),
    ],
)
WMT19_ZH_EN = _wmt(
    19,
    "zh-en",
    "WMT19 Chinese to English",
    [
        File(
            "2019_zh-en_newstest2019.zh",
            "394db8239f1bd88d979293c8ce36573a2aaf6b21d5aa25771020f2c865590ffe",
        ),
        File(
            "2019_zh-en_newstest2019.en",
            "8c8ffef4353bf24a685208e8f3d2aa1597ea3b66e6e614d84c850a87303d3900",
        ),
    ],
)
TATOEBA_EN_ZH = _translation(
    "tatoeba-en-zh",
    "Tatoeba English to Chinese",
    [
        File(
            "tatoeba-test-v2021-08-07.eng-zho.eng",
            "75bb1a99ffa2410ae901f0c2aad376effc97fa116e5546b51e1a27793a7fc39e",
        ),
        File(
            "tatoeba-test-v2021-08-07.eng-zho.zho",
            "af2b796d041e916ced5191392bf20ecbeac71e918613079680da1f7646561fd4",
        ),
    ],
    source="https://github.com/Helsinki-NLP/Tatoeba-Challenge",
    licence="CC BY 2.0 FR",
    get="The test set eng-zho of the Tatoeba challenge, version v2021-08-07.",
)
