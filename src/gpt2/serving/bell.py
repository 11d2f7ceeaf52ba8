"""`Bell`: lets a computing thread wake the event loop without giving up the GIL."""

from __future__ import annotations

import asyncio
import ctypes
import os
import weakref
from collections.abc import Callable

# A call through PyDLL does not release the GIL. The socket write in `call_soon_threadsafe` does:
# the loop would then take the GIL, and the thread would wait to get it back.
_write = ctypes.PyDLL(None).write


class Bell:
    """Wakes the event loop it was made in, which runs ``heard`` once for one or several rings.

    Args:
        heard: the function that the loop calls.
    """

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._out, self._in = os.pipe()
        for end in (self._out, self._in):
            os.set_blocking(end, False)
        weakref.finalize(self, _close, self._out, self._in)
        asyncio.get_running_loop().add_reader(self._out, self._answer)

    def ring(self) -> None:
        """Wake the loop, from any thread. If the pipe is full, the loop has already been woken."""
        _write(self._in, b"!", 1)

    def _answer(self) -> None:
        os.read(self._out, 4096)
        self._heard()


def _close(*ends: int) -> None:
    for end in ends:
        os.close(end)
