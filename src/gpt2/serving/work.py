"""`Work`: the state of one row of a request, from the queue to its end."""

from __future__ import annotations

import time
from typing import Any

from gpt2.generation.sequences import Finish, single
from gpt2.serving.requests import Facts, Listener, Reason, Request, Ticket, Token
from gpt2.serving.slots import Match, Slot


class Work:
    """A row of a request, its sequence and its progress.

    Raises what `gpt2.generation.sequences.single` raises for invalid options.
    """

    def __init__(self, model: Any, request: Request, listener: Listener, ticket: Ticket) -> None:
        self.request, self.listener, self.ticket = request, listener, ticket
        read = request.ids if request.writes else request.ids[:-1]  # the last token is only scored
        self.sequence = single(
            model.config, request.config, list(read), row=request.row,
            processors=request.processors, tokenizer=model.tokenizer,
        )  # fmt: skip
        self.shortcut = self.sequence.policy.shortcut(model)
        self.born = time.monotonic()
        self.slot: Slot | None = None
        self.match, self.seen = Match(), -1  # its cached prefix, and the version of the slots
        self.judged: list[Token] = []  # tokens of the prompt
        self.cached = 0
        self.started = self.first = 0.0  # times

    @property
    def read(self) -> int:
        """The number of tokens in its slot."""
        return self.slot.read if self.slot else self.match.read

    @property
    def unread(self) -> int:
        """The number of tokens to read before the next one can be chosen."""
        return len(self.sequence.ids) - self.read

    @property
    def in_prompt(self) -> bool:
        """Whether part of the prompt is still unread."""
        return self.read < self.sequence.begin

    def piece(self, most: int) -> list[int]:
        """The next tokens to read, at most ``most``."""
        read = self.read
        return self.sequence.ids[read : read + most]

    def heard(self, token: Token) -> None:
        """Add a token, report it, and check whether the row ends."""
        self.first = self.first or time.monotonic()
        self.sequence.append(token.id)
        if not self.listener.token(token):
            self.sequence.stop("criterion")

    def reason(self) -> Reason:
        """The finish reason, as listeners receive it."""
        finish: Finish | None = self.sequence.finish
        if finish in ("length", "time"):
            return "length"
        return "cancelled" if finish == "cancelled" else "stop"

    def facts(self) -> Facts:
        """The outcome of the row."""
        return Facts(
            self.sequence.begin,
            self.cached,
            len(self.sequence.text) - self.sequence.begin,
            (self.started or time.monotonic()) - self.born,
            self.first - self.born if self.first else 0.0,
        )
