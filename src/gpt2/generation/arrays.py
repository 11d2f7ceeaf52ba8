"""The few array functions decoding needs, for numpy arrays and torch tensors alike.

Operations that both spell the same way (slices, comparisons, ``+``, ``.all(1)``) need no function.
torch is not imported for numpy arrays. V is the vocabulary size, R the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gpt2.generation import exponential

Array = Any  # a numpy array or a torch tensor
Processor = Callable[[Array, Array], Array]  # (ids [R, T], scores [R, V]) -> scores [R, V]
INF = float("inf")


def is_torch(x: Any) -> bool:
    """Whether ``x`` is a torch tensor, checked without importing torch."""
    return type(x).__module__.split(".")[0] == "torch" and hasattr(x, "detach")


def is_array(x: Any) -> bool:
    """Whether ``x`` is an array of either kind."""
    return isinstance(x, np.ndarray) or is_torch(x)


def integers(like: Array, values: Any) -> Array:
    """``values`` as 64-bit integers, with the array type and device of ``like``."""
    if isinstance(like, np.ndarray):
        return np.asarray(values, dtype=np.int64)
    return _torch(like).tensor(values, dtype=_torch(like).long, device=like.device)


def floats(like: Array, values: Any) -> Array:
    """``values`` with the dtype, array type and device of ``like``."""
    if isinstance(like, np.ndarray):
        return np.asarray(values, dtype=like.dtype)
    return _torch(like).as_tensor(values, dtype=like.dtype, device=like.device)


def booleans(like: Array, values: Any) -> Array:
    """``values`` as booleans, with the array type and device of ``like``."""
    return integers(like, values) != 0


def float32(x: Array) -> Array:
    """``x`` in float32; ``x`` itself if it already is."""
    return x.astype(np.float32, copy=False) if isinstance(x, np.ndarray) else x.float()


def full_like(x: Array, value: float) -> Array:
    """An array of ``x``'s shape filled with ``value``."""
    return np.full_like(x, value) if isinstance(x, np.ndarray) else _torch(x).full_like(x, value)


def copy(x: Array) -> Array:
    """A copy that may be written to."""
    return x.copy() if isinstance(x, np.ndarray) else x.clone()


def where(condition: Array, a: Any, b: Any) -> Array:
    """``a`` where the condition holds, else ``b``."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, a, b)
    return _torch(condition).where(condition, a, b)


def fill(x: Array, mask: Array, value: float) -> Array:
    """A copy of ``x`` with ``value`` where the mask holds."""
    if not isinstance(x, np.ndarray):
        return x.masked_fill(mask, value)
    out = x.copy()
    np.putmask(out, mask, value)
    return out


def argmax(x: Array) -> Array:
    """[R, V] -> [R]; the lowest index if several are equal."""
    return x.argmax(-1)


def row_max(x: Array) -> Array:
    """[R, V] -> [R, 1]."""
    return x.max(-1, keepdims=True) if isinstance(x, np.ndarray) else x.amax(-1, keepdim=True)


def softmax(x: Array) -> Array:
    """Over the last axis."""
    if not isinstance(x, np.ndarray):
        return x.softmax(-1)
    e = exponential.exp(x - x.max(-1, keepdims=True))
    return (e / _total(e)).astype(e.dtype)


def log_softmax(x: Array) -> Array:
    """Over the last axis."""
    if not isinstance(x, np.ndarray):
        return x.log_softmax(-1)
    shifted = x - x.max(-1, keepdims=True)
    return (shifted - exponential.log(_total(exponential.exp(shifted)))).astype(x.dtype)


def exp(x: Array) -> Array:
    """e to the power of x."""
    return exponential.exp(x) if isinstance(x, np.ndarray) else x.exp()


def weights(x: Array) -> Array:
    """exp(x - max x) over the last axis as integers, in units of 2^-30: int64.

    Integer sums are exact in any order, so all engines and machines get the same result.
    """
    return exponential.weights(x - row_max(x))


def total(x: Array) -> Array:
    """The sum over the last axis, [..., 1]; for numpy arrays, zeros in between never change it."""
    return _total(x).astype(x.dtype) if isinstance(x, np.ndarray) else x.sum(-1)[..., None]


def _total(x: Array) -> Array:
    """The sum over the last axis, added in order: [..., 1] in float64."""
    return np.cumsum(x, -1, dtype=np.float64)[..., -1:]


def isnan(x: Array) -> Array:
    """Whether each value is NaN."""
    return x != x


def isfinite(x: Array) -> Array:
    """Whether each value is neither NaN nor infinite."""
    return np.isfinite(x) if isinstance(x, np.ndarray) else x.isfinite()


def cumsum(x: Array) -> Array:
    """Running sums over the last axis."""
    return x.cumsum(-1)


def sort(x: Array) -> tuple[Array, Array]:
    """Ascending values and their indices; equal values keep their order."""
    if not isinstance(x, np.ndarray):
        return _torch(x).sort(x, stable=True)
    order = np.argsort(x, -1, kind="stable")
    return np.take_along_axis(x, order, -1), order


def topk(x: Array, k: int) -> tuple[Array, Array]:
    """The k largest values, descending, and their indices: each [R, k]."""
    if not isinstance(x, np.ndarray):
        return x.topk(k)
    head = np.argpartition(x, x.shape[-1] - k, -1)[:, -k:]
    head.sort(-1)  # so that equal values come in the order of their ids
    values = np.take_along_axis(x, head, -1)
    order = np.argsort(-values, -1, kind="stable")
    return np.take_along_axis(values, order, -1), np.take_along_axis(head, order, -1)


def kth_largest(x: Array, k: int) -> Array:
    """[R, V] -> [R, 1]."""
    if not isinstance(x, np.ndarray):
        return x.topk(k)[0][:, -1:]
    return x.max(-1, keepdims=True) if k == 1 else np.partition(x, -k, -1)[:, -k][:, None]


def take(x: Array, index: Array) -> Array:
    """x[r, index[r, j]]: [R, n]."""
    return np.take_along_axis(x, index, -1) if isinstance(x, np.ndarray) else x.gather(-1, index)


def put(x: Array, index: Array, values: Any) -> Array:
    """A copy of ``x`` with x[r, index[r, j]] = values[r, j], or the same value everywhere."""
    if not isinstance(x, np.ndarray):
        return x.scatter(-1, index, values)
    out = x.copy()
    np.put_along_axis(out, index, values, -1)
    return out


def beside(columns: list[Array]) -> Array:
    """Concatenate arrays [R, n] to one [R, sum of n]."""
    if isinstance(columns[0], np.ndarray):
        return np.concatenate(columns, 1)
    return _torch(columns[0]).cat(columns, 1)


def counts(ids: Array, like: Array) -> Array:
    """Count each id in a row: [R, n] -> [R, V], with the array type and dtype of ``like`` [R, V].

    Ids outside the vocabulary are ignored.
    """
    V = like.shape[-1]
    ids = inside(ids, V)
    if isinstance(ids, np.ndarray):
        rows = [np.bincount(row, minlength=V + 1)[:V] for row in ids]
        return np.stack(rows).astype(like.dtype)
    ones = (ids >= 0).to(like.dtype)
    return widen(full_like(like, 0.0)).scatter_add(-1, ids, ones)[:, :V]


def inside(ids: Array, V: int) -> Array:
    """The ids with V, which stands for no token, instead of those outside the vocabulary."""
    return where((ids >= 0) & (ids < V), ids, V)


def widen(x: Array) -> Array:
    """[R, V] -> [R, V + 1]: add a spare last column, for indices that stand for no token."""
    if not isinstance(x, np.ndarray):
        return _torch(x).nn.functional.pad(x, (0, 1))
    return np.concatenate([x, np.zeros((len(x), 1), x.dtype)], -1)


def ban(x: Array, index: Array) -> Array:
    """A copy of ``x`` with -inf at x[r, index[r, j]]; an index outside of x bans nothing."""
    V = x.shape[-1]
    return put(widen(x), inside(index, V), -INF)[:, :V]


def to_numpy(x: Any) -> Any:
    """Convert a tensor, an array or lists to a numpy array."""
    return x.detach().cpu().numpy() if is_torch(x) else np.asarray(x)


def _torch(x: Array) -> Any:
    import torch  # already loaded: ``x`` is a tensor

    return torch
