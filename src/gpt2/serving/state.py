"""The state that all requests of a server share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.requests import Request

from gpt2.serving.errors import ApiError, shutting_down, timeout_error
from gpt2.serving.keys import Keys, Tenant
from gpt2.serving.metrics import Metrics
from gpt2.serving.models import Models, Turns
from gpt2.serving.rows import Outbox
from gpt2.serving.settings import ServeOptions

T = TypeVar("T")
log = logging.getLogger("gpt2.serving")
MOST_WHOLE = 32  # calls that wait for exclusive use of an engine, or have it


class ClientGoneError(Exception):
    """The client has disconnected."""


@dataclass
class State:
    """The state of a server.

    ``draining`` is set from the shutdown signal on, ``loading`` until all models are loaded.
    """

    options: ServeOptions
    models: Models
    keys: Keys
    metrics: Metrics
    draining: bool = False
    loading: bool = False
    active: int = 0  # requests in progress
    outbox: Outbox = field(default_factory=Outbox)
    workers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8))

    def check_open(self) -> None:
        """Raise `ApiError` if no requests are accepted."""
        if self.draining:
            raise shutting_down()
        if self.loading or not self.models:
            raise ApiError("the server is still loading its models.", status=503, code="loading",
                           retry_after=2)  # fmt: skip

    def tenant(self, request: Request) -> Tenant:
        """The tenant of a request."""
        return request.state.tenant

    def prefix_group(self, request: Request) -> str:
        """The group within which prompts share KV cache prefixes."""
        return "" if self.options.share_prefixes else self.tenant(request).name

    async def whole_engine(
        self, request: Request, turns: Turns, work: Callable[[Callable[[], None]], T]
    ) -> T:
        """Run work that calls an engine directly in a thread, one request per engine at a time.

        ``work`` receives a function to call regularly, which raises if the client has disconnected
        or the time of the request is over. Raises `ApiError` in the second case.
        """
        if turns.calls >= MOST_WHOLE:
            raise ApiError("too many requests are waiting for the model: retry later.", status=429,
                           code="queue_full", retry_after=5)  # fmt: skip
        gone = False

        def check() -> None:
            if gone:
                raise ClientGoneError

        async def take_turn() -> T:
            async with turns.lock:  # a waiting request takes no thread from those of other engines
                check()
                return await asyncio.get_running_loop().run_in_executor(self.workers, work, check)

        turns.calls += 1
        try:
            # The turn ends with the work: a request that is cancelled does not free the engine.
            turn = asyncio.shield(asyncio.ensure_future(take_turn()))
            return await asyncio.wait_for(unless_gone(request, turn), self.options.max_seconds)
        except TimeoutError:
            raise timeout_error("request", self.options.max_seconds) from None
        finally:
            gone = True
            turns.calls -= 1


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """The result of ``work``; if the client leaves first, cancel it and raise `ClientGoneError`."""
    task: Any = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(request.receive())  # the body was read: only a disconnect can come
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGoneError
        return task.result()
    finally:
        for one in (task, gone):
            if not one.done():
                one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)
