"""Unanswerable questions: English XQuAD with the right context and with an unrelated one.

Every question on the last 12 articles (see `reading`) is put to the task `answer` twice: with its
own context, and with the context of another article. The probability of the answer is all that a
caller can use to abstain (`--min-probability`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gpt2.evaluation.benchmark import Row, Subject, corpus, percent
from gpt2.evaluation.benchmarks import publish
from gpt2.evaluation.benchmarks.reading import read_last
from gpt2.evaluation.metrics import best, f1, words
from gpt2.evaluation.readers import Question
from gpt2.evaluation.statistics import answered_wrongly, area, auroc
from gpt2.tasks import TASKS

KEYS = ["own", "other", "f1"]
HOW = (
    "the task answer, greedy, one line; by the geometric mean of its tokens' probabilities; each "
    "question with its context and with one of another article; the last 12 of 48 articles"
)
RISK = "risk is 1 - F1, and 1 for every answer from another article"


def read(path: Path) -> list[tuple[Question, str]]:
    """Read pairs of (question with its context, context of another article)."""
    asked = [example.question for example in read_last(path)]
    half = len(asked) // 2
    return [(question, _other(asked, i + half)) for i, question in enumerate(asked)]


def _other(asked: Sequence[Question], at: int) -> str:
    """The context at index ``at`` (modulo the length), or the first one after it that is from a
    different article than the question half the list before."""
    title = asked[(at - len(asked) // 2) % len(asked)].title
    order = (asked[(at + step) % len(asked)] for step in range(len(asked)))
    return next(question.context for question in order if question.title != title)


def judge(subject: Subject, examples: Sequence[tuple[Question, str]]) -> list[dict[str, Any]]:
    """The probability of the answer with either context, and the F1 with the right one."""
    rows = []
    for question, other in examples:
        answers = [
            TASKS["answer"].run(subject.model, {"question": question.text, "context": c})
            for c in (question.context, other)
        ]
        score = best(f1, answers[0]["answer"] or "", question.answers, words)
        sure = [float(one["probability"]) for one in answers]
        rows.append({"own": sure[0], "other": sure[1], "f1": score})
    return rows


def _of(function: Callable[[list[float], list[float]], float]) -> Callable[[Sequence[Row]], float]:
    """A statistic of the probabilities with the right and the unrelated context, in percent."""

    def value(rows: Sequence[Row]) -> float:
        return 100 * function([row["own"] for row in rows], [row["other"] for row in rows])

    return value


def _area(informed: bool) -> Callable[[Sequence[Row]], float]:
    def value(rows: Sequence[Row]) -> float:
        sure = [row[key] for key in ("own", "other") for row in rows]
        risks = [1 - row["f1"] for row in rows] + [1.0] * len(rows)
        return 100 * area(sure if informed else [0.0] * len(risks), risks)

    return value


ABSTENTION = publish(
    "abstention",
    read,
    judge,
    (
        corpus("auroc", "surer with its own context, %", f"{HOW}; 50 is chance", KEYS, _of(auroc)),
        corpus(
            "answered_wrongly",
            "answered from another article, %",
            f"{HOW}; at the bound that answers half of those with their own",
            KEYS,
            _of(answered_wrongly),
            better="lower",
        ),
        corpus(
            "aurc",
            "area under the risk-coverage curve, %",
            f"{HOW}; {RISK}",
            KEYS,
            _area(informed=True),
            better="lower",
        ),
        corpus(
            "trivial_aurc",
            "area under the risk-coverage curve, %: no probability",
            f"answers in any order, which is the mean risk; {RISK}",
            KEYS,
            _area(informed=False),
            better="lower",
        ),
        percent("f1", "F1 with its own context, %", HOW),
    ),
)
