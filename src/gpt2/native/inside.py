"""Introspection of `NativeEngine`: taps, ablations, the output head, single weights."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.checkpoint.names import MATRICES, expected_shapes
from gpt2.errors import InputError, OptionError
from gpt2.native.batch import whole_number
from gpt2.native.calls import Calls
from gpt2.native.library import check, core
from gpt2.native.trace import NativeTap, Tap, omissions, omissions_struct, together

Floats = npt.NDArray[np.float32]


class Inside(Calls):
    """The part of `NativeEngine` that exposes the internals of a forward pass."""

    _omitted: dict[str, Any] | None

    def head(self, hidden: npt.ArrayLike) -> Floats:
        """The logits [..., vocab_size] of rows of the residual stream [..., n_embd].

        Applies the final layer norm and the output head; for a row after the last layer, the result
        is bit-identical to `extend`. Raises `InputError` for rows of another width.
        """
        rows = np.ascontiguousarray(hidden, np.float32)
        if rows.ndim < 1 or rows.shape[-1] != self.config.n_embd:
            wanted = f"[..., {self.config.n_embd}]"
            raise InputError(f"hidden must have the shape {wanted}, found {list(rows.shape)}.")
        logits = np.empty((*rows.shape[:-1], self.config.vocab_size), np.float32)
        count = rows.size // self.config.n_embd
        if count:
            check(core().gpt2_head(self.handle, count, rows.ctypes.data, logits.ctypes.data))
        return logits

    def weight(self, name: str) -> Floats:
        """A tensor with the values that the engine multiplies by, in the checkpoint's shape.

        Raises `OptionError` for an unknown name.
        """
        shapes = expected_shapes(self.config)
        if name not in shapes:
            raise OptionError(f"this model has no tensor {name!r}.")
        shape = shapes[name]
        turned = name.endswith(MATRICES)
        rows = shape[::-1] if turned else shape
        numbers = np.empty(rows, np.float32)
        count = rows[0] if len(rows) > 1 else 1
        to = numbers.ctypes.data
        check(core().gpt2_engine_rows(self.handle, name.encode(), 0, count, to))
        return np.ascontiguousarray(numbers.T) if turned else numbers

    def rows(self, name: str, numbers: Sequence[int]) -> Floats:
        """Some rows [n, n_embd] of a tensor with one row per token or position, such as wte.

        Raises `OptionError` for another tensor, `InputError` for a row that does not exist.
        """
        shape = expected_shapes(self.config).get(name, ())
        if len(shape) != 2 or name.endswith(MATRICES):
            raise OptionError(f"{name!r} has no rows for tokens or positions.")
        chosen = np.empty((len(numbers), shape[1]), np.float32)
        for row, number in zip(chosen, numbers, strict=True):
            to = row.ctypes.data
            first = whole_number(number, "a row")
            check(core().gpt2_engine_rows(self.handle, name.encode(), first, 1, to))
        return chosen

    def intervals(self, logits: Floats, tokens: Sequence[int]) -> list[tuple[int, int]]:
        """The interval [begin, end) in [0, 2^30) of each of ``tokens`` under its logits [n, V].

        An interval's length is proportional to the token's probability, and at least 1. Equal
        logits, as int8 gives on every CPU, give equal intervals. Raises `InputError` for NaN or
        infinite logits.
        """
        rows = np.ascontiguousarray(logits, np.float32)
        ids = np.asarray(tokens, np.int32)
        if rows.shape != (len(ids), self.config.vocab_size):
            wanted = [len(ids), self.config.vocab_size]
            raise InputError(f"logits must have the shape {wanted}, found {list(rows.shape)}.")
        ends = np.empty((2, len(ids)), np.int32)
        places = rows.ctypes.data, ids.ctypes.data, ends[0].ctypes.data, ends[1].ctypes.data
        check(core().gpt2_interval_of(self.handle, len(ids), *places))
        return list(zip(*ends.tolist(), strict=True))

    def interval_at(self, logits: Floats, point: int) -> tuple[int, int, int]:
        """The token whose interval under logits [V] contains a point, and its [begin, end)."""
        row = np.ascontiguousarray(logits, np.float32).reshape(self.config.vocab_size)
        interval = np.empty(3, np.int32)
        point = whole_number(point, "point")
        places = (interval.ctypes.data + 4 * i for i in range(3))
        check(core().gpt2_interval_at(self.handle, row.ctypes.data, point, *places))
        token, begin, end = interval.tolist()
        return token, begin, end

    @contextmanager
    def tapped(self, tap: Tap, points: Collection[str] | None = None) -> Iterator[None]:
        """In the block, pass the value of every named point through ``tap``.

        Args:
            tap: called with a name and a float32 array, which it may keep. Its result replaces the
                value; None leaves it unchanged. An error it raises ends the call and leaves the
                cache unchanged. It must not call this engine.
            points: only these, by name ("h.0.attn.pattern") or for all layers
                ("h.*.attn.pattern"); None means all. `gpt2.points.POINTS` lists them.
        """
        before, new = self._tap, NativeTap(tap, points, self.config.n_layer)
        check(core().gpt2_engine_tap(self.handle, new.callback, None))
        self._tap = new
        try:
            with new.interruptible():
                yield
        finally:
            callback = before.callback if before else None
            check(core().gpt2_engine_tap(self.handle, callback, None))
            self._tap = before

    @contextmanager
    def ablate(
        self,
        *,
        heads: Iterable[tuple[int, int]] = (),
        attention: Iterable[int] = (),
        mlps: Iterable[int] = (),
        positions: Iterable[int] = (),
        position_embeddings: bool = False,
    ) -> Iterator[None]:
        """In the block, ablate parts of the model, in addition to those already ablated.

        Args:
            heads: (layer, head) pairs whose output is set to zero.
            attention, mlps: layers in which that block adds nothing to the residual stream.
            positions: positions of the context that later tokens cannot attend to.
            position_embeddings: True leaves out the position embeddings.

        Raises:
            InputError: a layer, head or position that this model does not have.
        """
        before = self._omitted
        new = omissions(self.config, heads, attention, mlps, positions, position_embeddings)
        self._omit(together(before, new) if before else new)
        try:
            yield
        finally:
            self._omit(before)

    def _omit(self, flags: dict[str, Any] | None) -> None:
        check(core().gpt2_engine_omit(self.handle, omissions_struct(flags) if flags else None))
        self._omitted = flags
