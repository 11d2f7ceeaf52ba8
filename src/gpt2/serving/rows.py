"""Passes the output of a request's rows from the stepping thread to the event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gpt2.generation.config import token_list
from gpt2.generation.streaming import decoder
from gpt2.serving.bell import Bell
from gpt2.serving.entries import Entry
from gpt2.serving.errors import timeout_error
from gpt2.serving.plan import Plan
from gpt2.serving.scheduler import Facts, Loop, Request, Token
from gpt2.serving.text import Text


class Delta(NamedTuple):
    """The new output of one row: released text, tokens, and finally the finish reason."""

    row: int
    text: str = ""
    entries: tuple[Entry, ...] = ()
    prompt: int = 0  # number of entries that belong to the prompt
    finish: str | None = None
    facts: Facts | None = None
    error: Exception | None = None


class Row:
    """Listens to the scheduler. Everything except the constructor runs in the stepping thread."""

    def __init__(self, plan: Plan, index: int, give: Callable[[Delta], None], end: float) -> None:
        which = index // plan.copies
        self._index, self._give, self._end = index, give, end
        self._late, self._nothing = False, plan.nothing
        self._ends = token_list(plan.configs[which].eos_token_id)
        self._shown = plan.shown[which] if plan.echo else []
        self._echo, offsets = _echo(plan.served.tokenizer, self._shown)
        self._offsets = offsets
        self.text = Text(
            plan.served.tokenizer, plan.prompts[which], plan.stops,
            keep_stop=plan.keep_stop, start=len(self._echo),
        )  # fmt: skip
        self._prompt_given = not plan.echo

    def prompt(self, tokens: Sequence[Token]) -> None:
        """The tokens of the prompt with their log-probabilities."""
        self._tell_prompt(tokens if self._shown else ())

    def token(self, token: Token) -> bool:
        """One new token; returns False if no more are needed."""
        self._tell_prompt([Token(i, None, (), ()) for i in self._shown])
        if self._nothing:
            return False
        text, offset = self.text.push(token.id)
        self._give(Delta(self._index, text, (Entry(token, offset),)))
        if not self.text.stopped and token.id not in self._ends:
            self._late = time.monotonic() > self._end
        return not (self.text.stopped or self._late)

    def end(self, reason: str, error: Exception | None, facts: Facts) -> None:
        """The last call of a row."""
        text, finish = self.text.flush(), None
        if self.text.stopped:  # also with the last token that was allowed
            finish = "stop"
        elif reason in ("stop", "length"):
            finish = "length" if self._nothing or self._late else reason
        self._give(Delta(self._index, text, (), 0, finish, facts, error))

    def _tell_prompt(self, tokens: Sequence[Token]) -> None:
        if not self._prompt_given:
            self._prompt_given = True
            pairs = zip(tokens, self._offsets, strict=True)
            entries = tuple(Entry(token, offset) for token, offset in pairs)
            self._give(Delta(self._index, self._echo, entries, len(entries)))


def _echo(tokenizer: Any, ids: Sequence[int]) -> tuple[str, list[int]]:
    """The echoed prompt, including special tokens, and the offset of each token."""
    shown, text, offsets = decoder(tokenizer), "", []
    for token in ids:
        offsets.append(len(text))
        text += shown.push(token)
    return text + shown.flush(), offsets


class Inbox:
    """The deltas of one request, for the task that answers it; everything except creation runs in
    its loop."""

    def __init__(self) -> None:
        self._news: list[Delta] = []
        self._error: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None

    def put(self, delta: Delta) -> None:
        """Add a delta and wake the task; an error is the last item."""
        if self._error is not None:
            return
        if delta.error is not None:
            self._error = delta.error
        else:
            self._news.append(delta)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def take(self) -> list[Delta]:
        """All deltas since the last call, at least one; an error is raised after them."""
        if not self._news and self._error is None:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        if not self._news and self._error is not None:
            raise self._error
        news, self._news = self._news, []
        return news


class Outbox:
    """Passes deltas from the stepping thread to the event loop, waking the loop once per step."""

    def __init__(self) -> None:
        self._held: deque[tuple[Inbox, Delta]] = deque()
        self._bell: Bell | None = None

    def inbox(self) -> Inbox:
        """Make the inbox of a request, in the running event loop."""
        if self._bell is None:
            self._bell = Bell(self._hand_out)
        return Inbox()

    def give(self, steps: Loop, to: Inbox, delta: Delta) -> None:
        """Queue a delta for delivery at the end of the step; called from the stepping thread."""
        assert self._bell is not None  # that made the inbox
        self._held.append((to, delta))
        steps.afterwards(self._bell.ring)

    def _hand_out(self) -> None:
        while self._held:
            to, delta = self._held.popleft()
            to.put(delta)


@dataclass
class Rows:
    """All rows of a request in the scheduler.

    The constructor raises what ``Scheduler.submit`` raises, before anything is sent.
    """

    plan: Plan
    tenant: str
    seconds: float
    outbox: Outbox
    begun: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._inbox = self.outbox.inbox()
        p, end = self.plan, self.begun + self.seconds
        numbers = range(len(p.prompts) * p.copies)
        self.left = len(numbers)
        requests = [
            Request(
                ids=tuple(p.prompts[i // p.copies]),
                config=p.configs[i // p.copies],
                row=i % p.copies,
                top=0 if p.top is None and p.copies > p.n else p.top,
                judged_from=1 if p.echo and p.top is not None else None,
                tenant=self.tenant,
                processors=() if p.structure is None else (p.structure.again(),),
            )
            for i in numbers
        ]
        rows = [Row(p, i, self._give, end) for i in numbers]
        self._scheduler = p.served.writing()
        self._ticket = self._scheduler.submit(requests, rows)
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self.seconds + 5, self._end_late)

    async def news(self) -> list[Delta]:
        """The new deltas of all rows, at least one; call it while rows remain.

        Raises:
            ApiError: the request timed out before a row started.
            Exception: the error that ended a row in the scheduler.
        """
        news = await self._inbox.take()
        for delta in news:
            self.left -= delta.facts is not None
        if not self.left:
            self._deadline.cancel()
        return news

    def close(self) -> None:
        """Cancel unfinished rows: the client has gone."""
        self._deadline.cancel()
        if self.left:
            self._scheduler.cancel(self._ticket)

    def _end_late(self) -> None:
        self._inbox.put(Delta(0, error=timeout_error("request", self.seconds)))

    def _give(self, delta: Delta) -> None:
        self.outbox.give(self._scheduler.loop, self._inbox, delta)
