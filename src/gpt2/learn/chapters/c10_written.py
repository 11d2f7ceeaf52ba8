"""Chapter 10: what a head writes into the stream depends on more than where it attends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gpt2 import reference
from gpt2.learn.exercise import Exercise, Mistake, normal
from gpt2.reference import Array


def written(pattern: Array, v: Array, w_o: Array, head: int) -> Array:
    """What one head adds to the stream: an array [T, D].

    pattern [H, T, T] holds the attention weights of each head, v [H, T, d] the values. w_o [D, D]
    is the matrix of attn.c_proj, whose input is the heads' results side by side, head 0 first.
    """
    d = v.shape[2]
    return pattern[head] @ v[head] @ w_o[head * d : (head + 1) * d]


def _columns(pattern: Array, v: Array, w_o: Array, head: int) -> Array:
    d = v.shape[2]
    return pattern[head] @ v[head] @ w_o[:, head * d : (head + 1) * d].T


def _values_alone(pattern: Array, v: Array, w_o: Array, head: int) -> Array:
    d = v.shape[2]
    return v[head] @ w_o[head * d : (head + 1) * d]


def _every_head(pattern: Array, v: Array, w_o: Array, head: int) -> Array:
    return sum((written(pattern, v, w_o, h) for h in range(len(v))), np.zeros(()))


def _interleave(pattern: Array, v: Array, w_o: Array, head: int) -> Array:
    return pattern[head] @ v[head] @ w_o[head :: len(v)]


def _transpose(pattern: Array, v: Array, w_o: Array, head: int) -> Array:
    return written(pattern.transpose(0, 2, 1), v, w_o, head)


def _cases() -> Iterator[tuple[Any, ...]]:
    for seed, (H, T, d, head) in enumerate(((3, 5, 4, 1), (2, 4, 3, 0), (4, 6, 2, 3))):
        future = np.triu(np.ones((T, T), bool), 1)
        pattern = reference.softmax(np.where(future, -np.inf, normal(seed, H, T, T)))
        yield pattern, normal(seed + 9, H, T, d), normal(seed, H * d, H * d), head


EXERCISE = Exercise(
    10, "Looking inside", written, _cases,
    (
        Mistake("without w_o", "the head's result has width d: its rows of w_o bring it to D",
                lambda pattern, v, w_o, head: pattern[head] @ v[head]),
        Mistake("columns of w_o", "a head's result is part of the input of w_o, so rows belong to "
                "it", _columns),
        Mistake("interleaved rows of w_o", "the heads are side by side: head 0 has the first d "
                "rows, head 1 the next", _interleave),
        Mistake("without the pattern", "each position takes a weighted sum of the "
                "values it attends to", _values_alone),
        Mistake("the pattern is transposed", "a row of the pattern belongs to the position that "
                "attends", _transpose),
        Mistake("all heads together", "use only the head that the argument names", _every_head),
    ),
)  # fmt: skip
