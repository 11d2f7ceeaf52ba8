"""Chapter 3: one head of masked self-attention."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from gpt2 import reference
from gpt2.config import GPT2Config
from gpt2.learn.exercise import Exercise, Mistake, normal
from gpt2.reference import Array


def head(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Array:
    """The output of one attention head: an array [T, d] with a row for each position.

    x [T, D] is the input. w_q, w_k and w_v, each [D, d], turn it into queries, keys and values;
    there are no biases here. A position attends to itself and to those before it.
    """
    d = w_q.shape[1]
    weights = {
        "one.c_attn.weight": np.concatenate([w_q, w_k, w_v], 1),
        "one.c_attn.bias": np.zeros(3 * d),
        "one.c_proj.weight": np.eye(d),  # a single head needs no projection
        "one.c_proj.bias": np.zeros(d),
    }
    return reference.attention(x, weights, "one", GPT2Config(n_embd=d, n_head=1), 0, None)


def _attend(
    x: Array, w_q: Array, w_k: Array, w_v: Array, *,
    scale: Callable[[int, int], float] = lambda d, D: d**-0.5,
    hidden: float = -np.inf, first: int = 1, axis: int = -1, turned: bool = False,
) -> Array:  # fmt: skip
    """The formula with one of its parts changed."""
    scores = (x @ w_q) @ (x @ w_k).T * scale(w_q.shape[1], x.shape[1])
    scores = scores.T if turned else scores
    future = np.triu(np.ones(scores.shape, bool), first)
    scores = np.where(future, hidden, scores)
    shares = reference.softmax(np.moveaxis(scores, axis, -1))
    return np.moveaxis(shares, -1, axis) @ (x @ w_v)


def _masked_late(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Array:
    shares = reference.softmax((x @ w_q) @ (x @ w_k).T / np.sqrt(w_q.shape[1]))
    return np.tril(shares) @ (x @ w_v)


def _input_mixed(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Array:
    return _attend(x, w_q, w_k, np.eye(x.shape[1]))


def _no_matrices(x: Array, w_q: Array, w_k: Array, w_v: Array) -> Array:
    return _attend(x, *[np.eye(x.shape[1])] * 3)


def _cases() -> Iterator[tuple[Any, ...]]:
    for T, D, d in ((5, 8, 4), (1, 6, 3), (7, 8, 2)):
        yield normal(T, T, D), normal(1, D, d), normal(2, D, d), normal(3, D, d)


EXERCISE = Exercise(
    3, "One head by hand", head, _cases,
    (
        Mistake("no mask", "a position must not see those after it: set their scores to -inf "
                "before the softmax", partial(_attend, first=99)),
        Mistake("scaled by d instead of sqrt(d)", "divide the scores by the square root of d",
                partial(_attend, scale=lambda d, D: 1 / d)),
        Mistake("not scaled", "divide the scores by the square root of d",
                partial(_attend, scale=lambda d, D: 1.0)),
        Mistake("scaled by the width of x", "d is the width of a query, not that of x",
                partial(_attend, scale=lambda d, D: D**-0.5)),
        Mistake("softmax over the wrong axis", "the shares of one query sum to 1: the last axis, "
                "the one of the keys", partial(_attend, axis=0)),
        Mistake("masked with 0", "exp(0) is 1 and takes a share: set the scores of hidden "
                "positions to -inf", partial(_attend, hidden=0.0)),
        Mistake("masked after the softmax", "then the shares no longer sum to 1: mask the scores",
                _masked_late),
        Mistake("the mask reaches too far", "a position attends to itself and those before it, "
                "not to the next one", partial(_attend, first=2)),
        Mistake("queries and keys exchanged", "a row of scores belongs to a query: q @ k.T",
                partial(_attend, turned=True)),
        Mistake("the input instead of the values", "what is added up is x @ w_v", _input_mixed),
        Mistake("no learned matrices", "queries, keys and values are x times w_q, w_k and w_v",
                _no_matrices),
    ),
)  # fmt: skip
