"""Choosing a token from scores: the most probable, or one drawn at random.

Without a seed the draws use the engine's global generator: torch's, with one
``torch.multinomial`` per step exactly as in transformers, or ``numpy.random``'s for numpy engines.

With a seed the noise is not a stream but a function: the uniform number u(seed, row, position) in
[0, 1) decides the token at that position of that row, whatever else is computed in the same call.
So a row has the same tokens alone and in a batch, and a drafted token is accepted exactly when it
is the one that would have been drawn. ``row`` counts the texts drawn for one prompt
(0 .. num_return_sequences - 1) and ``position`` the tokens before it, padding excluded; all
arithmetic is modulo 2^64:

    mix(z):  z += 0x9E3779B97F4A7C15                       SplitMix64: Steele, Lea and Flood 2014,
             z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9        "Fast splittable pseudorandom number
             z = (z ^ z >> 27) * 0x94D049BB133111EB        generators"
             return z ^ z >> 31
    u(seed, row, position) = (mix(mix(mix(seed) ^ row) ^ position) >> 11) * 2^-53

The token is the first id, in id order, whose running sum of weights exceeds u times the total. A
weight is exp(score - max score), both float32, in units of 2^-30: an integer, so that sums are
exact in any order and a token does not depend on how a machine adds (`exponential`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from gpt2.errors import InputError
from gpt2.generation import arrays
from gpt2.generation.arrays import INF, Array
from gpt2.randomness import MASK, mix

NONE = -1  # in place of a token if none can be chosen
AHEAD = 32  # positions whose noise is computed together


def uniform(seed: int, row: int, position: int) -> float:
    """The uniform number in [0, 1), a multiple of 2^-53, that decides one token."""
    return _number(_state(seed, row), position)


def _state(seed: int, row: int) -> int:
    return mix(mix(seed & MASK) ^ row)


def _number(state: int, position: int) -> float:
    return (mix(state ^ position) >> 11) * 2.0**-53


class Noise:
    """`uniform` for one seed and row, as a function of position; computed in blocks."""

    __slots__ = ("numbers", "start", "state")

    def __init__(self, seed: int, row: int) -> None:
        self.state = _state(seed, row)
        self.start, self.numbers = 0, list[float]()

    def __call__(self, position: int) -> float:
        """The number for the token with ``position`` tokens before it."""
        i = position - self.start
        if not 0 <= i < len(self.numbers):
            self.start, i = position, 0
            self.numbers = [_number(self.state, position + n) for n in range(AHEAD)]
        return self.numbers[i]


def from_global(count: int) -> list[float]:
    """``count`` numbers from numpy's global generator."""
    return np.random.random(count).tolist()


def check(tokens: list[int]) -> list[int]:
    """Return the chosen tokens of a step; raises `InputError` if one is `NONE`."""
    if NONE in tokens:
        refuse_undecided()
    return tokens


def refuse_undecided() -> NoReturn:
    """Raise `InputError`: no token can be chosen."""
    raise InputError(
        "no token is left to choose: the options exclude every token, or the model's logits are "
        "not finite because its weights or the precision it runs in overflow "
        "(remove_invalid_values=True continues anyway)."
    )


def greedy(scores: Array) -> Array:
    """The most probable token of each row; `NONE` if a score is NaN, which counts as largest."""
    best = arrays.argmax(scores)
    return arrays.where(arrays.isnan(arrays.take(scores, best[:, None])[:, 0]), NONE, best)


def likeliest(top: tuple[Array, Array]) -> list[int]:
    """The tokens with the largest logits, from an engine's `extend_top` with k = 1."""
    tokens, logits = top
    if arrays.isnan(logits).any():
        refuse_undecided()
    return tokens[:, 0].tolist()


def draw(scores: Array, noise: Sequence[float] | None) -> Array:
    """Draw each row's token with its number of ``noise``; None uses the global generator."""
    if noise is None and isinstance(scores, np.ndarray):
        noise = from_global(len(scores))
    if noise is not None:
        return pick(scores, noise)
    probabilities = arrays.softmax(scores)
    bad = arrays.isnan(probabilities).any(-1)  # reported later: reading it now would block
    tokens = arrays.fill(probabilities, bad[:, None], 1.0).multinomial(1)[:, 0]
    return arrays.where(bad, NONE, tokens)


def pick(scores: Array, u: Sequence[float] | Any) -> Array:
    """The token of each row at which the running sum of probabilities passes u: [R, V] -> [R]."""
    if isinstance(scores, np.ndarray):
        tokens = [_pick_row(row, share) for row, share in zip(scores, u, strict=True)]
        return np.asarray(tokens, dtype=np.int64)
    sums = arrays.cumsum(arrays.weights(scores)).double()
    whole = sums[:, -1:]
    tokens = (sums <= arrays.floats(sums, list(u))[:, None] * whole).sum(-1)
    return arrays.where(arrays.isfinite(arrays.row_max(scores)[:, 0]), tokens, NONE)


def _pick_row(scores: Array, u: float) -> int:
    best = scores.max()
    if not np.isfinite(best):
        refuse_undecided()
    ids = np.flatnonzero(scores > -INF)
    sums = np.cumsum(arrays.weights(scores[ids])).astype(np.float64)
    return int(ids[np.searchsorted(sums, u * sums[-1], side="right")])


def several(scores: Array, n: int, seeds: Sequence[int] | None, positions: Sequence[int]) -> Array:
    """Draw n different tokens per row, one after the other without replacement: [R, n].

    For beams. With seeds, the draws of a row are u(seed, draw, position).
    """
    if seeds is not None:
        pairs = zip(seeds, positions, strict=True)
        noise: Any = [[uniform(seed, draw, at) for draw in range(n)] for seed, at in pairs]
    elif isinstance(scores, np.ndarray):
        noise = np.random.random((len(scores), n))
    else:
        probabilities = arrays.softmax(scores)
        if arrays.isnan(probabilities).any():
            refuse_undecided()
        return probabilities.multinomial(n)
    rows = arrays.to_numpy(scores).astype(np.float64)
    out = np.empty((len(rows), n), dtype=np.int64)
    for row, shares, tokens in zip(rows, noise, out, strict=True):
        for draw, share in enumerate(shares):
            tokens[draw] = _pick_row(row, share)
            row[tokens[draw]] = -INF
    return arrays.integers(scores, out)
