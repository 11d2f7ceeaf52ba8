"""Questions about a text: CoQA's conversations, and XQuAD's paragraphs in several languages.

CoQA (Reddy et al. 2019), as in the GPT-2 paper (section 3.5): the document, the conversation with
the right answers so far and a final ``A:``, greedy. XQuAD: Artetxe et al. 2019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, File, Subject, percent
from gpt2.evaluation.benchmarks.questions import READ, Asked, answered, judge, measures
from gpt2.evaluation.metrics import characters, coqa_f1, words
from gpt2.evaluation.readers import read_coqa, read_squad
from gpt2.tasks.sentences import sentences

COQA_FILE = "coqa-dev-v1.0.json"
TALK = (
    "the task answer with the passage and the conversation so far, with the people's answers; F1 "
    "as CoQA's script has it, against each set of references but one"
)
TRAIN_TITLES = 36  # XQuAD's articles before are for training, where a recipe uses this set
UNITS = {"en": words, "zh": characters}


@dataclass(frozen=True)
class Turn:
    """A question of a conversation, what went before, and the people's answers."""

    passage: str
    history: list[tuple[str, str]]
    question: str
    answers: list[str]


def _turns(files: Mapping[str, Path]) -> list[Turn]:
    """Every turn of every conversation."""
    turns = []
    for story in read_coqa(files[COQA_FILE]):
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


def _judge_turns(subject: Subject, examples: Sequence[Turn]) -> list[dict[str, Any]]:
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


COQA = Benchmark(
    name="coqa",
    title="CoQA",
    source="https://stanfordnlp.github.io/coqa/",
    licence="several by source: research use",
    files=(File(COQA_FILE),),
    get="Save coqa-dev-v1.0.json of https://stanfordnlp.github.io/coqa/.",
    read=_turns,
    judge=_judge_turns,
    measures=(
        percent("f1", "F1, %", TALK),
        percent("yes_f1", "F1, %: no model", 'always "yes"'),
    ),
    together=16,
    group="paper",
    paper="55 F1 of the 1558M model (section 3.5)",
)


def _xquad(language: str, sha256: str) -> Benchmark:
    """The benchmark of one language: the last 12 articles, which no recipe here trains on."""
    name = f"xquad.{language}.json"

    def read(files: Mapping[str, Path]) -> list[Asked]:
        every = read_squad(files[name])
        known = set(list(dict.fromkeys(q.title for q in every))[:TRAIN_TITLES])
        kept = [question for question in every if question.title not in known]
        return [Asked(question, sentences(question.context)[0]) for question in kept]

    compared = "characters" if language == "zh" else "words"
    return Benchmark(
        name=f"xquad-{language}",
        title=f"XQuAD, {'Chinese' if language == 'zh' else 'English'}",
        source="https://github.com/google-deepmind/xquad",
        licence="CC BY-SA 4.0",
        files=(File(name, sha256),),
        get=f"{name} of the source.",
        read=read,
        judge=judge(UNITS[language], context=True),
        measures=measures(
            f"{READ}; SQuAD's normalisation, by {compared}; the last 12 of 48 articles",
            f"the context's first sentence; by {compared}; the last 12 of 48 articles",
        ),
        together=16,
        group="tasks",
    )


XQUAD_EN = _xquad("en", "e4c57d1c9143aaa1c5d265ba5987a65f4e69528d2a98f29d6e75019b10344f29")
XQUAD_ZH = _xquad("zh", "691d0b3359bc6b8faa8de931dfdfe21d50a65861ae348e32a0d1a0190b0c8835")
