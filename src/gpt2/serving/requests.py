"""The inputs and outputs of a scheduler."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from gpt2.errors import GPT2Error
from gpt2.generation.arrays import Processor
from gpt2.generation.config import GenerationConfig

Reason = Literal["stop", "length", "cancelled", "error"]


class QueueFull(GPT2Error):  # noqa: N818  # a state of the server, not an error in the request
    """The queue is full; a retry may succeed in about ``retry_after_s`` seconds."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Draining(GPT2Error):  # noqa: N818
    """The scheduler is closed and accepts no more requests."""


@dataclass(frozen=True, slots=True)
class Request:
    """One row: a prompt and its generation options.

    Args:
        ids: the prompt, not empty.
        config: the options, with ``max_new_tokens`` and, for sampling, ``seed``.
        row: determines each sample, together with the seed and the position.
        top: None for no log-probabilities; k for those of each token and of the k most probable,
            under the model's own distribution.
        judged_from: also return the log-probabilities of prompt tokens from this one on, at least
            1; that part of the prompt is recomputed.
        writes: False scores the prompt and ends without a new token.
        tenant: prefixes are shared only between requests of the same tenant.
        processors: additional functions (ids [1, T], scores [1, V]) -> scores, before the warpers.
    """

    ids: tuple[int, ...]
    config: GenerationConfig
    row: int = 0
    top: int | None = None
    judged_from: int | None = None
    writes: bool = True
    tenant: str = ""
    processors: tuple[Processor, ...] = ()


class Token(NamedTuple):
    """A token, and if requested, natural log-probabilities."""

    id: int
    logprob: float | None = None
    top_ids: tuple[int, ...] = ()
    top_logprobs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """The outcome of one row; times are in seconds since it entered the queue."""

    prompt_tokens: int = 0
    cached_tokens: int = 0  # prompt tokens that were in the cache
    generated_tokens: int = 0
    queued_s: float = 0.0
    first_token_s: float = 0.0


class Listener(Protocol):
    """Receives the events of one row. The stepping thread calls it and waits for it."""

    def prompt(self, tokens: Sequence[Token]) -> None:
        """All tokens of the prompt, if requested; those before ``judged_from`` have no logprob."""

    def token(self, token: Token) -> bool:
        """The next token, including an end-of-text token; returning False ends the row with it."""

    def end(self, reason: Reason, error: Exception | None, facts: Facts) -> None:
        """The last call, made once for every accepted row."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a scheduler.

    Args:
        memory_bytes: of the KV cache, including the entries of finished texts.
        max_rows: the maximum number of rows that generate at a time.
        queue_requests: the maximum number of waiting rows.
        queue_tokens: the maximum total of their prompt tokens.
    """

    memory_bytes: int = 1 << 30
    max_rows: int = 32
    queue_requests: int = 256
    queue_tokens: int = 1 << 18


@dataclass
class Stats:
    """The values for /metrics: gauges, and counters since the start."""

    running: int = 0
    waiting: int = 0
    kv_usage: float = 0.0  # share of the cache that running rows occupy
    slots: int = 0
    prefix_queries: int = 0  # prompt tokens looked up, and found
    prefix_hits: int = 0
    prompt_tokens: int = 0
    generated_tokens: int = 0
    finished: int = 0
    cancelled: int = 0
    failed: int = 0
    rejected: int = 0
    steps: int = 0
    step_s: float = 0.0  # seconds of all steps, and of the engine calls in them
    engine_s: float = 0.0


@dataclass(eq=False)
class Ticket:
    """The rows of one `Scheduler.submit`, for `Scheduler.cancel`."""

    rows: int
    _gone: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Request that the rows end."""
        self._gone.set()

    @property
    def cancelled(self) -> bool:
        """Whether the rows were cancelled."""
        return self._gone.is_set()
