"""`Writer`: generates text for a single caller, using the server's scheduler."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from typing import Any

from gpt2.generation.config import GenerationConfig
from gpt2.serving.scheduler import Facts, Limits, Reason, Request, Scheduler, Token

ROWS = 4  # contexts to keep, for what was read of other branches


_ONE = GenerationConfig(max_new_tokens=1)


class _Ear:
    """Listens to a row and passes its events to the waiting thread."""

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
    """Generates text for one caller and keeps what it has read.

    Args:
        model: any engine with its tokenizer.
        top: the number of top tokens to return with each token.
    """

    def __init__(self, model: Any, top: int) -> None:
        self.top = min(top, model.config.vocab_size)
        size = getattr(model.new_cache(1), "nbytes", 1)
        self._scheduler = Scheduler(model, Limits(memory_bytes=ROWS * size, max_rows=1))

    def write(self, ids: Sequence[int], options: GenerationConfig, row: int) -> Iterator[Token]:
        """Yield the next tokens as they come; leaving the loop ends the generation.

        Raises what the scheduler raises for invalid options, and the error that ended the text.
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
        """The most probable token after a text, with the other top tokens."""
        return next(self.write(ids, _ONE, 0))

    def judge(self, ids: Sequence[int]) -> list[Token]:
        """The tokens of a text, each with its log-probability and the top tokens in its place."""
        ear = _Ear()
        request = Request(tuple(ids), _ONE, 0, self.top, judged_from=1, writes=False)
        self._scheduler.submit([request], [ear])
        news = ear.news.get()
        if isinstance(news, Exception):
            raise news
        return ear.judged

    def close(self) -> None:
        """End the generation."""
        self._scheduler.close(drain=False)
