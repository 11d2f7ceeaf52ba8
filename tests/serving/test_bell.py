"""A thread that computes wakes the event loop and keeps the interpreter."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from gpt2.serving.bell import Bell


@pytest.fixture
def patient() -> Iterator[None]:
    """The interpreter is given up only by who lets it go."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(30)
    yield
    sys.setswitchinterval(before)


def test_it_is_heard_once_for_several_rings() -> None:
    heard: list[int] = []

    async def listen() -> None:
        bell = Bell(lambda: heard.append(1))
        for _ in range(100_000):  # more than a pipe holds
            bell.ring()
        await asyncio.sleep(0.05)
        assert heard == [1] * len(heard)
        assert 1 <= len(heard) < 100
        heard.clear()
        bell.ring()
        await asyncio.sleep(0.05)
        assert heard == [1]

    asyncio.run(listen())


def test_who_rings_keeps_the_interpreter(patient: None) -> None:
    ran: list[float] = []

    def wait() -> None:
        time.sleep(0.01)
        ran.append(time.monotonic())

    async def ring() -> float:
        bell = Bell(lambda: None)
        other = threading.Thread(target=wait)
        other.start()
        end = time.monotonic() + 0.2  # it wants the interpreter by then
        while time.monotonic() < end:
            bell.ring()
        rung = time.monotonic()
        await asyncio.to_thread(other.join)
        return rung

    rung = asyncio.run(ring())
    assert ran[0] >= rung
