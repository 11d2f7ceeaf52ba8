"""Questions with a fixed number of answers, the most probable of which is the model's choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gpt2.evaluation.benchmark import Subject


class Choice(NamedTuple):
    """A context and what may follow it; a context that is empty is end-of-text."""

    context: str
    continuations: Sequence[str]


def logprobs(subject: Subject, choices: Sequence[Choice]) -> list[list[float]]:
    """The logarithm of the probability of each continuation of each choice."""
    pairs = [subject.encode(c.context, text) for c in choices for text in c.continuations]
    scores = iter(subject.scorer.loglikelihood(pairs))
    return [[next(scores).logprob for _ in c.continuations] for c in choices]


def best(values: Sequence[float]) -> int:
    """The index of the largest; of equals the first."""
    return max(range(len(values)), key=lambda i: (values[i], -i))
