"""PIQA (Bisk et al. 2019, 1911.11641): which of two ways to reach a goal works. Validation set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gpt2.errors import CorruptFileError
from gpt2.evaluation.benchmark import Benchmark, File, Subject, percent
from gpt2.evaluation.readers import read_lines
from gpt2.files import read_text

QUESTIONS, LABELS = "piqa/valid.jsonl", "piqa/valid-labels.lst"


class Goal(NamedTuple):
    """A goal and two solutions, the right one of which is ``answer``."""

    goal: str
    solutions: tuple[str, str]
    answer: int


def read(files: Mapping[str, Path]) -> list[Goal]:
    """The questions with their labels."""
    labels = read_text(files[LABELS]).split()
    entries = list(read_lines(files[QUESTIONS]))
    if len(entries) != len(labels):
        raise CorruptFileError(
            f"{files[QUESTIONS]} has {len(entries)} questions and {files[LABELS]} {len(labels)} "
            "labels: they do not belong together."
        )
    return [
        Goal(e["goal"], (e["sol1"], e["sol2"]), int(label))
        for e, label in zip(entries, labels, strict=True)
    ]


def judge(subject: Subject, examples: Sequence[Goal]) -> list[dict[str, Any]]:
    """Whether the more probable solution is right, also with the logarithm per character."""
    asked = [
        [(f"Question: {goal}\nAnswer:", f" {solution}") for solution in solutions]
        for goal, solutions, _ in examples
    ]
    rows = []
    for example, found in zip(examples, subject.log_likelihoods(asked), strict=True):
        lengths = [len(solution) or 1 for solution in example.solutions]
        per_character = [value / n for value, n in zip(found, lengths, strict=True)]
        rows.append(
            {
                "logprobs": found,
                "acc": _best(found) == example.answer,
                "acc_norm": _best(per_character) == example.answer,
            }
        )
    return rows


def _best(values: Sequence[float]) -> int:
    """The index of the largest; of equals the first."""
    return max(range(len(values)), key=lambda i: (values[i], -i))


_HOW = '"Question: ...\\nAnswer:", the more probable of both solutions'

PIQA = Benchmark(
    name="piqa",
    title="PIQA",
    source="https://yonatanbisk.com/piqa/",
    licence="AFL-3.0",
    files=(
        File(QUESTIONS, "93503cc97c679e459b065c3d13e848282e44b2a25213985bed3e5d458abef72d"),
        File(LABELS, "b4192dc3a2a0363d9d60ccf79800cbbe2f32ebb17726efdde6970e0b8131bceb"),
    ),
    get="Save valid.jsonl and valid-labels.lst of https://yonatanbisk.com/piqa/data/ in a folder "
    "called piqa.",
    read=read,
    judge=judge,
    measures=(
        percent("acc", "accuracy, %", _HOW),
        percent("acc_norm", "accuracy, %", f"{_HOW} per character"),
    ),
)
