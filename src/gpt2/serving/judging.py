"""Log-probabilities of given tokens, computed by scheduler rows that generate nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from starlette.requests import Request as Asked

from gpt2.generation.config import GenerationConfig
from gpt2.serving.errors import timeout_error
from gpt2.serving.models import Served
from gpt2.serving.scheduler import Facts, Request, Token
from gpt2.serving.state import State, unless_gone

_OPTIONS = GenerationConfig(max_new_tokens=1)


class _Row:
    """Listens to one row, in the stepping thread."""

    def __init__(self, tell: Callable[[Exception | None], None]) -> None:
        self.tokens: list[Token] = []
        self._tell = tell

    def prompt(self, tokens: Sequence[Token]) -> None:
        self.tokens = list(tokens)

    def token(self, token: Token) -> bool:
        return False  # it never generates one

    def end(self, reason: str, error: Exception | None, facts: Facts) -> None:
        self._tell(error)


async def judge(
    state: State, asked: Asked, served: Served, rows: Sequence[tuple[list[int], int]]
) -> list[list[Token]]:
    """For each (ids, first): the tokens from ``first`` on, with the top alternatives of each.

    Raises what the scheduler raises, `ApiError` if the request times out, and `ClientGoneError`.
    """
    loop, ended = asyncio.get_running_loop(), asyncio.Queue[Exception | None]()

    def tell(error: Exception | None) -> None:
        loop.call_soon_threadsafe(ended.put_nowait, error)

    tenant, scheduler = state.prefix_group(asked), served.writing()
    listeners = [_Row(tell) for _ in rows]
    requests = [Request(tuple(ids), _OPTIONS, top=1, judged_from=first, writes=False,
                        tenant=tenant) for ids, first in rows]  # fmt: skip
    ticket = scheduler.submit(requests, listeners)

    async def all_ended() -> None:
        for _ in rows:
            if (error := await ended.get()) is not None:
                raise error

    try:
        await asyncio.wait_for(unless_gone(asked, all_ended()), state.options.max_seconds)
    except TimeoutError:
        raise timeout_error("request", state.options.max_seconds) from None
    finally:
        scheduler.cancel(ticket)
    return [row.tokens[first:] for row, (_, first) in zip(listeners, rows, strict=True)]
