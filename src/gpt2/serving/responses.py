"""Responses: JSON without NaN, errors, and streams that end when the client disconnects."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gpt2.serving.errors import ApiError
from gpt2.serving.sse import HEADERS, PING, dumps

# Scope key of the connection's own ``send``. Its wrappers only inspect the start of a response, but
# would be called for each token of a stream.
STRAIGHT = "gpt2.send"


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A response with a value as JSON."""
    return Response(dumps(value), status, headers, media_type="application/json")


def error_response(error: ApiError) -> Response:
    """A response with an error in OpenAI's format."""
    return json_response(error.body(), error.status, error.headers())


class EventStream(Response):
    """Server-sent events; ``events`` are closed at once if the client disconnects.

    Args:
        events: complete events.
        ping: seconds without an event after which a comment is sent.
        limit: seconds after which a stream ends whose client does not read it.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes, None], ping: float, limit: float) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._events, self._ping, self._limit = events, ping, limit
        self._sent = math.inf  # time of the last event

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the events end, the client disconnects, or the time is over."""
        body = scope.get(STRAIGHT, send)
        sending, gone, _ = tasks = [
            asyncio.ensure_future(work)
            for work in (self._send(send, body), _gone(receive), self._pings(body))
        ]
        try:
            await asyncio.wait(
                {sending, gone}, timeout=self._limit, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._events.aclose()

    async def _send(self, send: Send, body: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code}
        await send(start | {"headers": self.raw_headers})
        self._sent = time.monotonic()
        async for piece in self._events:
            await body({"type": "http.response.body", "body": piece, "more_body": True})
            self._sent = time.monotonic()
        await body({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pings(self, send: Send) -> None:
        """One timer for the entire stream: a task per event would cost more than the event."""
        while True:
            left = min(self._ping, self._sent + self._ping - time.monotonic())
            if left > 0:
                await asyncio.sleep(left)
                continue
            await send({"type": "http.response.body", "body": PING, "more_body": True})
            self._sent = time.monotonic()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
