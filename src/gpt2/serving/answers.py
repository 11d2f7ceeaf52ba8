"""Builds a response from the rows of a request, with one loop for streams and full answers."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from gpt2.serving.entries import Entry
from gpt2.serving.errors import api_error
from gpt2.serving.plan import Plan
from gpt2.serving.protocol import Sampled
from gpt2.serving.responses import EventStream
from gpt2.serving.rows import Delta, Rows
from gpt2.serving.sse import DONE, Alike, dumps, event
from gpt2.serving.state import ClientGoneError, State, log, unless_gone

SLOWEST = 30.0  # seconds to read what is left of a stream when the time of its request is over


@dataclass
class Choice:
    """A completed row."""

    text: str = ""
    entries: list[Entry] = field(default_factory=list)
    prompt: int = 0  # number of entries that belong to the prompt
    tokens: int = 0  # number of new tokens
    finish: str | None = None
    cached: int = 0

    def add(self, delta: Delta) -> None:
        """Add a delta."""
        self.text += delta.text
        self.entries += delta.entries
        self.count(delta)

    def count(self, delta: Delta) -> None:
        """Add only the counts of a delta: a stream keeps nothing that it has sent."""
        self.prompt += delta.prompt
        self.tokens += len(delta.entries) - delta.prompt
        if delta.facts is not None:
            self.finish, self.cached = delta.finish, delta.facts.cached_tokens

    @property
    def mean(self) -> float:
        """The mean log-probability of the new tokens."""
        logprobs = [e.token.logprob or 0.0 for e in self.entries[self.prompt :]]
        return sum(logprobs) / len(logprobs) if logprobs else float("-inf")


class Form(Protocol):
    """The format of a response: completions or chat."""

    prefix: str  # of response ids
    whole: str  # ``object`` of a full response
    part: str  # ``object`` of a chunk of a stream

    def choice(self, plan: Plan, index: int, choice: Choice) -> dict[str, Any]:
        """A complete choice."""

    def begin(self, plan: Plan, index: int) -> dict[str, Any] | None:
        """The choice in the first chunk of a row, before any token."""

    def delta(self, plan: Plan, delta: Delta) -> dict[str, Any]:
        """The choice in a chunk."""


async def answer(
    state: State, request: Request, plan: Plan, form: Form, asked: Sampled
) -> Response:
    """Submit the rows and respond. Raises errors that occur before the first byte is sent."""
    rows = Rows(plan, state.prefix_group(request), state.options.max_seconds, state.outbox)
    about = _About(form, plan)
    if asked.stream:
        usage = asked.stream_options is not None and asked.stream_options.include_usage
        events = _events(state, request, rows, about, usage)
        return EventStream(events, state.options.ping, state.options.max_seconds + SLOWEST)
    choices = [Choice() for _ in range(rows.left)]
    try:
        await unless_gone(request, _collect(state, rows, choices))
    except BaseException as error:
        _drop(state, rows, error)
        raise
    finally:
        state.tenant(request).tokens.take(_tokens(plan, choices))
    items = []
    for i, choice in enumerate(_best(plan, choices)):
        items.append(dumps(form.choice(plan, i, choice)))
        await asyncio.sleep(0)  # 30 ms for 500 tokens with 20 log-probabilities: others go on
    begin, end = dumps(about.head(form.whole)), dumps({"usage": _usage(plan, choices)})
    body = begin[:-1] + b',"choices":[' + b",".join(items) + b"]," + end[1:]
    return Response(body, media_type="application/json")


@dataclass
class _About:
    """The fields that all parts of a response share."""

    form: Form
    plan: Plan

    def __post_init__(self) -> None:
        self.id = self.form.prefix + uuid.uuid4().hex
        self.created = int(time.time())

    def head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created,
                "model": self.plan.served.name, "seed": self.plan.seed}  # fmt: skip


class _Times:
    """The times of deltas of a request's rows, for /metrics."""

    def __init__(self, state: State, rows: Rows) -> None:
        self._metrics, self._name, self._begun = state.metrics, rows.plan.served.name, rows.begun
        self._gap = state.metrics.gaps.of(self._name)
        self._before: dict[int, float] = {}

    def heard(self, delta: Delta) -> None:
        now = time.monotonic()
        if len(delta.entries) > delta.prompt:
            before = self._before.get(delta.row)
            if before is not None:
                self._gap.observe(now - before)
            else:
                self._metrics.first_token.labels(self._name).observe(now - self._begun)
            self._before[delta.row] = now
        if delta.facts is not None and delta.finish is not None:
            self._metrics.success.labels(self._name, delta.finish).inc()
            self._metrics.queued.labels(self._name).observe(delta.facts.queued_s)
            self._metrics.whole.labels(self._name).observe(now - self._begun)


async def _collect(state: State, rows: Rows, choices: list[Choice]) -> None:
    times = _Times(state, rows)
    while rows.left:
        for delta in await rows.news():
            times.heard(delta)
            choices[delta.row].add(delta)


async def _events(
    state: State, request: Request, rows: Rows, about: _About, usage: bool
) -> AsyncGenerator[bytes, None]:
    """The events of a stream. An error from here on is sent as a separate, last event."""
    form, plan = about.form, about.plan
    head = about.head(form.part) | ({"usage": None} if usage else {})
    chunk = Alike(head, "choices").event
    choices = [Choice() for _ in range(rows.left)]
    times = _Times(state, rows)
    try:
        for index in range(len(choices)):
            first = form.begin(plan, index)
            if first is not None:
                yield chunk(first)
        while rows.left:
            events = []
            for delta in await rows.news():
                times.heard(delta)
                choices[delta.row].count(delta)
                events.append(chunk(form.delta(plan, delta)))
            yield b"".join(events)
        if usage:
            yield event(head | {"choices": [], "usage": _usage(plan, choices)})
        yield DONE
    except Exception as error:
        _drop(state, rows, error)
        failure = api_error(error)
        if failure.status >= 500:
            log.exception("a stream ended", extra={"request_id": request.state.request_id})
        yield event(failure.body())
    finally:
        state.tenant(request).tokens.take(_tokens(plan, choices))
        if rows.left:
            _drop(state, rows, ClientGoneError())


def _drop(state: State, rows: Rows, error: BaseException) -> None:
    if isinstance(error, ClientGoneError):
        state.metrics.cancelled.labels(rows.plan.served.name).inc(rows.left)
    rows.close()
    rows.left = 0


def _best(plan: Plan, choices: Sequence[Choice]) -> list[Choice]:
    """The rows to return for each prompt: all, or those with the best mean log-probability."""
    if plan.copies == plan.n:
        return list(choices)
    groups = [choices[i : i + plan.copies] for i in range(0, len(choices), plan.copies)]
    return [c for group in groups for c in sorted(group, key=lambda c: -c.mean)[: plan.n]]


def _tokens(plan: Plan, choices: Sequence[Choice]) -> int:
    return sum(map(len, plan.prompts)) + sum(choice.tokens for choice in choices)


def _usage(plan: Plan, choices: Sequence[Choice]) -> dict[str, Any]:
    prompt = sum(map(len, plan.prompts))
    total = _tokens(plan, choices)
    cached = sum(choice.cached for choice in choices[:: plan.copies])
    return {"prompt_tokens": prompt, "completion_tokens": total - prompt, "total_tokens": total,
            "prompt_tokens_details": {"cached_tokens": cached}}  # fmt: skip
