"""Listeners that keep what they hear, and requests for the scheduler's tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gpt2.generation.config import GenerationConfig
from gpt2.serving.scheduler import Facts, Request, Token

PATIENCE = 120  # seconds; a busy machine is slow


@dataclass
class Heard:
    """Everything one row was told."""

    stop_after: int | None = None  # tokens
    on_token: Callable[[Heard], None] | None = None
    prompt_tokens: list[Token] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    reason: str | None = None
    error: Exception | None = None
    facts: Facts = field(default_factory=Facts)
    done: threading.Event = field(default_factory=threading.Event)

    def prompt(self, tokens: Sequence[Token]) -> None:
        assert not self.tokens
        assert not self.prompt_tokens
        self.prompt_tokens = list(tokens)

    def token(self, token: Token) -> bool:
        assert self.reason is None
        self.tokens.append(token)
        if self.on_token is not None:
            self.on_token(self)
        return len(self.tokens) != self.stop_after

    def end(self, reason: str, error: Exception | None, facts: Facts) -> None:
        assert self.reason is None, "an end is told once"
        self.reason, self.error, self.facts = reason, error, facts
        self.done.set()

    def wait(self) -> Heard:
        assert self.done.wait(PATIENCE)
        return self

    @property
    def ids(self) -> list[int]:
        return [token.id for token in self.tokens]


def request(ids: Sequence[int], **options: Any) -> Request:
    """A request; what `Request` has no name for are options of decoding."""
    own = {n: options.pop(n) for n in list(options) if n in Request.__dataclass_fields__}
    return Request(tuple(ids), GenerationConfig(**options), **own)


def alone(model: Any, asked: Request) -> list[int]:
    """What ``generate`` writes for a request of row 0, with the end-of-text token."""
    assert asked.row == 0
    return list(model.stream(list(asked.ids), **asked.config.to_dict()))
