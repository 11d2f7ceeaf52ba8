"""The tasks' training documents, in the very forms that the commands use (`gpt2.tasks`)."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recipes.mini import sources

from gpt2.tasks import TASKS

ANSWER, SUMMARY, TRANSLATION = (TASKS[name].form for name in ("answer", "summarize", "translate"))
LINES = 6  # translations in a document
PAIR_WORDS = 24  # longer sentences are not asked of so small a model
TAUGHT_WORDS = 10  # and longer ones not taught


def asked(context: str, questions: list[tuple[str, str]], seed: str) -> str:
    """A text and questions on it, one after the other, in an order of its own."""
    return context + turns(questions, seed)


def turns(questions: list[tuple[str, str]], seed: str) -> str:
    """Questions with their answers in an order of their own."""
    questions = list(questions)
    random.Random(seed).shuffle(questions)
    return "".join(ANSWER.example(context="", question=q, answer=a) for q, a in questions)


def questions_of(story: dict[str, Any], language: str) -> list[tuple[str, str]]:
    """The questions on a story with their answers."""
    return [(q[language]["q"], q[language]["a"]) for q in story["questions"]]


def world_tasks(data: Path, language: str) -> Iterator[str]:
    """Our stories with their summary and their questions; mostly the summary comes first."""
    name = "English" if language == "en" else "Chinese"
    for story in sources.fresh(f"tasks, {name}"):
        text = sources.story_text(story, language)
        text = sources.both_quotes(text) if language == "en" else text
        parts = [
            SUMMARY.example(text="", summary=story["summary"][language]),
            turns(questions_of(story, language), text),
        ]
        yield text + "".join(parts if sources.part(text) < 0.6 else parts[::-1])


def note_answers(data: Path, language: str) -> Iterator[str]:
    """Facts on some people with questions that only reading answers."""
    for note in notes(language):
        text = sources.story_text(note, language)
        yield asked(text, questions_of(note, language), text)


def notes(language: str) -> list[dict[str, Any]]:
    """The notes, a half for each language."""
    found = sources.rows(sources.WORK / "notes.jsonl")
    return found[::2] if language == "en" else found[1::2]


def fairytale_answers(data: Path) -> Iterator[str]:
    """Sections of FairytaleQA's training stories with the questions that their words answer."""
    for story in sources.rows(data / "simple/fairytaleqa_train.jsonl.xz"):
        for number, section in story["sections"].items():
            found = [
                (q["question"], q["answer"].rstrip("."))
                for q in story["qa"]
                if q["sections"] == number and q["type"].endswith("explicit")
            ]
            if found:
                yield asked(sources.tidy(section), found, section)


def world_titles(data: Path, language: str) -> Iterator[str]:
    """Our stories below their titles, as ``gpt2 write --kind story`` asks for them."""
    name = "English" if language == "en" else "Chinese"
    for story in sources.fresh(f"titles, {name}"):
        yield f"{story['title'][language]}\n\n{sources.story_text(story, language)}"


def translations(data: Path) -> Iterator[str]:
    """Short sentence pairs and short sentences of our stories and notes, some lines a document."""
    found = [
        pair
        for pair in [*sources.pairs(data), *world_pairs(data)]
        if len(pair[0].split()) <= TAUGHT_WORDS
    ]
    found = sorted(dict.fromkeys(found), key=lambda pair: sources.part("".join(pair)))
    for start in range(0, len(found) - LINES + 1, LINES):
        lines = (TRANSLATION.example(source=a, target=b) for a, b in found[start : start + LINES])
        yield "\n".join(lines)


def world_pairs(data: Path) -> Iterator[tuple[str, str]]:
    """Sentences of some of our stories and notes, side by side."""
    for story in [*sources.fresh("titles, English"), *notes("en")[:1000]]:
        for sentence in story["sentences"]:
            yield re.sub(r"\s+", " ", sentence["en"]).strip(), sentence["zh"].strip()


TASK_SOURCES: dict[str, tuple[str, Any]] = {
    "summaries and answers, English worlds": ("en", lambda data: world_tasks(data, "en")),
    "summaries and answers, Chinese worlds": ("zh", lambda data: world_tasks(data, "zh")),
    "answers, English notes": ("en", lambda data: note_answers(data, "en")),
    "answers, Chinese notes": ("zh", lambda data: note_answers(data, "zh")),
    "answers, FairytaleQA": ("en", fairytale_answers),
    "titles, English worlds": ("en", lambda data: world_titles(data, "en")),
    "titles, Chinese worlds": ("zh", lambda data: world_titles(data, "zh")),
    "translations": ("en+zh", translations),
}
