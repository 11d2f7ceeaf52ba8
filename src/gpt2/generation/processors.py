"""The logits processors: pure functions, one per option, applied before a token is chosen.

Each takes ids [R, T] (padding included, as in transformers), scores [R, V] and its own settings,
and returns new scores; the input is never modified. Each works on numpy arrays and on torch
tensors, without leaving the device. `gpt2.generation.pipeline` defines their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gpt2.errors import InputError
from gpt2.generation import arrays
from gpt2.generation.arrays import INF, Array


def sequence_bias(ids: Array, scores: Array, *, biases: Mapping[tuple[int, ...], float]) -> Array:
    """Add a bias to the last id of each sequence if the row ends with the ids before it."""
    out = arrays.copy(scores)
    single = {tokens[0]: bias for tokens, bias in biases.items() if len(tokens) == 1}
    if single:
        out[:, list(single)] += arrays.floats(scores, list(single.values()))
    for tokens, bias in biases.items():
        *prefix, last = tokens
        if 0 < len(prefix) <= ids.shape[1]:  # [R]: whether the prefix ends the row
            hit = (ids[:, -len(prefix) :] == arrays.integers(ids, prefix)).all(1)
            out[:, last] += arrays.where(hit, bias, 0.0)
    return out


def repetition_penalty(
    ids: Array, scores: Array, *, penalty: float, starts: Sequence[int] | None = None
) -> Array:
    """Divide positive and multiply negative scores of ids in the text: CTRL, section 4.1.

    Keskar et al. 2019, arXiv 1909.05858. ``starts[r]`` is where row ``r``'s padding ends.
    """
    V = scores.shape[1]
    # ids outside the vocabulary and padding become V, an extra column that is cut off at the end
    ids = arrays.inside(ids, V)
    if starts is not None and any(starts):
        places = arrays.integers(ids, np.arange(ids.shape[1]))
        first = arrays.integers(ids, list(starts))[:, None]
        ids = arrays.where(places[None] < first, V, ids)
    wide = arrays.widen(scores)
    old = arrays.take(wide, ids)  # [R, T]
    # a logit may be negative: dividing it would make the token likelier
    new = arrays.where(old < 0, old * penalty, old / penalty)
    return arrays.put(wide, ids, new)[:, :V]


def penalize_generated(
    ids: Array, scores: Array, *, start: int, presence: float, frequency: float
) -> Array:
    """Subtract ``presence`` once, and ``frequency`` per occurrence, for ids from ``start`` on.

    OpenAI's two penalties: the prompt does not count.
    """
    if ids.shape[1] <= start:
        return scores
    counts = arrays.counts(ids[:, start:], scores)
    return scores - (frequency * counts + presence * counts.clip(max=1))


def no_repeat_ngram(ids: Array, scores: Array, *, size: int) -> Array:
    """Forbid tokens that would repeat an earlier run of ``size`` tokens."""
    T, V = ids.shape[1], scores.shape[1]
    runs = T - size + 1
    if runs < 1:
        return scores
    # [R, runs]: do the size - 1 tokens from here equal those at the end of the row?
    seen = ids[:, size - 1 :] >= 0
    for j in range(size - 1):
        seen = seen & (ids[:, j : j + runs] == ids[:, runs + j : runs + j + 1])
    # the token that followed the matching run; V if there is none, which bans nothing
    return arrays.ban(scores, arrays.where(seen, ids[:, size - 1 :], V))


def forbid(ids: Array, scores: Array, *, tokens: Sequence[int]) -> Array:
    """Set the score of these ids to -inf."""
    out = arrays.copy(scores)
    out[:, list(tokens)] = -INF
    return out


def forbid_below(ids: Array, scores: Array, *, tokens: Sequence[int], length: int) -> Array:
    """`forbid` as long as there are fewer than ``length`` ids: min_length, min_new_tokens."""
    return forbid(ids, scores, tokens=tokens) if ids.shape[1] < length else scores


def forbid_at(ids: Array, scores: Array, *, tokens: Sequence[int], length: int) -> Array:
    """`forbid` when there are exactly ``length`` ids: begin_suppress_tokens."""
    return forbid(ids, scores, tokens=tokens) if ids.shape[1] == length else scores


def force_at(ids: Array, scores: Array, *, tokens: Sequence[int], length: int) -> Array:
    """Allow only these ids when there are exactly ``length``: forced_bos, forced_eos."""
    if ids.shape[1] != length:
        return scores
    out = arrays.full_like(scores, -INF)
    out[:, list(tokens)] = 0  # all equal, whatever the model's scores were
    return out


def allow_only(
    ids: Array, scores: Array, *, allowed: Callable[[int, Array], Any], beams: int
) -> Array:
    """Allow only the ids that the user's prefix_allowed_tokens_fn(prompt, ids) returns.

    If earlier processors forbade all of them, for every beam of a prompt, they are forced instead.
    """
    mask = arrays.full_like(scores, -INF)  # [R, V]: 0 where allowed
    for row in range(len(ids)):
        tokens = list(allowed(row // beams, ids[row]))
        if not tokens:
            raise InputError(f"prefix_allowed_tokens_fn allows no token for prompt {row // beams}.")
        for token in (min(tokens), max(tokens)):  # checking the extremes checks all
            if not 0 <= token < scores.shape[1]:
                raise InputError(
                    f"prefix_allowed_tokens_fn allows the token id {int(token)}; the model has "
                    f"the ids 0 to {scores.shape[1] - 1}."
                )
        mask[row, tokens] = 0
    masked = scores + mask
    nothing = (arrays.row_max(masked) == -INF).reshape(-1, beams).all(1)  # [prompts]
    rows = arrays.integers(ids, np.arange(len(ids)) // beams)
    return arrays.where(nothing[rows][:, None], mask, masked)


def end_sooner(
    ids: Array, scores: Array, *, tokens: Sequence[int], start: int, factor: float
) -> Array:
    """Raise the scores of the ending ids by their magnitude times factor^(steps past start) - 1."""
    steps = ids.shape[1] - start  # exponential_decay_length_penalty, from its start on
    if steps <= 0:
        return scores
    out = arrays.copy(scores)
    ends = scores[:, list(tokens)]
    largest = float(np.finfo(np.float32).max)
    with np.errstate(over="ignore", invalid="ignore"):  # finite scores stay finite
        growth = float((np.float64(factor) ** steps - 1).clip(-largest, largest))
        raised = ends + abs(ends) * growth  # the magnitude: a negative score rises too
    raised = raised.clip(-largest, largest)
    out[:, list(tokens)] = arrays.where(arrays.isfinite(ends), raised, ends)
    return out


def remove_invalid(ids: Array, scores: Array) -> Array:
    """Replace NaN by 0, and infinities by the largest and smallest float32."""
    largest = float(np.finfo(np.float32).max)
    out = arrays.fill(scores, scores != scores, 0.0)  # only NaN differs from itself
    return arrays.fill(arrays.fill(out, scores == INF, largest), scores == -INF, -largest)


def renormalize(ids: Array, scores: Array) -> Array:
    """Convert logits to log-probabilities."""
    return arrays.log_softmax(scores)
