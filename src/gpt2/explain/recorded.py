"""Stores attention weights as bytes; for long texts only the largest weights of each row.

A byte b represents b / 255, so the error of a weight is at most 1 / 510. For a text longer than
`WHOLE` tokens, each row keeps its 8 largest weights with their positions, and the sum of the
others.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gpt2.errors import CorruptFileError
from gpt2.explain.passes import Array

WHOLE = 128  # maximum number of tokens for keeping all weights
LARGEST = 8  # weights kept per row of a longer text
ERROR = 1 / 510  # maximum error of a weight


def record(attention: Array) -> dict[str, Array]:
    """Store weights [..., T, T] as bytes.

    The result is ``attention``, uint8 of the same shape; or for a long text ``weights`` uint8 and
    ``positions`` int16, both [..., T, 8], largest first, and ``rest`` uint8 [..., T].
    """
    if attention.shape[-1] <= WHOLE:
        return {"attention": _bytes(attention)}
    positions = np.argsort(-attention, axis=-1, kind="stable")[..., :LARGEST]
    weights = np.take_along_axis(attention, positions, -1)
    rest = attention.sum(-1, dtype=np.float64) - weights.sum(-1, dtype=np.float64)
    return {
        "weights": _bytes(weights),
        "positions": positions.astype(np.int16),
        "rest": _bytes(rest),
    }


def restore(arrays: Mapping[str, Array]) -> Array:
    """Restore weights [..., T, T] float32 from `record`; weights it left out are 0.

    Raises `CorruptFileError` for arrays that do not belong to one record.
    """
    if "attention" in arrays:
        return _weights(arrays["attention"])
    try:
        weights, positions = _weights(arrays["weights"]), arrays["positions"].astype(np.intp)
    except KeyError as error:
        raise CorruptFileError(f"a record of attention lacks {error}.") from None
    T = weights.shape[-2]
    if positions.shape != weights.shape or positions.min() < 0 or positions.max() >= T:
        raise CorruptFileError("a record of attention contains positions that do not exist.")
    whole = np.zeros((*weights.shape[:-1], T), np.float32)
    np.put_along_axis(whole, positions, weights, -1)
    return whole


def _bytes(x: Array) -> Array:
    return np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)


def _weights(x: Array) -> Array:
    return x.astype(np.float32) / np.float32(255)
