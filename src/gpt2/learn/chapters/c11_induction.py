"""Chapter 11: finding a head that looks back to what followed an earlier occurrence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gpt2 import reference
from gpt2.learn.exercise import Exercise, Mistake, normal
from gpt2.reference import Array


def induction(pattern: Array, period: int) -> float:
    """How strongly a head acts as an induction head: a float from 0 to 1.

    The text repeats its tokens every ``period`` tokens. pattern [T, T] holds the head's attention
    weights. From the second time on, position t holds the same token as position t - period, and
    what came next then is at t - period + 1. The result is the mean attention paid to that
    position, over the positions t >= period.
    """
    return _mean(pattern, period, 1)


def _mean(pattern: Array, period: int, offset: int, begin: int | None = None) -> float:
    rows = np.arange(period if begin is None else begin, len(pattern))
    return float(pattern[rows, rows - period + offset].mean())


def _everywhere(pattern: Array, period: int) -> float:
    rows = np.arange(period, len(pattern))
    return float(pattern[rows, rows - period + 1].sum() / len(pattern))


def _most(pattern: Array, period: int) -> float:
    rows = np.arange(period, len(pattern))
    return float((pattern[rows].argmax(1) == rows - period + 1).mean())


def _cases() -> Iterator[tuple[Any, ...]]:
    for seed, (T, period) in enumerate(((8, 4), (9, 3), (12, 6))):
        future = np.triu(np.ones((T, T), bool), 1)
        yield reference.softmax(np.where(future, -np.inf, 3 * normal(seed, T, T))), period


EXERCISE = Exercise(
    11, "How far it looks back", induction, _cases,
    (
        Mistake("the same token instead of the next", "an induction head looks at what came after "
                "the token's first time: t - period + 1", lambda p, n: _mean(p, n, 0)),
        Mistake("the token before", "what came next is at t - period + 1",
                lambda p, n: _mean(p, n, -1, n + 1)),
        Mistake("divided by all positions", "only positions t >= period can look back a period: "
                "divide by their number", _everywhere),
        Mistake("the pattern is transposed", "a row of the pattern belongs to the position that "
                "attends", lambda p, n: _mean(p.T, n, 1)),
        Mistake("counted instead of added", "the result is the mean of the attention weights",
                _most),
    ),
)  # fmt: skip
