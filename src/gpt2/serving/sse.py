"""Server-sent events: how a stream looks on the wire, and its comments while nothing comes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
DONE = b"data: [DONE]\n\n"
PING = b": ping\n\n"


def dumps(value: Any) -> bytes:
    """JSON without spaces; raises `ValueError` for NaN and infinities."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def event(value: Any) -> bytes:
    """One event."""
    return b"data: " + dumps(value) + b"\n\n"


async def pinged(events: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
    """The events, and a comment wherever none came for so long; a closed one closes ``events``."""
    waiting: asyncio.Task[bytes] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait([waiting], timeout=seconds)
            if not done:
                yield PING
                continue
            try:
                piece = waiting.result()
            except StopAsyncIteration:
                return
            finally:
                waiting = None
            yield piece
    finally:
        if waiting is not None:
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await waiting
        await events.aclose()  # type: ignore[attr-defined]
