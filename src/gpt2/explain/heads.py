"""Classifies heads by where they attend, and makes thumbnails of attention maps.

It computes the same as explain/web/heads.js does in a page, from a layer's weights [H, T, T].
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gpt2.explain.passes import Array, Looking

Floats = npt.NDArray[np.float32]
LENGTH = 24  # tokens of the sequence that is repeated for the induction score
THUMB = 24  # maximum side of a thumbnail


def looks(pattern: Array) -> dict[str, Floats]:
    """Mean weight on the previous and on the first token, over tokens from the third on: [H]."""
    H, T, _ = pattern.shape
    if T <= 2:
        return {name: np.full(H, np.nan, np.float32) for name in ("previous", "first")}
    before = np.diagonal(pattern, -1, axis1=1, axis2=2)[:, 1:]
    return {"previous": _mean(before), "first": _mean(pattern[:, 2:, 0])}


def induction(looking: Looking) -> Floats:
    """Mean weight, in a repeated sequence, on the token after the first occurrence of the current
    token: [L, H]."""
    ids = twice(looking.config.vocab_size, looking.config.n_positions)
    n, name = len(ids) // 2, "h.*.attn.pattern"

    def score(_: str, pattern: Array) -> Floats:
        return _mean(np.diagonal(pattern, 1 - n, axis1=1, axis2=2)[:, 1:n])

    seen = looking.run(ids, instead={name: score})
    return np.stack([seen.points[f"h.{i}.attn.pattern"] for i in range(looking.config.n_layer)])


def twice(vocabulary: int, positions: int) -> list[int]:
    """A fixed sequence of distinct tokens, repeated once."""
    n = min(LENGTH, vocabulary // 2, positions // 2)
    step = vocabulary // n
    once = [(i * 7 % n) * step + step // 2 for i in range(n)]
    return [*once, *once]


def thumbnails(pattern: Array) -> npt.NDArray[np.uint8]:
    """Maps of at most `THUMB` x `THUMB`: the largest weight in each square, in 255ths."""
    T = pattern.shape[-1]
    n = min(T, THUMB)
    starts = [-(-i * T // n) for i in range(n)]
    small = np.maximum.reduceat(np.maximum.reduceat(pattern, starts, axis=1), starts, axis=2)
    return np.rint(small * 255).astype(np.uint8)


def _mean(x: Array) -> Floats:
    return x.mean(-1, dtype=np.float64).astype(np.float32)
