"""Chapter 6: the head reuses the embedding, and the text is its own label."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from gpt2 import reference
from gpt2.learn.exercise import Exercise, Mistake, normal
from gpt2.reference import Array


def loss(x: Array, wte: Array, ids: list[int]) -> float:
    """The loss of a text in nats, a float: the mean of -log p over all tokens but the first.

    x [T, D] is the output of the last LayerNorm for the T ids, wte [V, D] the token embedding. The
    head reuses the embedding: the logits are x wte^T.
    """
    return _loss(x @ wte.T, ids)


def _loss(logits: Array, ids: list[int], *, shift: int = 1, axis: int = -1) -> float:
    p = np.moveaxis(reference.softmax(np.moveaxis(logits, axis, -1)), -1, axis)
    last = len(ids) - max(shift, 0)
    rows = np.arange(max(-shift, 0), last)
    return float(-np.log(p[rows, np.asarray(ids)[rows + shift]]).mean())


def _vary(x: Array, wte: Array, ids: list[int], **changes: int) -> float:
    return _loss(x @ wte.T, ids, **changes)


def _round(x: Array, wte: Array, ids: list[int]) -> float:
    p = reference.softmax(x @ wte.T)
    return float(-np.log(p[np.arange(len(ids)), np.roll(ids, -1)]).mean())


def _mean_first(x: Array, wte: Array, ids: list[int]) -> float:
    p = reference.softmax(x @ wte.T)
    return float(-np.log(p[np.arange(len(ids) - 1), ids[1:]].mean()))


def _unit_rows(x: Array, wte: Array, ids: list[int]) -> float:
    return loss(x, wte / np.linalg.norm(wte, axis=1, keepdims=True), ids)


def _raw(x: Array, wte: Array, ids: list[int]) -> float:
    return float(-(x @ wte.T)[np.arange(len(ids) - 1), ids[1:]].mean())


def _cases() -> Iterator[tuple[Any, ...]]:
    for seed, ids in enumerate(([1, 4, 2, 2, 0], [3, 1], [0, 6, 0, 6, 0, 6, 5])):
        yield normal(seed, len(ids), 5), normal(seed + 9, 7, 5), ids


EXERCISE = Exercise(
    6, "The head, the loss, the label", loss, _cases,
    (
        Mistake("labels not shifted", "row t predicts token t + 1: to predict token t, it would "
                "only have to copy", partial(_vary, shift=0)),
        Mistake("labels shifted the wrong way", "row t predicts token t + 1, not t - 1",
                partial(_vary, shift=-1)),
        Mistake("the first token follows the last", "the last row has no label: leave it out",
                _round),
        Mistake("the sum instead of the mean", "divide by the number of tokens predicted, T - 1",
                lambda x, wte, ids: loss(x, wte, ids) * (len(ids) - 1)),
        Mistake("the sum divided by T", "T - 1 tokens were predicted, not T",
                lambda x, wte, ids: loss(x, wte, ids) * (len(ids) - 1) / len(ids)),
        Mistake("bits instead of nats", "take the natural logarithm",
                lambda x, wte, ids: loss(x, wte, ids) / np.log(2)),
        Mistake("the perplexity", "that is exp of the loss",
                lambda x, wte, ids: np.exp(loss(x, wte, ids))),
        Mistake("the sign", "the loss is minus the logarithm",
                lambda x, wte, ids: -loss(x, wte, ids)),
        Mistake("the logarithm of the mean", "take the logarithm of each probability, then the "
                "mean", _mean_first),
        Mistake("softmax over the wrong axis", "the probabilities of one row sum to 1: the last "
                "axis, the one of the vocabulary", partial(_vary, axis=0)),
        Mistake("no softmax", "logits are not log-probabilities until they are normalised",
                _raw),
        Mistake("the embedding's rows normalised", "the head is wte, unchanged", _unit_rows),
    ),
)  # fmt: skip
