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
PAIR_WORDS = 24  # longer sentences teach a small model little


def asked(context: str, questions: list[tuple[str, str]], seed: str) -> str:
    """A text and questions on it, one after the other, in an order of its own."""
    questions = list(questions)
    random.Random(seed).shuffle(questions)
    turns = (ANSWER.example(context="", question=q, answer=a) for q, a in questions)
    return context + "".join(turns)


def world_answers(data: Path, language: str) -> Iterator[str]:
    """Our stories with their questions."""
    for story in sources.world_stories(data):
        questions = [(q[language]["q"], q[language]["a"]) for q in story["questions"]]
        text = sources.story_text(story, language)
        text = sources.both_quotes(text) if language == "en" else text
        yield asked(text, questions, text)


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


def world_summaries(data: Path, language: str) -> Iterator[str]:
    """Our stories with their summary of a sentence."""
    for story in sources.world_stories(data):
        text = sources.story_text(story, language)
        yield SUMMARY.example(text=text, summary=story["summary"][language])


def world_titles(data: Path, language: str) -> Iterator[str]:
    """Our stories below their titles, as ``gpt2 write --kind story`` asks for them."""
    for story in sources.world_stories(data):
        yield f"{story['title'][language]}\n\n{sources.story_text(story, language)}"


def translations(data: Path) -> Iterator[str]:
    """Sentence pairs and the sentences of our stories, some lines to a document."""
    found = [
        pair
        for pair in [*sources.pairs(data), *world_pairs(data)]
        if len(pair[0].split()) <= PAIR_WORDS
    ]
    found = sorted(dict.fromkeys(found), key=lambda pair: sources.part("".join(pair)))
    for start in range(0, len(found) - LINES + 1, LINES):
        lines = (TRANSLATION.example(source=a, target=b) for a, b in found[start : start + LINES])
        yield "\n".join(lines)


def world_pairs(data: Path) -> Iterator[tuple[str, str]]:
    """The sentences of our stories, side by side."""
    for story in sources.world_stories(data):
        for sentence in story["sentences"]:
            yield re.sub(r"\s+", " ", sentence["en"]).strip(), sentence["zh"].strip()


TASK_SOURCES: dict[str, tuple[str, Any]] = {
    "answers, English worlds": ("en", lambda data: world_answers(data, "en")),
    "answers, Chinese worlds": ("zh", lambda data: world_answers(data, "zh")),
    "answers, FairytaleQA": ("en", fairytale_answers),
    "summaries, English worlds": ("en", lambda data: world_summaries(data, "en")),
    "summaries, Chinese worlds": ("zh", lambda data: world_summaries(data, "zh")),
    "titles, English worlds": ("en", lambda data: world_titles(data, "en")),
    "titles, Chinese worlds": ("zh", lambda data: world_titles(data, "zh")),
    "translations": ("en+zh", translations),
}
