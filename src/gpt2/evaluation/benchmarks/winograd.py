"""The Winograd schema challenge (Levesque et al. 2012): which of two a pronoun refers to.

Partial scoring as described by Trinh & Le (2018) and used in the GPT-2 paper (section 3.4: 70.70 %
for the largest model).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from gpt2.evaluation.benchmark import Subject, percent
from gpt2.evaluation.benchmarks import publish
from gpt2.evaluation.readers import MASK, Schema, read_schemas

FORMS = ("", "'s")  # the second is ' after an s
PARTIAL = (
    "partial scoring: each name takes the pronoun's place, the one counts after which the rest of "
    "the sentence is likelier; as it is and with 's, since the file has lost the pronouns, in the "
    "form that is likelier over both names"
)
_SMALL = {"a", "an", "the", "my", "your", "his", "her", "its", "our", "their", "some", "many"}


def place(schema: Schema, candidate: str, form: str) -> tuple[str, str]:
    """(text up to and including the candidate, rest of the sentence)."""
    before, rest = schema.text.split(MASK, 1)
    first, _, others = candidate.partition(" ")
    begins = not before.strip() or before.rstrip(" \"'")[-1:] in ".!?"
    if begins:
        first = first[:1].upper() + first[1:]
    elif first.lower() in _SMALL:
        first = first.lower()
    name = f"{first} {others}".rstrip()
    name += form.rstrip("s") if name.endswith("s") else form
    again = rest.replace(MASK, name)  # a second gap refers to the same person
    return f"{before}{name}", re.sub(r" (?='s\b)", "", again)


def readings(schema: Schema) -> list[tuple[str, str]]:
    """The four (context, continuation) pairs of a schema: each form with each candidate."""
    return [place(schema, candidate, form) for form in FORMS for candidate in schema.candidates]


def choose_option(scores: Sequence[float]) -> int:
    """Choose candidate 0 or 1 from the log-likelihoods of `readings`.

    A tie gives the second: some files always name the right one first.
    """
    plain, possessive = scores[:2], scores[2:]
    first, second = plain if sum(plain) >= sum(possessive) else possessive
    return int(second >= first)


def first(schema: Schema) -> int:
    """The candidate whose last word comes first in the sentence; the file lists them by answer.

    The second if neither is found or both are found at the same position.
    """
    places = [schema.text.lower().find(name.split()[-1].lower()) for name in schema.candidates]
    return int(not 0 <= places[0] < (places[1] if places[1] >= 0 else len(schema.text)))


def judge(subject: Subject, examples: Sequence[Schema]) -> list[dict[str, Any]]:
    """Whether the right name is more probable, and whether it comes first in the sentence."""
    likelihoods = subject.log_likelihoods(map(readings, examples))
    return [
        {
            "right": choose_option(scores) == example.answer,
            "first": first(example) == example.answer,
        }
        for example, scores in zip(examples, likelihoods, strict=True)
    ]


WINOGRAD = publish(
    "winograd",
    read_schemas,
    judge,
    (
        percent("acc", "accuracy, %", PARTIAL, "right"),
        percent("first_acc", "accuracy, %: no model", "who is named first", "first"),
    ),
)
