"""A client that streams completions and keeps the time of everything it hears.

Plain HTTP/1.1 over asyncio: it costs the processor little, and the same with every server.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Heard:
    """One answer: its status, its events, and when each came, in seconds after the asking."""

    status: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    done: bool = False  # [DONE] came

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
) -> AsyncIterator[dict[str, Any]]:
    """The events of an answer as they come; to leave the loop is to leave the server."""
    begin = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    try:
        writer.write(_request(path, body))
        await writer.drain()
        heard.status = await _head(reader)
        async for line in _lines(reader):
            if line == b"[DONE]":
                heard.done = True
                return
            event = json.loads(line)
            heard.events.append(event)
            if event.get("choices") and event["choices"][0].get("text"):
                heard.times.append(time.perf_counter() - begin)
            yield event
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


async def _lines(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The data of the events; lines that hold the sizes of chunks have no such beginning."""
    while line := await reader.readline():
        if line.startswith(b"data: "):
            yield line[6:].strip()
        elif line.startswith(b'{"error"'):
            yield line.strip()


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
