"""CoQA (Reddy et al. 2019): a conversation about a passage, with the right answers so far.

GPT-2 paper, section 3.5: the document, the conversation and a final ``A:``, greedy; 55 F1 on the
development part for the largest model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, File, Subject, mean
from gpt2.evaluation.metrics import coqa_f1
from gpt2.evaluation.questions import answered
from gpt2.evaluation.readers import read_coqa

FILE = "coqa-dev-v1.0.json"
HOW = (
    "the task answer with the passage and the conversation so far, with the people's answers; F1 "
    "as CoQA's script has it, against each set of references but one"
)


@dataclass(frozen=True)
class Turn:
    """A question of a conversation, what went before, and the people's answers."""

    passage: str
    history: list[tuple[str, str]]
    question: str
    answers: list[str]


def read(files: Mapping[str, Path]) -> list[Turn]:
    """Every turn of every conversation."""
    turns = []
    for story in read_coqa(files[FILE]):
        said = [(question, answers[0]) for question, answers in story.turns]
        for i, (question, answers) in enumerate(story.turns):
            turns.append(Turn(story.text, said[:i], question, answers))
    return turns


def recent(subject: Subject, turn: Turn) -> list[tuple[str, str]]:
    """The last turns before, as many as take a third of the model's context."""
    room = subject.model.config.n_positions // 3
    kept: list[tuple[str, str]] = []
    for question, answer in reversed(turn.history):
        room -= len(subject.ids(f"\nQ: {question}\nA: {answer}"))
        if room < 0:
            break
        kept.insert(0, (question, answer))
    return kept


def judge(subject: Subject, examples: Sequence[Turn]) -> list[dict[str, Any]]:
    """The F1 of each answer; and of "yes", the most frequent one."""
    rows = []
    for turn in examples:
        history = recent(subject, turn)
        row = {"question": turn.question, "context": turn.passage, "history": history}
        found = answered(subject.model, **row)
        found["f1"] = coqa_f1(found["answer"], turn.answers)
        found["yes_f1"] = coqa_f1("yes", turn.answers)
        rows.append(found)
    return rows


BENCHMARK = Benchmark(
    name="coqa",
    title="CoQA",
    source="https://stanfordnlp.github.io/coqa/",
    licence="several by source: research use",
    files=(File(FILE),),
    get="Save coqa-dev-v1.0.json of https://stanfordnlp.github.io/coqa/.",
    read=read,
    judge=judge,
    measures=(
        mean("f1", "F1, %", HOW, "f1", scale=100),
        mean("yes_f1", "F1, %: no model", 'always "yes"', "yes_f1", scale=100),
    ),
    together=16,
    group="paper",
    paper="55 F1 of the 1558M model (section 3.5)",
)
