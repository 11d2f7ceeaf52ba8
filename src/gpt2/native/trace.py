"""Reading activations of the native engine and ablating parts of it: ``tapped``, ``ablate``."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.config import GPT2Config
from gpt2.errors import InputError
from gpt2.native.library import TAP, Omissions, Point
from gpt2.points import general, wanted_points

Floats = npt.NDArray[np.float32]
# Called with a point's name and value; the result replaces the value, None leaves it unchanged.
Tap = Callable[[str, Floats], "Floats | None"]

SEEN, CHANGED, STOP = 0, 1, 2  # gpt2_tap_result


class NativeTap:
    """A Python function wrapped as a callback of the core (``gpt2_tap``)."""

    def __init__(self, function: Tap, points: Collection[str] | None, layers: int) -> None:
        self.function = function
        self.wanted = wanted_points(points, layers)
        self.callback = TAP(self._call)
        self._errors: dict[int, BaseException] = {}  # by the id of the calling thread

    def error(self) -> BaseException | None:
        """Pop the error that the function raised in this thread's last call."""
        return self._errors.pop(threading.get_ident(), None)

    def _call(self, _context: Any, pointer: Any) -> int:
        try:
            point = pointer.contents
            name = point.name.decode()
            wanted = self.wanted is None or {name, general(name)} & self.wanted
            result = self._show(name, point) if wanted else SEEN
            return STOP if self._errors.get(threading.get_ident()) else result
        except BaseException as error:  # it must pass through C, which has no exceptions
            self._errors[threading.get_ident()] = error
            return STOP

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let a Ctrl-C during a call of the core end that call.

        Python handles a signal that came while C computed at the first instruction of the callback,
        before any ``try``, where ctypes prints the exception and drops it.
        """
        before = signal.getsignal(signal.SIGINT)
        if not callable(before) or threading.current_thread() is not threading.main_thread():
            yield
            return

        def handle(number: int, frame: FrameType | None) -> None:
            try:
                before(number, frame)
            except BaseException as error:
                if frame is None or frame.f_code is not NativeTap._call.__code__:
                    raise
                self._errors[threading.get_ident()] = error

        signal.signal(signal.SIGINT, handle)
        try:
            yield
        finally:
            if signal.getsignal(signal.SIGINT) is handle:
                signal.signal(signal.SIGINT, before)

    def _show(self, name: str, point: Point) -> int:
        places = _rows(point)
        given = _rectangle(places, bool(point.heads))
        result = self.function(name, given)
        values = given if result is None else np.asarray(result)
        if values.shape != given.shape:
            raise InputError(
                f"{name} has the shape {given.shape}, but the tap returned {values.shape}."
            )
        changed = SEEN
        for place, row in zip(places, values, strict=True):
            tokens = row.swapaxes(0, 1) if point.heads else row
            if not np.array_equal(place, tokens[: len(place)]):
                place[:] = tokens[: len(place)]
                changed = CHANGED
        return changed


def _rows(point: Point) -> list[Floats]:
    """Views of the core's memory, one per row: [tokens, width] or [tokens, heads, width]."""
    counts = point.counts[: point.rows]
    shape, strides = [sum(counts), point.width], [4 * point.token_stride, 4]
    if point.heads:
        shape.insert(1, point.heads)
        strides.insert(1, 4 * point.head_stride)
    extent = sum((n - 1) * step for n, step in zip(shape, strides, strict=True)) // 4 + 1
    flat = np.ctypeslib.as_array(point.values, (extent,))
    values = np.lib.stride_tricks.as_strided(flat, shape, strides)
    return np.split(values, np.cumsum(counts)[:-1])


def _rectangle(rows: list[Floats], heads: bool) -> Floats:
    """A copy as [B, T, width] or [B, heads, T, width], with short rows padded with zeros."""
    longest = max(len(row) for row in rows)
    out = np.zeros((len(rows), longest, *rows[0].shape[1:]), np.float32)
    for to, row in zip(out, rows, strict=True):
        to[: len(row)] = row
    return np.ascontiguousarray(out.swapaxes(1, 2)) if heads else out


def omissions(
    config: GPT2Config,
    heads: Iterable[tuple[int, int]],
    attention: Iterable[int],
    mlps: Iterable[int],
    positions: Iterable[int],
    position_embeddings: bool,
) -> dict[str, Any]:
    """The flags for ``gpt2_omissions`` by name. Raises InputError for an unknown part."""
    L, H = config.n_layer, config.n_head
    off = np.zeros((L, H), np.uint8)
    for pair in heads:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise InputError(f"heads must be pairs (layer, head), found {pair!r}.")
        layer, head = pair
        off[_below(L, layer, "layer"), _below(H, head, "head")] = 1
    return {
        "heads": off,
        "attention": _flags(L, attention, "layer"),
        "mlps": _flags(L, mlps, "layer"),
        "hidden": _flags(config.n_positions, positions, "position"),
        "position_embeddings": int(position_embeddings),
    }


def together(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The union of two sets of omissions."""
    return {name: flags | other[name] for name, flags in one.items()}


def omissions_struct(flags: dict[str, Any]) -> Omissions:
    """``gpt2_omissions``, which borrows the arrays of ``flags``."""
    pointers = {n: f.ctypes.data if isinstance(f, np.ndarray) else f for n, f in flags.items()}
    return Omissions(**pointers)


def _flags(size: int, chosen: Iterable[int], what: str) -> npt.NDArray[np.uint8]:
    flags = np.zeros(size, np.uint8)
    for index in chosen:
        flags[_below(size, index, what)] = 1
    return flags


def _below(limit: int, index: int, what: str) -> int:
    if isinstance(index, bool) or not isinstance(index, (int, np.integer)):
        raise InputError(f"a {what} must be an integer, found {index!r}.")
    if not 0 <= index < limit:
        raise InputError(f"there is no {what} {index}; this model has {limit}, numbered from 0.")
    return int(index)
