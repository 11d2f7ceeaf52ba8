"""What goes into a scheduler and what comes out of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from gpt2.errors import GPT2Error
from gpt2.generation.arrays import Processor
from gpt2.generation.config import GenerationConfig

Reason = Literal["stop", "length", "cancelled", "error"]


class QueueFull(GPT2Error):  # noqa: N818  # a state of the server and no fault of the request
    """The queue has no room; in about ``retry_after_s`` seconds it may."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Draining(GPT2Error):  # noqa: N818
    """The scheduler was closed and takes no more requests."""


@dataclass(frozen=True, slots=True)
class Request:
    """One row: a prompt and how it is continued.

    Args:
        ids: the prompt, not empty.
        config: the options, with ``max_new_tokens`` and, where it samples, ``seed``.
        row: with the seed and the position it decides each draw.
        top: None for no log-probabilities; k for those of each token and of the k largest, of the
            model's own distribution.
        judged_from: the log-probabilities of the prompt's tokens from this one on too, 1 at least;
            so much of the prompt is computed anew.
        writes: False judges the prompt and ends without a token.
        tenant: beginnings are shared only between the requests of one tenant.
        processors: further functions (ids [1, T], scores [1, V]) -> scores, before the warpers.
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
    """A token, and where they were asked for natural logarithms of probabilities."""

    id: int
    logprob: float | None = None
    top_ids: tuple[int, ...] = ()
    top_logprobs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What became of one row; times are in seconds from its entering the queue."""

    prompt_tokens: int = 0
    cached_tokens: int = 0  # of the prompt, that were there already
    generated_tokens: int = 0
    queued_s: float = 0.0
    first_token_s: float = 0.0


class Listener(Protocol):
    """Who hears of one row. It is called from the step thread, which waits for it."""

    def prompt(self, tokens: Sequence[Token]) -> None:
        """All tokens of the prompt, where they were asked for; those before have no logprob."""

    def token(self, token: Token) -> bool:
        """The next token, an end-of-text token too; False ends the row with it."""

    def end(self, reason: Reason, error: Exception | None, facts: Facts) -> None:
        """The last call, made once for every row that was taken."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a scheduler may hold.

    Args:
        memory_bytes: of keys and values, those of finished texts included.
        max_rows: rows that are written at a time.
        queue_requests: rows that may wait.
        queue_tokens: tokens their prompts may have together.
    """

    memory_bytes: int = 1 << 30
    max_rows: int = 32
    queue_requests: int = 256
    queue_tokens: int = 1 << 18


@dataclass
class Stats:
    """What /metrics reads: gauges, and counters since the start."""

    running: int = 0
    waiting: int = 0
    kv_usage: float = 0.0  # share of the cache's tokens that running rows hold
    slots: int = 0
    prefix_queries: int = 0  # tokens of prompts that were looked for, and found
    prefix_hits: int = 0
    prompt_tokens: int = 0
    generated_tokens: int = 0
    finished: int = 0
    cancelled: int = 0
    failed: int = 0
    rejected: int = 0
    steps: int = 0
    step_s: float = 0.0  # seconds of all steps, and of the engine's calls in them
    engine_s: float = 0.0


@dataclass(eq=False)
class Ticket:
    """The rows of one `Scheduler.submit`; what `Scheduler.cancel` takes."""

    rows: int
    _gone: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Ask for its end."""
        self._gone.set()

    @property
    def cancelled(self) -> bool:
        """Whether its end was asked for."""
        return self._gone.is_set()
