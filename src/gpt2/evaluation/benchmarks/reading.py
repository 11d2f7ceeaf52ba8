"""Questions about a text: CoQA's conversations, and XQuAD's paragraphs in several languages.

CoQA (Reddy et al. 2019) follows the GPT-2 paper (section 3.5): the prompt is the document, the
conversation with the right answers so far and a final ``A:``, and decoding is greedy. XQuAD:
Artetxe et al. 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, Subject, percent
from gpt2.evaluation.benchmarks import publish
from gpt2.evaluation.benchmarks.questions import READ, Asked, ask, judge, measures
from gpt2.evaluation.metrics import characters, coqa_f1, words
from gpt2.evaluation.readers import read_coqa, read_squad
from gpt2.tasks.sentences import sentences

TALK = (
    "the task answer with the passage and the conversation so far, with the people's answers; F1 "
    "as CoQA's script has it, against each set of references but one"
)
TRAIN_TITLES = 36  # XQuAD's articles before this are for recipes that train on the set
UNITS = {"en": words, "zh": characters}


@dataclass(frozen=True)
class Turn:
    """A question in a conversation, the turns before it, and the human answers."""

    passage: str
    history: list[tuple[str, str]]
    question: str
    answers: list[str]


def _turns(path: Path) -> list[Turn]:
    """Every turn of every conversation."""
    turns = []
    for story in read_coqa(path):
        spoken = [(question, answers[0]) for question, answers in story.turns]
        for i, (question, answers) in enumerate(story.turns):
            turns.append(Turn(story.text, spoken[:i], question, answers))
    return turns


def recent(subject: Subject, turn: Turn) -> list[tuple[str, str]]:
    """The most recent turns before, as many as fit in a third of the model's context."""
    room = subject.model.config.n_positions // 3
    kept: list[tuple[str, str]] = []
    for question, answer in reversed(turn.history):
        room -= len(subject.ids(f"\nQ: {question}\nA: {answer}"))
        if room < 0:
            break
        kept.insert(0, (question, answer))
    return kept


def _judge_turns(subject: Subject, examples: Sequence[Turn]) -> list[dict[str, Any]]:
    """The F1 of each answer, and of "yes", the most frequent answer."""
    rows = []
    for turn in examples:
        history = recent(subject, turn)
        row = {"question": turn.question, "context": turn.passage, "history": history}
        answer = ask(subject.model, **row)
        answer["f1"] = coqa_f1(answer["answer"], turn.answers)
        answer["yes_f1"] = coqa_f1("yes", turn.answers)
        rows.append(answer)
    return rows


COQA = publish(
    "coqa",
    _turns,
    _judge_turns,
    (
        percent("f1", "F1, %", TALK),
        percent("yes_f1", "F1, %: no model", 'always "yes"'),
    ),
)


def read_last(path: Path) -> list[Asked]:
    """Read XQuAD's questions about the last 12 articles, which no recipe here trains on."""
    every = read_squad(path)
    known = set(list(dict.fromkeys(q.title for q in every))[:TRAIN_TITLES])
    kept = [question for question in every if question.title not in known]
    return [Asked(question, sentences(question.context)[0]) for question in kept]


def _xquad(language: str) -> Benchmark:
    compared = "characters" if language == "zh" else "words"
    how = f"{READ}; SQuAD's normalisation, by {compared}; the last 12 of 48 articles"
    trivial = f"the context's first sentence; by {compared}; the last 12 of 48 articles"
    judged = judge(UNITS[language], context=True)
    return publish(f"xquad-{language}", read_last, judged, measures(how, trivial))


XQUAD_EN, XQUAD_ZH = _xquad("en"), _xquad("zh")
