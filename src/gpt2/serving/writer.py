"""`Writer`: a text written on, for one who waits for it; the scheduler of the server writes it."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from typing import Any

from gpt2.generation.config import GenerationConfig
from gpt2.serving.scheduler import Facts, Limits, Reason, Request, Scheduler, Token

ROWS = 4  # contexts that are kept: what was read of other branches


_ONE = GenerationConfig(max_new_tokens=1)


class _Ear:
    """Listens, and hands over to the thread that waits."""

    def __init__(self) -> None:
        self.news: queue.SimpleQueue[Token | Exception | None] = queue.SimpleQueue()
        self.judged: list[Token] = []

    def prompt(self, tokens: Sequence[Token]) -> None:
        self.judged = list(tokens)

    def token(self, token: Token) -> bool:
        self.news.put(token)
        return True

    def end(self, reason: Reason, error: Exception | None, facts: Facts) -> None:
        self.news.put(error)


class Writer:
    """Writes for one reader, and keeps what it has read.

    Args:
        model: any engine with its tokenizer.
        top: so many likeliest tokens are told with each.
    """

    def __init__(self, model: Any, top: int) -> None:
        self.top = min(top, model.config.vocab_size)
        size = getattr(model.new_cache(1), "nbytes", 1)
        self._scheduler = Scheduler(model, Limits(memory_bytes=ROWS * size, max_rows=1))

    def write(self, ids: Sequence[int], options: GenerationConfig, row: int) -> Iterator[Token]:
        """The tokens that follow, as they come; who leaves the loop ends it.

        Raises what the scheduler raises for options that cannot be, and what ended the text.
        """
        ear = _Ear()
        ticket = self._scheduler.submit([Request(tuple(ids), options, row, self.top)], [ear])
        try:
            while isinstance(news := ear.news.get(), Token):
                yield news
            if news is not None:
                raise news
        finally:
            self._scheduler.cancel(ticket)

    def next(self, ids: Sequence[int]) -> Token:
        """The likeliest token after a text, with the others."""
        return next(self.write(ids, _ONE, 0))

    def judge(self, ids: Sequence[int]) -> list[Token]:
        """The tokens of a text, each with its probability and the likeliest in its place."""
        ear = _Ear()
        request = Request(tuple(ids), _ONE, 0, self.top, judged_from=1, writes=False)
        self._scheduler.submit([request], [ear])
        news = ear.news.get()
        if isinstance(news, Exception):
            raise news
        return ear.judged

    def close(self) -> None:
        """End what is written."""
        self._scheduler.close(drain=False)
