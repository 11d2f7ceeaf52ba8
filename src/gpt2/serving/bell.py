"""`Bell`: a thread that computes wakes the event loop and keeps the interpreter."""

from __future__ import annotations

import asyncio
import ctypes
import os
import weakref
from collections.abc import Callable

# A call by PyDLL does not release the interpreter's lock, as a write to a socket in
# `call_soon_threadsafe` does: then the loop would take it, and the thread wait to get it back.
_write = ctypes.PyDLL(None).write


class Bell:
    """Made in an event loop, which runs ``heard`` soon after the bell was rung, once for several.

    Args:
        heard: what the loop calls.
    """

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._out, self._in = os.pipe()
        for end in (self._out, self._in):
            os.set_blocking(end, False)
        weakref.finalize(self, _close, self._out, self._in)
        asyncio.get_running_loop().add_reader(self._out, self._answer)

    def ring(self) -> None:
        """Wake the loop; from any thread. A full pipe has woken it."""
        _write(self._in, b"!", 1)

    def _answer(self) -> None:
        os.read(self._out, 4096)
        self._heard()


def _close(*ends: int) -> None:
    for end in ends:
        os.close(end)
