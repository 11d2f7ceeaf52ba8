"""`Scheduler`: many requests on one engine, in steps; `Loop`: the thread that steps them.

A step decodes one token of every generating row and reads slices of prompts. It prefers the prompts
that take the least time to read, minus the time they have waited, so that long prompts get their
turn. On the native engine the result of a row does not depend on the other rows; other engines
compute rows one at a time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from gpt2.errors import GPT2Error, InputError, OptionError
from gpt2.serving.pace import Pace
from gpt2.serving.requests import (
    Draining,
    Facts,
    Limits,
    Listener,
    QueueFull,
    Reason,
    Request,
    Stats,
    Ticket,
    Token,
)
from gpt2.serving.slots import Match, Slots
from gpt2.serving.stepping import Part, stepping
from gpt2.serving.work import Work

__all__ = ["Draining", "Facts", "Limits", "Listener", "Loop", "QueueFull", "Reason", "Request",
           "Scheduler", "Stats", "Ticket", "Token"]  # fmt: skip

T = TypeVar("T")
LOOKS = 32  # queued requests that are looked up per step
STUCK_S = 60.0  # a step that takes longer counts as hung
RETRY_S = 1.0, 120.0  # the minimum and maximum that a client is asked to wait


class Loop:
    """A thread that steps schedulers in turn while they have work.

    Other engine calls run in it too, one call between two steps.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.ticked = time.monotonic()  # when the last step ended or waiting began
        self.waits = True
        self._schedulers: list[Scheduler] = []
        self._calls: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._afterwards: dict[Callable[[], None], None] = {}  # in order
        self._thread: threading.Thread | None = None

    def add(self, scheduler: Scheduler) -> None:
        """Add a scheduler; the thread starts with the first one and ends with the last."""
        with self.changed:
            self._schedulers.append(scheduler)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="gpt2-steps", daemon=True)
                self._thread.start()

    def call(self, work: Callable[[], T]) -> T:
        """Run work in the thread between two steps and wait for it.

        The work should take no longer than a step. Raises what the work raises, or `Draining` after
        the end.
        """
        future: Future[T] = Future()
        with self.changed:
            if self._thread is None:
                raise Draining("the server is shutting down.")
            self._calls.append((future, work))
            self.changed.notify_all()
        return future.result()

    def afterwards(self, call: Callable[[], None]) -> None:
        """Schedule a listener's call for the end of the step; repeated requests give one call."""
        self._afterwards[call] = None

    @property
    def alive(self) -> bool:
        """Whether the thread steps, waits for work, or has nothing more to step."""
        thread = self._thread
        if thread is None or not self._schedulers:
            return not self._schedulers
        return thread.is_alive() and (self.waits or time.monotonic() - self.ticked < STUCK_S)

    def _run(self) -> None:
        while True:
            with self.changed:
                while not (self._calls or any(s.has_work or s.ended for s in self._schedulers)):
                    if not self._schedulers:
                        self._thread = None
                        return
                    self.waits = True
                    self.changed.wait()
                if self.waits:
                    self.waits, self.ticked = False, time.monotonic()
                self._schedulers = [s for s in self._schedulers if not s.ended]
                turn = list(self._schedulers)
                call = self._calls.popleft() if self._calls else None
                self.changed.notify_all()
            if call is not None:
                _done(*call)
            for scheduler in turn:
                self._step(scheduler)

    def _step(self, scheduler: Scheduler) -> None:
        begun = time.monotonic()
        try:
            scheduler.step()
        except Exception as error:  # a bug of ours: its rows end, the others continue
            scheduler.give_up(error)
        for call in self._afterwards:
            call()
        self._afterwards.clear()
        self.ticked = time.monotonic()
        scheduler.stats.step_s += self.ticked - begun


def _done(future: Future[T], work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # passed on to the waiting caller
        future.set_exception(error)


class Scheduler:
    """The requests of one model.

    Args:
        model: any engine; on the native one all rows of a step are one call.
        limits: its limits; the entire cache is allocated at once.
        loop: the thread that steps it; None starts a new one.
        pace: chooses the size of prompt slices.

    Raises:
        OptionError: the memory is too small for one context.
    """

    def __init__(
        self, model: Any, limits: Limits, *, loop: Loop | None = None, pace: Any = None
    ) -> None:
        self.model, self.limits = model, limits
        self.exact = bool(getattr(model, "exact_pieces", False))
        cache = model.new_cache(_slots(model, limits, self.exact))
        self.slots = Slots(cache, shared=self.exact)
        self.pace = pace or Pace()
        self.stats = Stats(slots=cache.rows)
        self.loop = loop or Loop()
        self._engine = stepping(model)
        self._most_rows = min(limits.max_rows, cache.rows)
        self._entering: list[Work] = []  # under the loop's lock; the rest belongs to the thread
        self._queue: list[Work] = []
        self._running: list[Work] = []
        self._closed = False
        self.loop.add(self)

    def submit(self, requests: Sequence[Request], listeners: Sequence[Listener]) -> Ticket:
        """Accept all of the rows, or none.

        Raises:
            QueueFull: the queue is full; the error says when to retry.
            Draining: the scheduler is closed.
            GPT2Error: what `generate` would raise for these options and prompts.
        """
        ticket = Ticket(len(requests))
        self._check(requests)
        works = [
            Work(self.model, request, listener, ticket)
            for request, listener in zip(requests, listeners, strict=True)
        ]
        with self.loop.changed:
            if self._closed:
                raise Draining("the server is shutting down and accepts no more requests.")
            self._check_room(works)
            self._entering += works
            self._count_waiting()
            self.loop.changed.notify_all()
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """End the unfinished rows of a ticket within one step, in whatever state they are."""
        with self.loop.changed:
            ticket.cancel()
            self.loop.changed.notify_all()

    def close(self, *, drain: bool) -> None:
        """Accept no more rows and wait until all have ended; without ``drain``, cancel them."""
        with self.loop.changed:
            self._closed = True
            if not drain:
                for work in [*self._entering, *self._queue, *self._running]:
                    work.ticket.cancel()
            self.loop.changed.notify_all()
            while self.has_work and self.loop.alive:
                self.loop.changed.wait(0.1)

    @property
    def alive(self) -> bool:
        """Whether the loop steps it, or it was closed."""
        return self._closed or self.loop.alive

    @property
    def has_work(self) -> bool:
        """Whether any row has not ended."""
        return bool(self._entering or self._queue or self._running)

    @property
    def ended(self) -> bool:
        """Whether it was closed and has nothing left to do."""
        return self._closed and not self.has_work

    # ---- Taking rows ----

    def _check(self, requests: Sequence[Request]) -> None:
        most = self.limits.queue_requests + self._most_rows
        if not 1 <= len(requests) <= most:
            raise InputError(f"a request must have from 1 to {most} rows, found {len(requests)}.")
        for request in requests:
            top = request.top or 0
            limit = min(getattr(self.model, "most_top", 128), self.model.config.vocab_size)
            if not 0 <= top <= limit:
                raise OptionError(f"top must be from 0 to {limit}, found {top}.")
            if len(request.ids) < (1 if request.writes else 2):
                raise InputError(
                    "a prompt must have at least one token, and at least one scored token."
                )
            if request.judged_from is not None and request.judged_from < 1:
                raise InputError(f"judged_from must be at least 1, found {request.judged_from}.")
            ids = self.model.config.vocab_size  # one invalid id would fail the entire step
            if wrong := [i for i in request.ids if not 0 <= i < ids]:
                raise InputError(
                    f"the prompt contains the token id {wrong[0]}; the model has the ids 0 to "
                    f"{ids - 1}."
                )

    def _check_room(self, works: Sequence[Work]) -> None:
        idle = max(0, self._most_rows - len(self._running))  # this many will not wait
        before = [*self._queue, *self._entering]
        waiting = [*before, *works][idle:]
        tokens = sum(work.sequence.begin for work in waiting)
        others = len(before) > idle  # a single large prompt may wait
        if len(waiting) > self.limits.queue_requests or (
            others and tokens > self.limits.queue_tokens
        ):
            self.stats.rejected += len(works)
            seconds = round(self._time_left(before), 1)
            raise QueueFull(
                f"the queue is full ({len(before)} requests are waiting): retry in {seconds:g} s.",
                seconds,
            )

    def _time_left(self, waiting: Sequence[Work]) -> float:
        """The approximate time until half of the waiting rows have started."""
        reading = self.pace.reading_s(sum(work.sequence.begin for work in waiting))
        tokens = sum(work.sequence.left for work in [*waiting, *self._running])
        writing = tokens * (self.pace.step_s or 0.0) / self._most_rows
        return min(max((reading + writing) / 2, RETRY_S[0]), RETRY_S[1])

    # ---- A step ----

    def step(self) -> None:
        """Run one step: a token of each generating row, and slices of prompts."""
        with self.loop.changed:
            self._queue += self._entering
            self._entering.clear()
        self._drop_cancelled()
        parts = [Part(work, work.piece(1)) for work in self._running if not work.in_prompt]
        rows = len(parts)
        parts += self._slices(rows)
        if parts:
            self._take(parts, rows)
        self.stats.engine_s = self._engine.spent
        self._count()

    def _take(self, parts: list[Part], rows: int) -> None:
        begin = time.monotonic()
        try:
            self._engine.take(self.slots.cache, parts)
        except Exception as error:  # of the entire call: the cache is unchanged
            for part in parts:
                part.error = error
        sliced = sum(len(part.ids) for part in parts[rows:])
        self.pace.took(rows, sliced, time.monotonic() - begin)
        self.stats.steps += 1
        for part in parts:
            self._deliver(part)

    def _deliver(self, part: Part) -> None:
        """Report a step's result for one row; an error, also in a listener, ends only that row."""
        work = part.work
        try:
            if part.error is not None:
                raise part.error
            self._advance(part)
        except Exception as error:
            self.stats.failed += 1
            self._end(work, "error", error)
            return
        if work.sequence.finish is not None:
            self.stats.finished += 1
            self._end(work, work.reason(), None)

    def _advance(self, part: Part) -> None:
        work = part.work
        assert work.slot is not None
        in_prompt = work.in_prompt
        work.slot.read += len(part.ids)
        if in_prompt:
            self.stats.prompt_tokens += len(part.ids)
            work.judged += part.judged
            if not work.in_prompt:
                self.slots.version += 1  # others may reuse its prefix now
                if (first := work.request.judged_from) is not None:
                    work.listener.prompt([*map(Token, work.request.ids[:first]), *work.judged])
                if not work.request.writes:
                    work.sequence.stop("length")
        if part.token is not None:
            self.stats.generated_tokens += 1
            work.heard(part.token)

    def _slices(self, rows: int) -> list[Part]:
        """The prompt slices of the step: shortest prompts first, until the step is long enough."""
        now = time.monotonic()

        def due(work: Work) -> float:
            return self.pace.reading_s(work.unread) - (now - work.born)

        reading = [work for work in self._running if work.in_prompt]
        room = min(self._most_rows - len(self._running), self.slots.free)
        waiting = sorted(self._queue, key=due)[:LOOKS] if room else []
        left = self.pace.slice(rows, len(reading) + min(room, len(waiting)))
        parts: list[Part] = []
        for work in sorted(reading + waiting, key=due):
            if left > 0 and (work.slot is not None or self._try_start(work, room)):
                room -= work in waiting
                parts.append(Part(work, work.piece(left if self.exact else work.unread)))
                left -= len(parts[-1].ids)
        return parts

    def _try_start(self, work: Work, room: int) -> bool:
        """Whether a queued row starts now, not waiting for another row to read a shared prefix."""
        if work.seen != self.slots.version:
            work.seen = self.slots.version
            ids = work.sequence.ids[: work.request.judged_from]
            work.match = self.slots.find(work.request.tenant, ids)
        if room < 1 or work.match.worth_waiting:
            return False
        self._start(work)
        return True

    def _start(self, work: Work) -> None:
        with self.loop.changed:
            self._queue.remove(work)
            self._running.append(work)
        work.started = time.monotonic()
        prompt = tuple(work.sequence.ids)
        work.slot, work.cached = self.slots.take(work.request.tenant, prompt, work.match)
        self.stats.prefix_queries += len(prompt)
        self.stats.prefix_hits += work.cached

    # ---- Ends ----

    def give_up(self, error: Exception) -> None:
        """End every row with an error."""
        for work in [*self._queue, *self._running]:
            self.stats.failed += 1
            self._end(work, "error", error)
        self._count()

    def _drop_cancelled(self) -> None:
        for work in [w for w in [*self._queue, *self._running] if w.ticket.cancelled]:
            work.sequence.stop("cancelled")
            self.stats.cancelled += 1
            self._end(work, "cancelled", None)

    def _end(self, work: Work, reason: Reason, error: Exception | None) -> None:
        with self.loop.changed:
            for rows in (self._running, self._queue):
                if work in rows:
                    rows.remove(work)
        if work.slot is not None:
            if error is None or isinstance(error, GPT2Error):
                self.slots.give_back(work.slot, work.sequence.ids)
            else:
                self.slots.drop(work.slot)
        work.match = Match()
        try:
            work.listener.end(reason, error, work.facts())
        except Exception:  # its listener has gone
            self.stats.failed += 1

    def _count(self) -> None:
        with self.loop.changed:
            self._count_waiting()
            self.stats.running = len(self._running)
            room = self.slots.cache.rows * self.slots.cache.capacity
            self.stats.kv_usage = self.slots.busy_tokens / room
            if not self.has_work:
                self.loop.changed.notify_all()

    def _count_waiting(self) -> None:
        self.stats.waiting = len(self._entering) + len(self._queue)


def _slots(model: Any, limits: Limits, exact: bool) -> int:
    """The number of contexts that fit in memory; those beyond ``max_rows`` cache what was read."""
    each = _context_bytes(model)
    fit = limits.memory_bytes // each
    if fit < 1:
        raise OptionError(
            f"the KV cache of one context takes {each:,} bytes, but the limit is "
            f"{limits.memory_bytes:,}: allow more memory."
        )
    return int(min(fit, limits.max_rows * (4 if exact else 1)))


def _context_bytes(model: Any) -> int:
    """The bytes of keys and values of one full context."""
    size = getattr(model.new_cache(1), "nbytes", None)  # allocates no memory
    c = model.config
    return int(size) if size else 2 * 4 * c.n_layer * c.n_positions * c.n_embd
