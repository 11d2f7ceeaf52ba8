"""Calibration data: statistics of the inputs of each matrix on a text."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.config import GPT2Config
from gpt2.errors import InputError, WeightError
from gpt2.native import NativeEngine
from gpt2.native.packing import Compensation

Floats = npt.NDArray[np.floating[Any]]

# Point of the forward pass -> the matrix whose input it is.
POINTS = {
    "ln_1": "attn.c_attn",
    "attn.heads": "attn.c_proj",
    "ln_2": "mlp.c_fc",
    "mlp.hidden": "mlp.c_proj",
}
DAMPING = 0.01  # relative to the inputs' mean square, as in Frantar et al. 2022, section 4
TRIES = 12  # each with ten times the previous damping
STRENGTH = 0.5  # how strongly input ranges are equalised: Xiao et al. 2023, section 4
MEMORY = 2**30  # bytes of products in memory at a time; a larger model takes several passes


@dataclasses.dataclass
class Inputs:
    """Statistics of the inputs X [count, inputs] of a matrix."""

    count: int
    products: Floats  # X^T X
    total: Floats  # the sum of the rows, [inputs]
    least: Floats  # [inputs]
    most: Floats

    @classmethod
    def of(cls, x: npt.NDArray[np.float32]) -> Inputs:
        """The statistics of some rows."""
        return cls(len(x), x.T @ x, x.sum(0, dtype=np.float64), x.min(0), x.max(0))

    def add(self, other: Inputs) -> None:
        """Add the statistics of further rows."""
        self.count += other.count
        self.products += other.products
        self.total += other.total
        self.least = np.minimum(self.least, other.least)
        self.most = np.maximum(self.most, other.most)

    def compensation(self) -> Compensation:
        """The compensation for `pack`. The most important inputs are rounded first, while others
        remain to compensate for them. Damping limits the influence of inputs that hardly vary, and
        grows if cancellation leaves only noise. Raises `WeightError` for NaN or infinite inputs."""
        order = np.argsort(-np.diag(self.products), kind="stable").astype(np.int32)
        sums = self.products[np.ix_(order, order)].astype(np.float64)
        mean = float(np.trace(sums)) / len(sums)
        damping = DAMPING * mean if mean > 0 else 1.0
        for _ in range(TRIES):
            sums[np.diag_indices_from(sums)] += damping
            factor = _inverse_factor(sums)
            if factor is not None:
                return Compensation(order, factor)
            damping *= 10
        raise WeightError(
            "on the calibration text, a matrix has inputs that are NaN, infinite or too large for "
            'fp32 to sum their squares: use rounding="search", which needs no text.'
        )

    def level(self) -> tuple[Inputs, Floats, Floats]:
        """The statistics of (x - mean) / scale, with mean and scale [inputs]: values of similar
        range around 0, which a row of 8-bit activations with a single scale represents best."""
        mean = self.total / self.count
        reach = np.maximum(self.most - mean, mean - self.least)
        if not reach.max() > 0:
            return self, np.zeros_like(mean), np.ones_like(mean)
        scale = np.maximum(reach, 1e-3 * reach.max()) ** STRENGTH
        scale /= np.exp(np.log(scale).mean())
        products = self.products - self.count * np.outer(mean, mean)
        level = Inputs(
            self.count,
            products / np.outer(scale, scale),
            np.zeros_like(mean),
            (self.least - mean) / scale,
            (self.most - mean) / scale,
        )
        return level, mean, scale


def _inverse_factor(sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float32] | None:
    """The factor L with L L^T equal to the inverse; None if there is none in fp32."""
    try:
        with np.errstate(all="ignore"):
            factor = np.linalg.cholesky(np.linalg.inv(sums)).astype(np.float32)
    except np.linalg.LinAlgError:
        return None
    return factor if np.isfinite(factor).all() and np.diag(factor).min() > 0 else None


class _EnoughError(Exception):
    """Ends a pass after the last layer of interest."""


def gather(
    engine: NativeEngine, ids: Sequence[int], progress: Callable[[int, int], None]
) -> Iterator[tuple[str, Inputs]]:
    """Yield each matrix's name in the checkpoint and the statistics of its inputs on the text.

    The text is read in windows of the context length, in as many passes as the memory limit for
    the products requires. Raises `InputError` for an empty text.
    """
    if not len(ids):
        raise InputError("the calibration text must have at least one token, found none.")
    size, layers = engine.config.n_positions, engine.config.n_layer
    for turn in turns(engine.config):
        inputs: dict[str, Inputs] = {}
        for begin in range(0, len(ids), size):
            window = ids[begin : begin + size]
            _see(engine, window, turn, inputs)
            done = (turn.start + len(turn) * min(1.0, (begin + size) / len(ids))) / layers
            progress(round(done * len(ids)), len(ids))
        yield from inputs.items()


def _see(engine: NativeEngine, ids: Sequence[int], turn: range, inputs: dict[str, Inputs]) -> None:
    """Run a window up to the layers of this pass and accumulate their matrices' inputs."""
    names = {f"h.{i}.{p}": f"transformer.h.{i}.{m}.weight" for i in turn for p, m in POINTS.items()}
    last = f"h.{turn[-1]}.mlp.hidden"

    def tap(name: str, x: npt.NDArray[np.float32]) -> None:
        heads = x.ndim == 4  # [1, H, T, d]
        rows = x[0].swapaxes(0, 1).reshape(x.shape[2], -1) if heads else x[0]
        new = Inputs.of(rows)
        if names[name] in inputs:
            inputs[names[name]].add(new)
        else:
            inputs[names[name]] = new
        if name == last:
            raise _EnoughError

    with engine.tapped(tap, names), contextlib.suppress(_EnoughError):
        engine.extend(engine.new_cache(1, len(ids)), [ids], logits="none")


def turns(config: GPT2Config) -> list[range]:
    """The layers of each pass, according to the memory of their products."""
    a_layer = 4 * (3 * config.n_embd**2 + config.inner**2)
    step = max(1, MEMORY // a_layer)
    return [range(i, min(i + step, config.n_layer)) for i in range(0, config.n_layer, step)]
