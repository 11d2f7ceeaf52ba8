"""What all requests of a server share."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.requests import Request

from gpt2.serving.errors import ApiError, shutting_down
from gpt2.serving.keys import Keys, Tenant
from gpt2.serving.metrics import Metrics
from gpt2.serving.models import Models, Served
from gpt2.serving.rows import Outbox
from gpt2.serving.settings import ServeOptions

T = TypeVar("T")
log = logging.getLogger("gpt2.serving")
MOST_WHOLE = 32  # calls that wait for an engine of their own


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


@dataclass
class State:
    """Of one server: ``draining`` from the signal to end on, ``loading`` until all models are
    there."""

    options: ServeOptions
    models: Models
    keys: Keys
    metrics: Metrics
    draining: bool = False
    loading: bool = False
    active: int = 0  # requests in work
    whole: int = 0  # calls that need an engine for themselves
    outbox: Outbox = field(default_factory=Outbox)
    workers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8))

    def check_open(self) -> None:
        """Raise `ApiError` where no requests are taken."""
        if self.draining:
            raise shutting_down()
        if self.loading or not self.models:
            raise ApiError("the server is still loading its models.", status=503, code="loading",
                           retry_after=2)  # fmt: skip

    def tenant(self, request: Request) -> Tenant:
        """Whose request it is."""
        found: Tenant = request.state.tenant
        return found

    def prefix_group(self, request: Request) -> str:
        """Within which keys and values of prompts are shared."""
        return "" if self.options.share_prefixes else self.tenant(request).name

    async def whole_engine(
        self,
        request: Request,
        served: Served,
        work: Callable[[Callable[[], None]], T],
        lock: threading.Lock | None = None,
    ) -> T:
        """Run what calls the engine itself, one such request of a model at a time, in a thread.

        ``work`` gets a function to call now and then, which raises once nobody waits. ``lock`` is
        that of another engine than the one that writes.
        """
        if self.whole >= MOST_WHOLE:
            raise ApiError("too many calls wait for the model: try again later.", status=429,
                           code="queue_full", retry_after=5)  # fmt: skip
        gone = False

        def check() -> None:
            if gone:
                raise ClientGoneError

        def run() -> T:
            with lock or served.whole:
                check()
                return work(check)

        self.whole += 1
        try:
            done = asyncio.get_running_loop().run_in_executor(self.workers, run)
            return await unless_gone(request, done)
        except BaseException:
            gone = True
            raise
        finally:
            self.whole -= 1


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """The result of ``work``; `ClientGoneError` where the client left before, and it is ended."""
    task: Any = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(request.receive())  # the body was read: only a disconnect is left
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGoneError
        result: T = task.result()
        return result
    finally:
        for one in (task, gone):
            if not one.done():
                one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)
