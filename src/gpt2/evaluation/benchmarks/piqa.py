"""PIQA (Bisk et al. 2019, 1911.11641): which of two ways to reach a goal works. Validation set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gpt2.errors import CorruptFileError
from gpt2.evaluation.benchmark import Subject, percent
from gpt2.evaluation.benchmarks import publish
from gpt2.evaluation.readers import read_lines
from gpt2.files import read_text


class Goal(NamedTuple):
    """A goal and two solutions; ``answer`` is the right one."""

    goal: str
    solutions: tuple[str, str]
    answer: int


def read(questions: Path, answers: Path) -> list[Goal]:
    """Read the questions with their labels."""
    labels = read_text(answers).split()
    entries = list(read_lines(questions))
    if len(entries) != len(labels):
        raise CorruptFileError(
            f"{questions} has {len(entries)} questions, but {answers} has {len(labels)} labels: "
            "they do not belong together."
        )
    return [
        Goal(e["goal"], (e["sol1"], e["sol2"]), int(label))
        for e, label in zip(entries, labels, strict=True)
    ]


def judge(subject: Subject, examples: Sequence[Goal]) -> list[dict[str, Any]]:
    """Whether the more probable solution is right, also by log-probability per character."""
    asked = [
        [(f"Question: {goal}\nAnswer:", f" {solution}") for solution in solutions]
        for goal, solutions, _ in examples
    ]
    rows = []
    for example, scores in zip(examples, subject.log_likelihoods(asked), strict=True):
        lengths = [len(solution) or 1 for solution in example.solutions]
        per_character = [value / n for value, n in zip(scores, lengths, strict=True)]
        rows.append(
            {
                "logprobs": scores,
                "acc": _best(scores) == example.answer,
                "acc_norm": _best(per_character) == example.answer,
            }
        )
    return rows


def _best(values: Sequence[float]) -> int:
    """The index of the largest value; the first one if several are equal."""
    return max(range(len(values)), key=lambda i: (values[i], -i))


_HOW = '"Question: ...\\nAnswer:", the more probable of both solutions'

PIQA = publish(
    "piqa",
    read,
    judge,
    (
        percent("acc", "accuracy, %", _HOW),
        percent("acc_norm", "accuracy, %", f"{_HOW} per character"),
    ),
)
