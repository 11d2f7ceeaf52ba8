"""A client that streams completions and records the time of every event.

It uses plain HTTP/1.1 over asyncio, so its CPU cost is small and the same with every server.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import accumulate
from typing import Any

_DONE = b"data: [DONE]\n\n"
# An event or an error response, but not what comes between, such as chunk sizes.
_EVENT = re.compile(rb'(?:data: |(?={"error"))(.*?)(?:\n\n|\Z)', re.DOTALL)


@dataclass
class Heard:
    """One response: its status, and its pieces with their arrival times in seconds.

    They are parsed at the end, because the client shares its processors with the server.
    """

    status: int = 0
    pieces: list[tuple[float, bytes]] = field(default_factory=list)

    @cached_property
    def _read(self) -> list[tuple[float, bytes]]:
        """The data of each event, with the arrival time of its end."""
        ends = list(accumulate(len(piece) for _, piece in self.pieces))
        whole = b"".join(piece for _, piece in self.pieces)
        return [(self.pieces[bisect_left(ends, event.end())][0], event[1].strip())
                for event in _EVENT.finditer(whole)]  # fmt: skip

    @property
    def done(self) -> bool:
        """Whether [DONE] came."""
        return any(data == b"[DONE]" for _, data in self._read)

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """All events except [DONE]."""
        return [json.loads(data) for _, data in self._read if data != b"[DONE]"]

    @property
    def times(self) -> list[float]:
        """The times of events with text."""
        choices = [event.get("choices") for event in self.events]
        return [at for (at, _), c in zip(self._read, choices, strict=False)
                if c and c[0].get("text")]  # fmt: skip

    @property
    def first(self) -> float:
        """Seconds to the first token."""
        return self.times[0]

    @property
    def gaps(self) -> list[float]:
        """Seconds from one token to the next."""
        return [b - a for a, b in zip(self.times, self.times[1:], strict=False)]

    def choices(self) -> list[dict[str, Any]]:
        return [event["choices"][0] for event in self.events if event.get("choices")]


async def ask(port: int, body: dict[str, Any], path: str = "/v1/completions") -> Heard:
    """Send a request and read the complete response."""
    heard = Heard()
    async for _ in stream(port, body, heard, path):
        pass
    return heard


async def stream(
    port: int, body: dict[str, Any], heard: Heard, path: str = "/v1/completions"
) -> AsyncIterator[bytes]:
    """Yield the pieces of a response as they come; leaving the loop disconnects."""
    begin = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    try:
        writer.write(_request(path, body))
        await writer.drain()
        heard.status = await _head(reader)
        async for piece in _pieces(reader):
            heard.pieces.append((time.perf_counter() - begin, piece))
            yield piece
            if piece.endswith(_DONE):
                return
    finally:
        writer.close()


def _request(path: str, body: dict[str, Any]) -> bytes:
    data = json.dumps(body).encode()
    return _head_of(path, data) + data


def _head_of(path: str, data: bytes) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    ).encode()


async def _head(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1])


async def _pieces(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Split off the events, which end with an empty line, from the rest."""
    try:
        while True:
            yield await reader.readuntil(b"\n\n")
    except asyncio.IncompleteReadError as error:
        yield error.partial


async def exchange(port: int, path: str, data: bytes) -> tuple[int, bytes]:
    """Send any body; returns the status and body of the response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    try:
        writer.write(_head_of(path, data) + data)
        status = await _head(reader)
        return status, await reader.read()
    finally:
        writer.close()


class _Connection(asyncio.Protocol):
    """One request on its own connection; incoming data is stored with its time, nothing more."""

    def __init__(self, request: bytes, heard: Heard, begin: float) -> None:
        self._request, self._heard, self._begin = request, heard, begin
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._heard.pieces.append((time.perf_counter() - self._begin, data))
        if _DONE in data:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        head = self._heard.pieces[0][1] if self._heard.pieces else b""
        self._heard.status = int(head[9:12] or 0)  # HTTP/1.1 200
        self.over.set_result(None)


async def load(port: int, bodies: Sequence[dict[str, Any]], streams: int) -> list[Heard]:
    """Send all requests with a fixed concurrency: each finished stream takes the next one."""
    found = [Heard() for _ in bodies]
    waiting = iter(zip([_request("/v1/completions", body) for body in bodies], found, strict=True))
    loop = asyncio.get_running_loop()

    async def worker() -> None:
        for request, heard in waiting:
            made = partial(_Connection, request, heard, time.perf_counter())
            _, connection = await loop.create_connection(made, "127.0.0.1", port)
            await connection.over

    await asyncio.gather(*(worker() for _ in range(streams)))
    return found
