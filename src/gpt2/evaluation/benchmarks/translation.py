"""Translation sets: BLEU and chrF of the task `translate`, and of the unchanged source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, Measure, Row, Subject, corpus
from gpt2.evaluation.benchmarks import publish
from gpt2.evaluation.metrics import bleu_tokens, counts, from_counts
from gpt2.evaluation.readers import read_parallel
from gpt2.generation import LanguageModel
from gpt2.tasks import TASKS

KINDS = {"bleu": "BLEU", "chrf": "chrF"}
HOW = (
    "the task translate: examples of sentence = translation, greedy, the line; of one that does "
    "not end the first sentence"
)

COPIED = "the source as its own translation"


def translations(model: LanguageModel, texts: Sequence[str], source: str, to: str) -> list[str]:
    """Translate each text by the task, as a single document so that they run in batches."""
    document = "\n\n".join(" ".join(text.split()) for text in texts)
    row = {"text": document}
    result = TASKS["translate"].run(model, row, source=source, to=to)
    return str(result["translation"]).split("\n")[::2]


def judge(source: str, to: str) -> Callable[[Subject, Sequence[Any]], list[dict[str, Any]]]:
    """A judge for a pair of languages."""

    def judged(subject: Subject, examples: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        texts, references = ([e[i] for e in examples] for i in (0, 1))
        made = translations(subject.model, texts, source, to)
        rows: list[dict[str, Any]] = [
            {"source": s, "reference": r, "translation": m}
            for s, r, m in zip(texts, references, made, strict=True)
        ]
        for kind in KINDS:
            for name, those in ((kind, made), (f"copy_{kind}", texts)):
                for row, figures in zip(rows, counts(kind, those, references, to), strict=True):
                    row[name] = figures
        return rows

    return judged


def _measure(kind: str, key: str, title: str, how: str, to: str) -> Measure:
    def value(rows: Sequence[Row]) -> float:
        return from_counts(kind, [row[key] for row in rows], to)

    return corpus(key, title, f"{how}; sacrebleu", [key], value)


def _translation(name: str) -> Benchmark:
    """The benchmark of two parallel files; its name ends with both languages."""
    source, to = name.split("-")[-2:]
    cut = "characters" if bleu_tokens(to) in ("zh", "char") else "13a"
    measures = [
        _measure(kind, kind, words, f"{HOW}; {cut if kind == 'bleu' else 'chrF2'}", to)
        for kind, words in KINDS.items()
    ]
    copied = [
        _measure(kind, f"copy_{kind}", f"{words}: no model", COPIED, to)
        for kind, words in KINDS.items()
    ]
    return publish(name, read_parallel, judge(source, to), (*measures, *copied))


WMT14_EN_FR, WMT14_FR_EN = _translation("wmt14-en-fr"), _translation("wmt14-fr-en")
WMT19_EN_ZH, WMT19_ZH_EN = _translation("wmt19-en-zh"), _translation("wmt19-zh-en")
TATOEBA_EN_ZH = _translation("tatoeba-en-zh")
