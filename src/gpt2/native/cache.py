"""`NativeCache`: the KV cache of the C++ core."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gpt2.errors import InputError
from gpt2.native.batch import Batch, whole_number, whole_numbers
from gpt2.native.library import check, core, freed_with

if TYPE_CHECKING:
    from gpt2.native.engine import NativeEngine


class NativeCache:
    """The keys and values of ``rows`` sequences; see `gpt2.engine.KVCache`."""

    def __init__(self, engine: NativeEngine, rows: int, capacity: int) -> None:
        handle = ctypes.c_void_p()
        check(core().gpt2_cache_new(engine.handle, rows, capacity, ctypes.byref(handle)))
        self.handle = handle
        self._engine = engine  # the core's cache must not outlive the core's engine
        self._rows, self._capacity = rows, capacity
        freed_with(self, core().gpt2_cache_free, handle)

    @property
    def rows(self) -> int:
        """The number of sequences."""
        return self._rows

    @property
    def capacity(self) -> int:
        """The number of tokens that fit in a row."""
        return self._capacity

    @property
    def lengths(self) -> list[int]:
        """The number of tokens in each row."""
        length = core().gpt2_cache_length
        return [length(self.handle, row) for row in range(self._rows)]

    @property
    def nbytes(self) -> int:
        """The size of the full cache in bytes."""
        return int(core().gpt2_cache_bytes(self.handle))

    def gather(self, sources: Sequence[int]) -> None:
        """Replace each row ``r`` by a copy of the previous row ``sources[r]``."""
        wanted = whole_numbers(sources, "sources")
        if len(wanted) != self._rows:
            raise InputError(f"gather requires {self._rows} sources, found {len(wanted)}.")
        check(core().gpt2_cache_gather(self.handle, wanted.ctypes.data))

    def copy(self, source: int, target: int, length: int) -> None:
        """Replace row ``target`` by a copy of the first ``length`` tokens of another row."""
        names = ("source", "target", "length")
        numbers = map(whole_number, (source, target, length), names)
        check(core().gpt2_cache_copy(self.handle, *numbers))

    def truncate(self, row: int, length: int) -> None:
        """Drop all but the first ``length`` tokens of a row."""
        row, length = whole_number(row, "row"), whole_number(length, "length")
        check(core().gpt2_cache_truncate(self.handle, row, length))


@contextmanager
def undone(cache: NativeCache, batch: Batch) -> Iterator[None]:
    """Restore the lengths of the batch's rows if the block is interrupted."""
    before = cache.lengths
    try:
        yield
    except BaseException:
        for row in batch.rows:
            cache.truncate(row, before[row])
        raise
