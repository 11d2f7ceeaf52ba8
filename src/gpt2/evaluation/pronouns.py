"""Who a pronoun means, and which pronoun is the likelier: of Winograd schemas and of WinoBias."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from gpt2.evaluation.benchmark import Subject
from gpt2.evaluation.occupations import FEMININE, MASCULINE
from gpt2.evaluation.readers import MASK, Schema

FORMS = ("", "'s")  # the latter is ' after an s
PARTIAL = (
    "partial scoring: each name takes the pronoun's place, the one counts after which the rest of "
    "the sentence is likelier; as it is and with 's, since the file has lost the pronouns, in the "
    "form that is likelier over both names"
)
_SMALL = {"a", "an", "the", "my", "your", "his", "her", "its", "our", "their", "some", "many"}


def placed(schema: Schema, candidate: str, form: str) -> tuple[str, str]:
    """(text up to and with the candidate, the rest of the sentence)."""
    before, rest = schema.text.split(MASK, 1)
    first, _, others = candidate.partition(" ")
    begins = not before.strip() or before.rstrip(" \"'")[-1:] in ".!?"
    if begins:
        first = first[:1].upper() + first[1:]
    elif first.lower() in _SMALL:
        first = first.lower()
    name = f"{first} {others}".rstrip()
    name += form.rstrip("s") if name.endswith("s") else form
    again = rest.replace(MASK, name)  # a second gap is the same person
    return f"{before}{name}", re.sub(r" (?='s\b)", "", again)


def readings(schema: Schema) -> list[tuple[str, str]]:
    """The four (context, continuation) of a schema: each form with each candidate."""
    return [placed(schema, candidate, form) for form in FORMS for candidate in schema.candidates]


def chosen(scores: Sequence[float]) -> int:
    """The candidate, 0 or 1, from the log-likelihoods of `readings`.

    The second if both are equal: some files name the right one first throughout.
    """
    plain, possessive = scores[:2], scores[2:]
    first, second = plain if sum(plain) >= sum(possessive) else possessive
    return int(second >= first)


def genders(schema: Schema) -> list[tuple[str, str]]:
    """(context, continuation) of the sentence with each form of "she", then with each of "he"."""
    before, after = schema.text.split(MASK, 1)
    forms = (*FEMININE, *MASCULINE)
    return [(before, f"{form}{after.replace(MASK, form)}") for form in forms]


def gap(scores: Sequence[float]) -> float:
    """Log of how much likelier a sentence of `genders` is with a woman, in any of her forms."""
    she = np.logaddexp.reduce(scores[: len(FEMININE)])
    return float(she - np.logaddexp.reduce(scores[len(FEMININE) :]))


def log_likelihoods(
    subject: Subject, sets: Sequence[Sequence[tuple[str, str]]]
) -> list[list[float]]:
    """The log-likelihood of each (context, continuation) of each example."""
    scores = iter(subject.scorer.loglikelihood([subject.encode(*p) for own in sets for p in own]))
    return [[next(scores).logprob for _ in own] for own in sets]
