"""The bundled model's exact answers to questions on stories of unseen worlds, by kind.

A mean over all questions would hide that a model may find answers only in positions that it knows.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from typing import Any

from benchmarks.common import table

import gpt2
from gpt2.evaluation.metrics import characters, exact_match, words

NAME = "questions by kind, unseen worlds"
REST = "what happens: who did what, why, how, with what"
KINDS = {  # of the English question
    "where somebody lived": r"Where did \S+ live\?",
    "when it happened": r"When did this happen\?",
    "what somebody was like, or liked": r"What (was \S+ like|did \S+ like)\?",
    "yes or no": r"(Was|Were|Did|Is|Are|Does|Do|Could|Had) ",
}


def kind_of(asked: dict[str, dict[str, str]]) -> str:
    """The kind of a question, given its answer."""
    question, answer = asked["en"]["q"], asked["en"]["a"]
    if answer == "Not said":
        return "what the story does not say"
    return next((kind for kind, form in KINDS.items() if re.match(form, question)), REST)


def by_kind(
    model: Any, stories: list[Any], pickers: dict[str, Callable[[str], str]]
) -> dict[str, dict[str, Any]]:
    """Kind -> questions, and the share of exact answers of the model and of a picker in each
    language."""
    found: dict[str, dict[str, list[float]]] = {}
    for language, units in (("en", words), ("zh", characters)):
        for story in stories:
            text = story.text(language)
            for asked in story.questions:
                question, wanted = asked[language]["q"], asked[language]["a"]
                given = gpt2.answer(model, question, text, max_new_tokens=24).text or ""
                own = found.setdefault(kind_of(asked), {})
                for who, answer in (("model", given), ("picker", pickers[language](question))):
                    own.setdefault(f"{who}, {language}", []).append(
                        exact_match(answer, wanted, units)
                    )
    return {
        kind: {"questions": len(own["model, en"])}
        | {name: round(statistics.mean(right), 4) for name, right in own.items()}
        for kind, own in sorted(found.items(), key=lambda one: -len(one[1]["model, en"]))
    }


def describe(kinds: dict[str, dict[str, Any]]) -> list[str]:
    """The paragraphs of the results page."""
    nearest = "nearest training question's answer"
    columns = {"model, en": "English", "picker, en": nearest,
               "model, zh": "Chinese", "picker, zh": nearest}  # fmt: skip
    rows = [
        [kind, str(own["questions"]), *(f"{own[name]:.0%}" for name in columns)]
        for kind, own in kinds.items()
    ]
    return ["Exact match by kind of question, on the same stories:",
            table(["", "questions", *columns.values()], rows)]  # fmt: skip
