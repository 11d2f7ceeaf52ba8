"""News of a request on their way to the task that answers it, and how they are counted."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from gpt2.errors import GPT2Error
from gpt2.serving.metrics import SECONDS, Gaps
from gpt2.serving.rows import Delta, Inbox


def test_what_came_since_is_taken_at_once() -> None:
    async def answer() -> None:
        inbox = Inbox()
        taking = asyncio.ensure_future(inbox.take())
        await asyncio.sleep(0)
        for text in "ab":
            inbox.put(Delta(0, text))
        assert [delta.text for delta in await taking] == ["a", "b"]
        inbox.put(Delta(0, "c"))
        assert [delta.text for delta in await inbox.take()] == ["c"]

    asyncio.run(answer())


def test_an_error_comes_after_what_was_before_it_and_is_the_last() -> None:
    async def answer() -> None:
        inbox = Inbox()
        inbox.put(Delta(0, "a"))
        inbox.put(Delta(0, error=GPT2Error("first.")))
        inbox.put(Delta(1, "b"))
        inbox.put(Delta(1, error=GPT2Error("second.")))
        assert [delta.text for delta in await inbox.take()] == ["a"]
        for _ in range(2):
            with pytest.raises(GPT2Error, match="first"):
                await inbox.take()

    asyncio.run(answer())


def test_who_stopped_waiting_is_not_woken() -> None:
    async def answer() -> None:
        inbox = Inbox()
        taking = asyncio.ensure_future(inbox.take())
        await asyncio.sleep(0)
        taking.cancel()
        await asyncio.sleep(0)
        inbox.put(Delta(0, "a"))
        assert [delta.text for delta in await inbox.take()] == ["a"]

    asyncio.run(answer())


def test_gaps_are_the_histogram_that_prometheus_client_counts() -> None:
    gaps, registry, theirs = Gaps(), CollectorRegistry(), CollectorRegistry()
    registry.register(gaps)
    want = Histogram("gpt2_inter_token_latency_seconds",
                     "Time between consecutive tokens of a row.",
                     ["model_name"], registry=theirs, buckets=SECONDS)  # fmt: skip
    for model, seconds in (("a", 0.001), ("a", 0.0011), ("b", 1000.0), ("a", 0.3), ("b", 0.0)):
        gaps.of(model).observe(seconds)
        want.labels(model).observe(seconds)
    lines = [line for line in generate_latest(theirs).splitlines() if b"_created" not in line]
    assert generate_latest(registry).splitlines() == lines
