"""A client that streams completions and keeps the time of everything it hears.

Plain HTTP/1.1 over asyncio: it costs the processor little, and the same with every server.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

_DONE = b"data: [DONE]\n\n"


@dataclass
class Heard:
    """One answer: its status, and its pieces with when each came, in seconds after the asking.

    They are looked into when all is over: the client shares its processors with the server.
    """

    status: int = 0
    pieces: list[tuple[float, bytes]] = field(default_factory=list)

    @cached_property
    def _read(self) -> list[tuple[float, bytes]]:
        """The data of each event. What is before it, such as the size of a chunk, is left out."""
        return [(at, piece[begin:].removeprefix(b"data: ").strip())
                for at, piece in self.pieces if (begin := _begin(piece)) >= 0]  # fmt: skip

    @property
    def done(self) -> bool:
        """Whether [DONE] came."""
        return any(data == b"[DONE]" for _, data in self._read)

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """All but [DONE]."""
        return [json.loads(data) for _, data in self._read if data != b"[DONE]"]

    @property
    def times(self) -> list[float]:
        """When there was text."""
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
    """The answer to a request, to its end."""
    heard = Heard()
    async for _ in stream(port, body, heard, path):
        pass
    return heard


async def stream(
    port: int, body: dict[str, Any], heard: Heard, path: str = "/v1/completions"
) -> AsyncIterator[bytes]:
    """The pieces of an answer as they come; to leave the loop is to leave the server."""
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
    """What ends with an empty line, which is an event, and the rest."""
    try:
        while True:
            yield await reader.readuntil(b"\n\n")
    except asyncio.IncompleteReadError as error:
        yield error.partial


def _begin(piece: bytes) -> int:
    """Where an event begins, or an answer that is an error."""
    return max(piece.find(b"data: "), piece.find(b'{"error"') if b"data: " not in piece else -1)


async def exchange(port: int, path: str, data: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to a body, whatever it is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    try:
        writer.write(_head_of(path, data) + data)
        status = await _head(reader)
        return status, await reader.read()
    finally:
        writer.close()


async def load(port: int, bodies: Sequence[dict[str, Any]], streams: int) -> list[Heard]:
    """The answers to all requests, so many at a time: who has ended takes the next."""
    found = [Heard() for _ in bodies]
    waiting = iter(zip(bodies, found, strict=True))

    async def worker() -> None:
        for body, heard in waiting:
            async for _ in stream(port, body, heard):
                pass

    await asyncio.gather(*(worker() for _ in range(streams)))
    return found
