"""Chapter 2: the input of the first layer is the sum of two table rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gpt2.learn.exercise import Exercise, Mistake, normal
from gpt2.reference import Array


def embed(ids: list[int], wte: Array, wpe: Array) -> Array:
    """The vectors that enter the first layer: an array [T, D] with a row for each id.

    ids is a list of T ints. wte [V, D] has a row for each token of the vocabulary, and
    wpe [context, D] a row for each position, starting with position 0.
    """
    return wte[ids] + wpe[: len(ids)]


def _concatenate(ids: list[int], wte: Array, wpe: Array) -> Array:
    return np.concatenate([wte[ids], wpe[: len(ids)]], 1)


def _by_token(ids: list[int], wte: Array, wpe: Array) -> Array:
    return wte[ids] + wpe[ids]


def _from_one(ids: list[int], wte: Array, wpe: Array) -> Array:
    return wte[ids] + wpe[1 : len(ids) + 1]


def _scale(ids: list[int], wte: Array, wpe: Array) -> Array:
    return embed(ids, wte * np.sqrt(wte.shape[1]), wpe)


def _waves(ids: list[int], wte: Array, wpe: Array) -> Array:
    places, pairs = np.arange(len(ids))[:, None], np.arange(wte.shape[1]) // 2
    angles = places / 10000 ** (2 * pairs / wte.shape[1])
    return wte[ids] + np.where(np.arange(wte.shape[1]) % 2, np.cos(angles), np.sin(angles))


def _cases() -> Iterator[tuple[Any, ...]]:
    for seed, ids in enumerate(([4, 0, 4, 2], [1], [6, 5, 4, 3, 2, 1])):
        yield ids, normal(seed, 7, 8), normal(seed, 9, 8)


EXERCISE = Exercise(
    2, "Two tables, added", embed, _cases,
    (
        Mistake("concatenated positions", "the two rows are added, so the width stays D: nothing "
                "in GPT-2 is as wide as 2 D", _concatenate),
        Mistake("no positions", "without wpe, the same words in another order give the same rows",
                lambda ids, wte, wpe: wte[ids]),
        Mistake("positions by token", "row t of wpe belongs to position t, whatever token is "
                "there", _by_token),
        Mistake("positions from 1", "the first position is 0", _from_one),
        Mistake("the embedding scaled by sqrt(D)", "that is the Transformer of 2017; GPT-2 uses "
                "the row unchanged", _scale),
        Mistake("sine positions", "that is the Transformer of 2017; GPT-2 learned its positions, "
                "and they are in wpe", _waves),
    ),
)  # fmt: skip
