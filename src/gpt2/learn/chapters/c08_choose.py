"""Chapter 8: from scores to the distribution that the next token is sampled from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gpt2 import reference
from gpt2.generation import warpers
from gpt2.learn.exercise import Exercise, Mistake, normal
from gpt2.reference import Array


def nucleus(logits: Array, temperature: float, top_p: float) -> Array:
    """The probabilities with which the next token is sampled: an array [V] that sums to 1.

    logits is [V]. Divide them by the temperature, then keep the smallest set of most probable
    tokens whose probabilities sum to at least top_p. The other tokens get 0.
    """
    warmed = warpers.temperature(logits[None], temperature)
    return reference.softmax(warpers.top_p(warmed, top_p))[0]


def _keep(logits: Array, temperature: float, top_p: float, *, crossing: bool = True) -> Any:
    """The tokens to keep, with or without the one that crosses top_p."""
    p = reference.softmax(logits / temperature)
    order = np.argsort(-p)
    before = np.cumsum(p[order]) - p[order]
    kept = np.zeros(len(p), bool)
    kept[order] = before < top_p if crossing else before + p[order] <= top_p
    return kept


def _cut(logits: Array, temperature: float, kept: Any) -> Array:
    return reference.softmax(np.where(kept, logits / temperature, -np.inf))


def _short(logits: Array, temperature: float, top_p: float) -> Array:
    kept = _keep(logits, temperature, top_p, crossing=False)
    kept[logits.argmax()] = True
    return _cut(logits, temperature, kept)


def _not_again(logits: Array, temperature: float, top_p: float) -> Array:
    return reference.softmax(logits / temperature) * _keep(logits, temperature, top_p)


def _cut_first(logits: Array, temperature: float, top_p: float) -> Array:
    return _cut(logits, temperature, _keep(logits, 1.0, top_p))


def _threshold(logits: Array, temperature: float, top_p: float) -> Array:
    kept = reference.softmax(logits / temperature) >= 1 - top_p
    kept[logits.argmax()] = True
    return _cut(logits, temperature, kept)


def _cases() -> Iterator[tuple[Any, ...]]:
    for seed, (temperature, top_p) in enumerate(((0.7, 0.8), (2.0, 0.9), (1.0, 0.5), (0.5, 0.95))):
        yield 2 * normal(seed, 9), temperature, top_p


EXERCISE = Exercise(
    8, "Choosing", nucleus, _cases,
    (
        Mistake("multiplied by the temperature", "divide the logits: a low temperature makes "
                "probable tokens more probable", lambda z, t, p: nucleus(z, 1 / t, p)),
        Mistake("no temperature", "divide the logits by it first",
                lambda z, t, p: nucleus(z, 1, p)),
        Mistake("no top_p", "tokens outside the nucleus get 0",
                lambda z, t, p: reference.softmax(z / t)),
        Mistake("cut before the temperature", "take the nucleus of the distribution after the "
                "temperature", _cut_first),
        Mistake("the token that crosses top_p is dropped", "the kept probabilities sum to at "
                "least top_p: keep the token that reaches it", _short),
        Mistake("not normalised again", "the kept probabilities must sum to 1", _not_again),
        Mistake("a threshold for each token", "top_p bounds the sum over the kept tokens",
                _threshold),
    ),
)  # fmt: skip
