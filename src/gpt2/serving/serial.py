# ruff: noqa: D101, D102, N818
# mypy: disable-error-code="operator, list-item, return-value, assignment, arg-type"
"""A scheduler that answers one request after the other; the interface is SERVE's."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

from gpt2.errors import GPT2Error
from gpt2.generation import arrays, pipeline, sampling
from gpt2.generation.arrays import Processor
from gpt2.generation.config import GenerationConfig, token_list

Reason = Literal["stop", "length", "cancelled", "error"]


class QueueFull(GPT2Error):
    """No room in the queue."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Draining(GPT2Error):
    """The scheduler takes no more requests."""


@dataclass(frozen=True, slots=True)
class Request:
    ids: tuple[int, ...]
    config: GenerationConfig
    row: int = 0
    top: int | None = None
    prompt_logprobs: bool = False
    tenant: str = ""
    processors: tuple[Processor, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    id: int
    logprob: float | None = None
    top_ids: tuple[int, ...] = ()
    top_logprobs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    queued_s: float = 0.0
    first_token_s: float = 0.0


class Listener(Protocol):
    def prompt(self, tokens: Sequence[Token]) -> None: ...
    def token(self, token: Token) -> bool: ...
    def end(self, reason: Reason, error: Exception | None, facts: Facts) -> None: ...


@dataclass
class Limits:
    memory_bytes: int = 1 << 30
    max_rows: int = 32
    queue_requests: int = 256
    queue_tokens: int = 1 << 18


@dataclass
class Stats:
    running: int = 0
    waiting: int = 0
    kv_usage: float = 0.0
    prefix_queries: int = 0
    prefix_hits: int = 0
    prompt_tokens: int = 0
    generated_tokens: int = 0
    slots: int = 32


class Loop:
    pass


@dataclass
class Ticket:
    rows: list[tuple[Request, Any]]
    entered: float = field(default_factory=time.monotonic)
    cancelled: bool = False


class Scheduler:
    def __init__(self, model: Any, limits: Limits, *, loop: Any = None) -> None:
        self.model, self.limits = model, limits
        self.stats = Stats()
        self._queue: queue.Queue[Ticket | None] = queue.Queue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def submit(self, requests: Sequence[Request], listeners: Sequence[Listener]) -> Ticket:
        if self._closed:
            raise Draining("the server is shutting down.")
        if self.stats.waiting + len(requests) > self.limits.queue_requests:
            raise QueueFull("the queue is full: try again later.", 1.0)
        ticket = Ticket(list(zip(requests, listeners, strict=True)))
        self.stats.waiting += len(requests)
        self._queue.put(ticket)
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        ticket.cancelled = True

    def close(self, *, drain: bool) -> None:
        self._closed = True
        if not drain:
            while not self._queue.empty():
                ticket = self._queue.get()
                if ticket is not None:
                    ticket.cancelled = True
        self._queue.put(None)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() or self._closed

    def _run(self) -> None:
        while (ticket := self._queue.get()) is not None:
            for request, listener in ticket.rows:
                self.stats.waiting -= 1
                self.stats.running += 1
                queued = time.monotonic() - ticket.entered
                try:
                    reason, count, first = self._row(ticket, request, listener)
                    error = None
                except Exception as raised:
                    reason, count, first, error = "error", 0, 0.0, raised
                facts = Facts(len(request.ids), 0, count, queued, first)
                self.stats.running -= 1
                listener.end(reason, error, facts)

    def _row(self, ticket: Ticket, request: Request, out: Listener) -> tuple[Reason, int, float]:
        if ticket.cancelled:
            return "cancelled", 0, 0.0
        o, ids = request.config, list(request.ids)
        start = time.monotonic()
        cache = self.model.new_cache(
            1, min(len(ids) + o.max_new_tokens, self.model.config.n_positions)
        )
        mode = "all" if request.prompt_logprobs else "last"
        logits = np.asarray(self.model.extend(cache, [ids], None, mode))
        if request.prompt_logprobs:
            out.prompt([Token(ids[0]), *(
                _token(token, line, request.top or 0)
                for token, line in zip(ids[1:], logits, strict=False)
            )])  # fmt: skip
        self.stats.prompt_tokens += len(ids)
        line = logits[-1:]
        end = len(ids) + o.max_new_tokens
        chain = pipeline.build(o, len(ids), end, [0], None, request.processors, line.shape[1])
        noise = sampling.seeded([o.seed or 0], [request.row])
        choose = sampling.sampler(noise) if o.do_sample else sampling.greedy
        ends, first = token_list(o.eos_token_id), 0.0
        for count in range(1, o.max_new_tokens + 1):
            if ticket.cancelled:
                return "cancelled", count - 1, first
            scores = pipeline.apply(chain, np.asarray([ids]), line)
            token = sampling.checked(choose(scores, [len(ids)]).tolist())[0]
            ids.append(token)
            first = first or time.monotonic() - start
            self.stats.generated_tokens += 1
            top = request.top
            go_on = out.token(Token(token) if top is None else _token(token, line[0], top))
            if token in ends or not go_on:
                return "stop", count, first
            if count < o.max_new_tokens:
                line = np.asarray(self.model.extend(cache, [[token]]))
        return "length", o.max_new_tokens, first


def _token(token: int, line: Any, top: int) -> Token:
    logs = arrays.log_softmax(line.astype(np.float64)[None])[0]
    best = np.argsort(-line, kind="stable")[:top].tolist()
    return Token(token, float(logs[token]), tuple(best), tuple(float(logs[i]) for i in best))
