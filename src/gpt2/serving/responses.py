"""Responses: JSON without NaN, errors, and streams that end when their reader leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gpt2.serving.errors import ApiError
from gpt2.serving.sse import HEADERS, dumps, pinged


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A value as JSON."""
    return Response(dumps(value), status, headers, media_type="application/json")


def error_response(error: ApiError) -> Response:
    """An error in OpenAI's form."""
    return json_response(error.body(), error.status, error.headers())


class EventStream(Response):
    """Server-sent events; where the reader leaves, ``events`` are closed at once."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], ping: float) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._events = pinged(events, ping)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the events end or the reader has left."""
        sending = asyncio.ensure_future(self._send(send))
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)
            await self._events.aclose()  # type: ignore[attr-defined]

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code}
        await send(start | {"headers": self.raw_headers})
        async for piece in self._events:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
