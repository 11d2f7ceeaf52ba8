"""Rows of a cache and their new tokens in the core's format: flat 32-bit integers."""

from __future__ import annotations

import operator
from array import array
from collections.abc import Iterator, Sequence
from ctypes import c_void_p
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.engine import Logits
from gpt2.errors import InputError

INT32 = np.iinfo(np.int32)


class Batch:
    """The new tokens of some rows of a cache.

    Raises `InputError` unless ``ids`` holds a sequence of integers for each of ``rows``; None means
    all rows of the cache.
    """

    __slots__ = ("cache", "counts", "flat", "rows")

    def __init__(self, cache: Any, ids: Any, rows: Sequence[int] | None) -> None:
        self.cache = cache
        self.rows = array("i", range(cache.rows)) if rows is None else integers(rows, "rows")
        if len(ids) != len(self.rows):
            raise InputError(
                f"{len(self.rows)} rows require as many sequences of ids, found {len(ids)}."
            )
        self.counts, self.flat = array("i"), array("i")
        for row in ids:
            new = integers(row, "token ids")
            self.counts.append(len(new))
            self.flat += new

    def piece(self, row: int, tokens: array[int]) -> Batch:
        """Some tokens of one row."""
        part = object.__new__(Batch)
        part.cache, part.rows = self.cache, array("i", [row])
        part.counts, part.flat = array("i", [len(tokens)]), tokens
        return part

    def slices(self, size: int) -> Iterator[Batch]:
        """The tokens in order, at most ``size`` at a time; a row may continue in the next slice."""
        rows, counts, begin, held = array("i"), array("i"), 0, 0
        for row, count in zip(self.rows, self.counts, strict=True):
            while count:
                take = min(count, size - held)
                rows.append(row)
                counts.append(take)
                count, held = count - take, held + take
                if held == size:
                    yield self._part(rows, counts, begin, held)
                    rows, counts, begin, held = array("i"), array("i"), begin + held, 0
        if held:
            yield self._part(rows, counts, begin, held)

    def _part(self, rows: array[int], counts: array[int], begin: int, size: int) -> Batch:
        part = object.__new__(Batch)
        part.cache, part.rows, part.counts = self.cache, rows, counts
        part.flat = self.flat[begin : begin + size]
        return part

    def count_logits(self, logits: Logits) -> int:
        """The number of rows of logits."""
        return {"none": 0, "last": len(self.rows), "all": len(self.flat)}[logits]


class Step:
    """One new token per row of a cache and the core's results, in reusable memory.

    This is the most frequent call in decoding; a `Batch` would create a dozen objects each time.
    """

    def __init__(self, cache: Any) -> None:
        rows = cache.rows
        self.cache = cache  # keeps the core's cache alive
        self.ids, self.tokens = array("i", bytes(4 * rows)), array("i", bytes(4 * rows))
        self.noise, self.values = array("d", bytes(8 * rows)), array("f", bytes(4 * rows))
        self.rows, self.counts = array("i", range(rows)), array("i", [1] * rows)
        self.places = [_place(numbers) for numbers in (self.rows, self.counts, self.ids)]
        self.noise_at, self.tokens_at = _place(self.noise), _place(self.tokens)
        self.values_at = _place(self.values)


def _place(numbers: array[Any]) -> c_void_p:
    return c_void_p(numbers.buffer_info()[0])


def whole_number(value: Any, what: str) -> int:
    """Convert to a 32-bit integer. Raises `InputError` for any other value."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise InputError(f"{what} must be an integer, found {value!r:.40}.")
    if not INT32.min <= number <= INT32.max:
        raise InputError(f"{what} must fit in 32 bits, found {number:.3e}.")
    return number


def integers(values: Any, what: str) -> array[int]:
    """Convert a sequence to 32-bit integers. Raises `InputError` for any other value."""
    if isinstance(values, list):
        try:
            return array("i", values)
        except (TypeError, OverflowError):
            pass  # reported below
    return array("i", whole_numbers(values, what).tobytes())


def whole_numbers(values: Any, what: str) -> npt.NDArray[np.int32]:
    """Convert a sequence to a flat int32 array. Raises `InputError` for any other value."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:  # a ragged list, a tensor on another device
        raise InputError(f"{what} must be integers: {error}") from None
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError(
            f"{what} must be a one-dimensional array of integers, found {array.dtype} of shape "
            f"{array.shape}."
        )
    if array.size and (array.max() > INT32.max or array.min() < INT32.min):
        raise InputError(f"{what} must fit in 32 bits, found {array.max()}.")
    return np.ascontiguousarray(array, np.int32)
