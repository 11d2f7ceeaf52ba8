"""Chapter 7: learning starts from the gradient of the loss with respect to the logits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gpt2 import reference
from gpt2.learn.exercise import Exercise, Mistake, normal
from gpt2.reference import Array


def gradient(logits: Array, targets: list[int]) -> Array:
    """The gradient of the mean loss with respect to the logits: an array [T, V].

    logits is [T, V]. targets is a list of T ints: the token that follows each row. The loss is the
    mean over the rows of -log softmax(logits)[target].
    """
    d = reference.softmax(logits)
    d[np.arange(len(targets)), targets] -= 1
    return d / len(targets)


def _wrong_axis(logits: Array, targets: list[int]) -> Array:
    d = reference.softmax(logits.T).T
    d[np.arange(len(targets)), targets] -= 1
    return d / len(targets)


def _target_alone(logits: Array, targets: list[int]) -> Array:
    hit = np.zeros_like(logits)
    hit[np.arange(len(targets)), targets] = 1
    return gradient(logits, targets) * hit


def _inverse(logits: Array, targets: list[int]) -> Array:
    p, d = reference.softmax(logits), np.zeros_like(logits)
    rows = np.arange(len(targets))
    d[rows, targets] = -1 / p[rows, targets]
    return d / len(targets)


def _cases() -> Iterator[tuple[Any, ...]]:
    for seed, targets in enumerate(([2, 0, 5], [1, 1, 1, 4], [3])):
        yield 2 * normal(seed, len(targets), 6), targets


EXERCISE = Exercise(
    7, "Learning", gradient, _cases,
    (
        Mistake("the sign", "the probability at the target is too small, so its logit's gradient "
                "is negative: p - 1", lambda z, t: -gradient(z, t)),
        Mistake("not divided by the number of rows", "the loss is a mean: divide by T",
                lambda z, t: gradient(z, t) * len(t)),
        Mistake("divided by the number of all logits", "the mean is over the T rows, not over T V "
                "numbers", lambda z, t: gradient(z, t) / z.shape[1]),
        Mistake("the target is not subtracted", "subtract 1 at the target of each row",
                lambda z, t: reference.softmax(z) / len(t)),
        Mistake("only the target has a gradient", "every other token's logit lowers the "
                "probability of the target: its gradient is p", _target_alone),
        Mistake("the gradient by the probability", "that is -1 / p; the logits come before the "
                "softmax, and with it the gradient is p - 1", _inverse),
        Mistake("softmax over the wrong axis", "the probabilities of one row sum to 1",
                _wrong_axis),
    ),
)  # fmt: skip
