"""The logit lens: the model's prediction if it stopped after each attention and each MLP.

ln_f uses the mean and scale of each state, never those of the last state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gpt2.explain.passes import Array, Looking, Pass

PIECE = 64  # rows whose logits are in memory at a time
POINTS = ("embed", "h.*.attn", "h.*")  # the points that `stream` needs


@dataclass(frozen=True)
class Lens:
    """The most probable tokens at each of the S = 2 L + 1 states of the residual stream.

    The states are: after the embeddings, then after the attention and after the MLP of each layer.
    """

    ids: npt.NDArray[np.int32]  # [S, T, k] the most probable, best first
    logprobs: npt.NDArray[np.float32]  # [S, T, k] natural logarithms
    rank: npt.NDArray[np.int32]  # [S, T] of the last state's most probable token; 0 is the top


def stream(seen: Pass, layers: int) -> Array:
    """The residual stream [2 L + 1, T, D] of a pass that has `POINTS`."""
    return stream_at(seen, layers, slice(None))


def stream_at(seen: Pass, layers: int, rows: int | slice) -> Array:
    """The same for some rows; for a single row, [2 L + 1, D]."""
    states = [seen.points["embed"][rows]]
    for layer in range(layers):
        states.append(states[-1] + seen.points[f"h.{layer}.attn"][rows])
        states.append(seen.points[f"h.{layer}"][rows])
    return np.stack(states)


def lens(model: Looking, states: Array, k: int) -> Lens:
    """The predictions at each state; ``states`` is [S, T, D]."""
    S, T, _ = states.shape
    k = min(k, model.config.vocab_size)
    ids, logprobs = np.empty((S, T, k), np.int32), np.empty((S, T, k), np.float32)
    rank = np.empty((S, T), np.int32)
    for begin in range(0, T, PIECE):
        rows = slice(begin, begin + PIECE)
        last = model.head(states[-1, rows]).argmax(-1)[:, None]
        for state in range(S):
            logits = model.head(states[state, rows])  # [rows, V]
            best = np.argpartition(-logits, k - 1, axis=-1)[:, :k]
            values = np.take_along_axis(logits, best, -1)
            order = np.lexsort((best, -values), axis=-1)
            ids[state, rows] = np.take_along_axis(best, order, -1)
            values = np.take_along_axis(values, order, -1)
            logprobs[state, rows] = values - log_sum(logits)[:, None]
            rank[state, rows] = (logits > np.take_along_axis(logits, last, -1)).sum(-1)
    return Lens(ids, logprobs, rank)


def log_sum(logits: Array) -> npt.NDArray[np.float64]:
    """The logarithm of the sum of exp(logits) over the last axis."""
    best = logits.max(-1, keepdims=True)
    sums = np.exp(logits.astype(np.float64) - best).sum(-1)
    return best[..., 0] + np.log(sums)
