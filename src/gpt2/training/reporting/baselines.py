"""Baselines for a loss: a uniform guess, token frequencies, and frequencies of token pairs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable

import numpy as np

from gpt2.errors import InputError
from gpt2.training.inputs.batches import IGNORED, Batch

PRIORS = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0)
MOST = 20_000_000  # tokens to count: enough for pairs, and it takes seconds rather than minutes


@dataclasses.dataclass(frozen=True)
class Baselines:
    """Held-out losses in nats per token of models that only count tokens of the training text.

    Attributes:
        uniform: ln V, every token equally likely.
        unigram: from the count of each token, plus one so that no token is impossible.
        bigram: from the counts of token pairs, p(b|a) = (c(ab) + m p(b)) / (c(a) + m) (a Dirichlet
            prior, MacKay and Peto 1995). m is the best of `PRIORS` on the held-out text itself,
            which flatters this baseline a little.
        tokens: the number of training tokens that were counted.
    """

    uniform: float
    unigram: float
    bigram: float
    tokens: int


def count_baselines(
    train: Iterable[Batch], validation: Iterable[Batch], vocab_size: int, most: int = MOST
) -> Baselines:
    """Count the training batches in one pass, keeping only pairs that occur in the held-out text.

    Positions that the loss ignores do not count. At most about ``most`` tokens of each text are
    used. Raises `InputError` if the held-out text has no tokens.
    """
    held = [_pairs(batch) for batch in _until(validation, most)]
    before, after = (np.concatenate(part) for part in zip(*held, strict=True)) if held else ((), ())
    if not len(after):
        raise InputError(
            "the validation text has no unmasked tokens, so there is nothing to compare."
        )
    wanted, which = np.unique(before * vocab_size + after, return_inverse=True)
    pair_counts = np.zeros(len(wanted), np.int64)
    first_counts = np.zeros(vocab_size, np.int64)
    counts = np.zeros(vocab_size, np.int64)
    for batch in _until(train, most):
        a, b = _pairs(batch)
        counts += np.bincount(b, minlength=vocab_size)
        first_counts += np.bincount(a, minlength=vocab_size)
        code = a * vocab_size + b
        at = np.minimum(np.searchsorted(wanted, code), len(wanted) - 1)
        pair_counts += np.bincount(at[wanted[at] == code], minlength=len(wanted))
    p = (counts + 1) / (counts.sum() + vocab_size)  # [V]
    c_ab, c_a = pair_counts[which], first_counts[before]
    bigram = min(
        float(-np.log((c_ab + prior * p[after]) / (c_a + prior)).mean()) for prior in PRIORS
    )
    unigram = float(-np.log(p[after]).mean())
    return Baselines(math.log(vocab_size), unigram, min(bigram, unigram), int(counts.sum()))


def _pairs(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """The previous token and the token at each unmasked position."""
    counts = batch.labels != IGNORED
    return batch.inputs[counts], batch.labels[counts]


def _until(batches: Iterable[Batch], most: int) -> Iterable[Batch]:
    done = 0
    for batch in batches:
        if done >= most:
            return
        done += batch.counted
        yield batch
