"""Calls of the core that append tokens to rows of a cache, in pieces so that Ctrl-C works."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.config import GPT2Config
from gpt2.engine import Logits
from gpt2.errors import OptionError
from gpt2.native.batch import Batch
from gpt2.native.cache import NativeCache, undone
from gpt2.native.library import LOGITS, check, core
from gpt2.native.trace import NativeTap

Floats = npt.NDArray[np.float32]

# The most tokens per call of the core: between calls Python can handle Ctrl-C.
PIECE = 256


class Calls:
    """The state of a `NativeEngine` for calls of the core: handle, configuration, optional tap."""

    handle: Any
    config: GPT2Config
    _tap: NativeTap | None

    def extend(
        self,
        cache: NativeCache,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None = None,
        logits: Logits = "last",
    ) -> Floats | None:
        """Append tokens to rows of the cache and return their logits; see `gpt2.engine.Engine`."""
        check_mode(logits, LOGITS)
        batch = Batch(cache, ids, rows)
        wanted = batch.count_logits(logits)
        out = np.empty((wanted, self.config.vocab_size), np.float32)
        at = out.ctypes.data
        step = self.config.vocab_size * out.itemsize

        def call(piece: Batch, mode: Logits, begin: int) -> int:
            return core().gpt2_extend(*self._call(piece, mode), at + begin * step)

        self._run(batch, logits, call)
        return None if logits == "none" else out

    def _call(self, batch: Batch, mode: Logits) -> tuple[Any, ...]:
        """The first arguments of an extend function."""
        places = [numbers.buffer_info()[0] for numbers in (batch.rows, batch.counts, batch.flat)]
        return self.handle, batch.cache.handle, len(batch.rows), *places, LOGITS[mode]

    def _run(self, batch: Batch, logits: Logits, call: Callable[[Batch, Logits, int], int]) -> None:
        """Run ``call(piece, mode, offset of its results)`` for the batch, or for its pieces.

        An interrupted run leaves the cache unchanged.
        """
        if len(batch.flat) <= PIECE or self._tap is not None:  # a tap must see the complete call
            self._check(call(batch, logits, 0))
            return
        check(core().gpt2_check(*self._call(batch, "none")[:-1]))
        done = 0
        with undone(batch.cache, batch):
            for i, (row, count) in enumerate(zip(batch.rows, batch.counts, strict=True)):
                for begin in range(0, count, PIECE):
                    end = min(begin + PIECE, count)
                    piece = batch.piece(row, batch.flat[done : done + end - begin])
                    mode: Logits = "none" if logits == "last" and end < count else logits
                    self._check(call(piece, mode, done if logits == "all" else i))
                    done += end - begin

    def _check(self, status: int) -> None:
        """Raise the error for a status; if a tap ended the call, the tap's own error."""
        if self._tap is not None and (error := self._tap.error()):
            raise error
        check(status)


def check_mode(logits: str, modes: Any) -> None:
    """Raise `OptionError` for an unknown mode."""
    if logits not in modes:
        raise OptionError(f"logits must be one of {', '.join(modes)}, found {logits!r}.")
