"""Chapter 9: the probability of an answer, to choose among given ones without generating."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gpt2 import reference
from gpt2.learn.exercise import Exercise, Mistake, tiny
from gpt2.reference import Array


def logprob(logits: Array, ids: list[int], start: int) -> float:
    """The log-probability of an answer after its question, a float.

    ids is a list of T ints: the tokens of the question, then those of the answer, ids[start:].
    logits [T, V] has a row for each id, which scores the token after it. The result is the sum of
    log p over the tokens of the answer.
    """
    return _sum(logits, ids, start)


def _sum(logits: Array, ids: list[int], start: int, shift: int = 1) -> float:
    rows = np.arange(start, len(ids)) - shift
    p = reference.softmax(logits)
    return float(np.log(p[rows, ids[start:]]).sum())


def _raw(logits: Array, ids: list[int], start: int) -> float:
    return float(logits[np.arange(start, len(ids)) - 1, ids[start:]].sum())


def _cases() -> Iterator[tuple[Any, ...]]:
    for seed, start, ids in (
        (0, 2, [3, 1, 4, 1, 5]),
        (9, 4, [2, 7, 1, 8, 2, 8]),
        (20, 1, [6, 2, 8]),
    ):
        config, weights = tiny(seed)
        yield reference.forward(weights, config, ids), ids, start


EXERCISE = Exercise(
    9, "What it was trained for", logprob, _cases,
    (
        Mistake("each token judged by its own row", "row t - 1 predicts token t: row t has already "
                "read it", lambda z, ids, start: _sum(z, ids, start, 0)),
        Mistake("the question counts too", "sum only over the answer's tokens: the question is the "
                "same for all answers", lambda z, ids, start: _sum(z, ids, 1)),
        Mistake("the answer's first token is missing", "the last row of the question predicts "
                "it", lambda z, ids, start: _sum(z, ids, start + 1)),
        Mistake("the mean instead of the sum", "log p of the whole answer is a sum; a mean favours "
                "long answers", lambda z, ids, start: _sum(z, ids, start) / (len(ids) - start)),
        Mistake("the probability", "take the logarithm", lambda z, ids, start: np.exp(
            _sum(z, ids, start))),
        Mistake("no softmax", "logits are not log-probabilities until they are normalised",
                _raw),
        Mistake("the sign", "log p is negative", lambda z, ids, start: -_sum(z, ids, start)),
    ),
)  # fmt: skip
