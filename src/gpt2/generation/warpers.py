"""The logits warpers shape the sampling distribution: pure functions, one per option.

Each takes scores [R, V] and returns new ones with -inf for the dropped tokens; at least ``keep``
tokens stay in each row. They work on numpy arrays and torch tensors, as `processors` do.
"""

from __future__ import annotations

import math

import numpy as np

from gpt2.generation import arrays
from gpt2.generation.arrays import INF, Array


def temperature(scores: Array, t: float) -> Array:
    """Divide by t: 0 < t < 1 sharpens the distribution, t > 1 flattens it."""
    return scores / t


def top_k(scores: Array, k: int, keep: int = 1) -> Array:
    """Keep the k largest and ties with the last of them: Fan et al. 2018, arXiv 1805.04833."""
    k = min(max(k, keep), scores.shape[-1])
    return arrays.fill(scores, scores < arrays.kth_largest(scores, k), -INF)


def top_p(scores: Array, p: float, keep: int = 1) -> Array:
    """Keep the fewest most probable tokens with a mass of p: Holtzman et al. 2019, 1904.09751."""
    if isinstance(scores, np.ndarray):
        return np.stack([_top_p_row(row, p, keep) for row in scores])
    values, order = arrays.sort(scores)
    drop = arrays.cumsum(arrays.softmax(values)) <= 1 - p
    drop[:, -keep:] = False
    return arrays.fill(scores, arrays.put(drop, order, drop), -INF)


def _top_p_row(scores: Array, p: float, keep: int) -> Array:
    """One row, sorting only as many of the largest as necessary: [V] -> [V]."""
    if not np.isfinite(scores.max()):
        return scores  # an error is raised when a token is drawn
    open_ids = np.flatnonzero(scores > -INF)
    values = scores[open_ids]
    masses = arrays.weights(values)
    limit = (1 - p) * masses.sum()
    enough = max(64, keep)
    head = _largest(values, enough)
    while len(head) < len(values) and masses.sum() - masses[head].sum() > limit:
        enough *= 8
        head = _largest(values, enough)
    head = head[np.argsort(values[head], kind="stable")]  # ascending
    rest = masses.sum() - masses[head].sum()
    drop = rest + np.cumsum(masses[head]) <= limit
    drop[-keep:] = False
    kept = head[~drop]
    out = np.full_like(scores, -INF)
    out[open_ids[kept]] = values[kept]
    return out


def _largest(values: Array, n: int) -> Array:
    """The indices, ascending, of the n largest and of ties with the last of them."""
    if n >= len(values):
        return np.arange(len(values))
    return np.flatnonzero(values >= np.partition(values, -n)[-n])


def min_p(scores: Array, p: float, keep: int = 1) -> Array:
    """Drop tokens below p times the best token's probability: Nguyen et al. 2024."""
    numpy = isinstance(scores, np.ndarray)
    probabilities = arrays.weights(scores) if numpy else arrays.softmax(scores)
    drop = probabilities < p * arrays.row_max(probabilities)
    best = arrays.topk(probabilities, min(keep, scores.shape[-1]))[1]
    return arrays.fill(scores, arrays.put(drop, best, False), -INF)


def top_h(scores: Array, h: float) -> Array:
    """Of the 100 best, keep the first with a share h of their entropy: arXiv 2509.02510."""
    values, order = arrays.topk(scores, min(100, scores.shape[-1]))
    logs = arrays.log_softmax(values)
    masses = arrays.exp(logs)
    terms = -masses * arrays.where(masses > 0, logs, 0.0)
    keep = arrays.cumsum(terms) <= h * terms.sum(-1)[:, None]
    keep[:, 0] = True
    return arrays.put(arrays.full_like(scores, -INF), order, arrays.where(keep, values, -INF))


def typical_p(scores: Array, p: float, keep: int = 1) -> Array:
    """Keep the tokens whose surprise is nearest the entropy: Meister et al. 2022, 2202.00666."""
    logs = arrays.log_softmax(scores)
    masses = arrays.exp(logs)
    entropy = -arrays.total(masses * arrays.where(masses > 0, logs, 0.0))
    distances, order = arrays.sort(abs(-logs - entropy))
    reached = arrays.cumsum(arrays.take(masses, order)) < p
    last = reached.sum(-1)[:, None].clip(max=scores.shape[-1] - 1)
    drop = distances > arrays.take(distances, last)
    drop[:, :keep] = False
    return arrays.fill(scores, arrays.put(drop, order, drop), -INF)


def epsilon_cutoff(scores: Array, epsilon: float, keep: int = 1) -> Array:
    """Drop tokens with a probability below epsilon: Hewitt et al. 2022, arXiv 2210.15191."""
    return _drop_below(scores, epsilon, keep)


def eta_cutoff(scores: Array, epsilon: float, keep: int = 1) -> Array:
    """`epsilon_cutoff` at min(epsilon, sqrt(epsilon) exp(-entropy)): the same paper."""
    logs = arrays.log_softmax(scores)
    masses = arrays.exp(logs)
    entropy = -arrays.total(masses * arrays.where(masses > 0, logs, 0.0))
    return _drop_below(scores, (math.sqrt(epsilon) * arrays.exp(-entropy)).clip(max=epsilon), keep)


def _drop_below(scores: Array, least: Array | float, keep: int) -> Array:
    drop = arrays.softmax(scores) < least
    best = arrays.kth_largest(scores, min(keep, scores.shape[-1]))
    return arrays.fill(scores, drop & (scores < best), -INF)
