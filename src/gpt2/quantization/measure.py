"""Measure the loss of a quantization: the same text on the original and the quantized model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.engine import Engine
from gpt2.errors import InputError, WeightError
from gpt2.figures import perplexity_of

Floats = npt.NDArray[np.float64]
WHOSE = ("the original", "the quantised model")
PIECE = 64  # positions whose distributions are in memory at a time: 13 MB for 50,257 tokens


@dataclasses.dataclass
class Fidelity:
    """How close a model is to its original on a text.

    The text is split into consecutive ``windows`` of at most ``window`` tokens. Each starts without
    a context, and all its tokens but the first are predicted: ``tokens`` in total.
    """

    tokens: int
    windows: int
    window: int
    perplexity_before: float  # of the original, per token
    perplexity: float
    kl_mean: float  # D(original || quantised) of the next token's distribution, in nats
    kl_99: float  # the 99th percentile over positions
    agreement: float  # the share of positions with the same most probable token

    def to_dict(self) -> dict[str, float]:
        """The metrics for JSON, rounded to significant digits."""
        fields = dataclasses.asdict(self)
        return {n: float(f"{v:.6g}") if isinstance(v, float) else v for n, v in fields.items()}


def measure(
    original: Engine,
    quantised: Engine,
    ids: Sequence[int],
    *,
    window: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Fidelity:
    """Compare two engines with the same vocabulary on ``ids``.

    ``window`` None means the context length; ``progress`` is called with the number of tokens done.
    Raises `InputError` for a text of fewer than two tokens, `WeightError` for NaN or infinite
    logits.
    """
    size = min(window or original.config.n_positions, original.config.n_positions)
    rows = windows(ids, size)
    parts: list[Floats] = []
    done = 0
    for row in rows:
        for result in _of_window(original, quantised, row):
            parts.append(result)
            done += result.shape[1]
            progress(done)
    before, after, kl, same = np.concatenate(parts, axis=1)
    return Fidelity(
        tokens=len(kl),
        windows=len(rows),
        window=size,
        perplexity_before=perplexity_of(float(before.mean())),
        perplexity=perplexity_of(float(after.mean())),
        kl_mean=float(kl.mean()),
        kl_99=float(np.quantile(kl, 0.99)),
        agreement=float(same.mean()),
    )


def windows(ids: Sequence[int], size: int) -> list[Sequence[int]]:
    """Split the text into windows of at most ``size`` tokens, dropping one of a single token.
    Raises `InputError` if none is left."""
    cut = [ids[i : i + size] for i in range(0, len(ids), size)]
    rows = [row for row in cut if len(row) > 1]
    if not rows:
        raise InputError(f"the evaluation text must have at least 2 tokens, found {len(ids)}.")
    return rows


def _of_window(original: Engine, quantised: Engine, row: Sequence[int]) -> Any:
    """For each piece of a window, yield [4, positions]: loss before, loss after, KL divergence, and
    whether the most probable tokens are the same."""
    caches = [engine.new_cache(1, len(row)) for engine in (original, quantised)]
    for begin in range(0, len(row) - 1, PIECE):
        piece = np.asarray(row[begin : begin + PIECE], np.int32)
        targets = np.asarray(row[begin + 1 : begin + 1 + PIECE], np.int64)
        at = np.arange(len(targets)), targets
        logits = [
            _finite(engine.extend(cache, [piece], logits="all"), whose)[: len(targets)]
            for engine, cache, whose in zip((original, quantised), caches, WHOSE, strict=True)
        ]
        (x, x_sum, x_log), (y, _, y_log) = (_softmax(part) for part in logits)
        # D(p || q) = sum p (x - y) - (log sum exp x - log sum exp y) avoids cancellation
        kl = (np.exp(x) * (x - y)).sum(1, dtype=np.float64) / x_sum - (x_log - y_log)
        same = x.argmax(1) == y.argmax(1)
        yield np.stack([x_log - x[at], y_log - y[at], kl, same])


def _finite(logits: Any, whose: str) -> npt.NDArray[np.float32]:
    values = np.asarray(logits, np.float32)
    if not np.isfinite(values).all():
        raise WeightError(
            f"{whose} gives NaN or infinite logits on the evaluation text: its weights are too "
            "large for fp32."
        )
    return values


def _softmax(logits: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], Floats, Floats]:
    """The logits minus their maximum, the sum of their exponentials and its logarithm."""
    x = logits - logits.max(1, keepdims=True)
    total = np.exp(x).sum(1, dtype=np.float64)
    return x, total, np.log(total)
