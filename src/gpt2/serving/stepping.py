"""Runs one step of an engine for rows with different options."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from gpt2.engine import Answer, Ask, AskedEngine
from gpt2.generation import arrays
from gpt2.generation.sampling import from_global, refuse_undecided
from gpt2.serving.requests import Token
from gpt2.serving.work import Work


@dataclass
class Part:
    """One row in a step: it reads ``ids``, and after the last token chooses the next one."""

    work: Work
    ids: list[int]
    judged: list[Token] = field(default_factory=list)  # tokens of the prompt
    token: Token | None = None  # the next token
    error: Exception | None = None

    @property
    def chooses(self) -> bool:
        """Whether the step reads all remaining tokens, so that the next one can be chosen."""
        return self.work.request.writes and len(self.ids) == self.work.unread

    def targets(self) -> list[tuple[int, int]]:
        """The prompt tokens to score, each with the index of the id before it."""
        request, begin = self.work.request, self.work.read + 1
        if request.judged_from is None:
            return []
        places = range(max(begin, request.judged_from),
                       min(begin + len(self.ids), len(request.ids)))  # fmt: skip
        return [(at - begin, request.ids[at]) for at in places]


class Stepping(Protocol):
    """How an engine takes a step."""

    spent: float  # total seconds in the engine

    def take(self, cache: Any, parts: Sequence[Part]) -> None:
        """Read the ids of each part into the cache and fill in its results."""


def stepping(engine: Any) -> Stepping:
    """The best `Stepping` for an engine."""
    return Asked(engine) if isinstance(engine, AskedEngine) else Plain(engine)


class Asked:
    """All rows in one call, for an engine that supports a separate request per row."""

    def __init__(self, engine: AskedEngine) -> None:
        self.engine, self.spent = engine, 0.0

    def take(self, cache: Any, parts: Sequence[Part]) -> None:
        """See `Stepping`."""
        asks: list[tuple[int, Ask]] = []
        begin, owners = 0, []
        for part in parts:
            targets = part.targets()
            for i, target in targets:
                asks.append((begin + i, Ask("given", target, top=part.work.request.top or 0)))
            begin += len(part.ids)
            if part.chooses:
                asks.append((begin - 1, _wish(part.work)))
            owners.append((part, len(targets)))
        rows = [part.work.slot.row for part in parts if part.work.slot]
        begun = time.monotonic()
        answers = iter(self.engine.extend_asked(cache, [part.ids for part in parts], rows, asks))
        self.spent += time.monotonic() - begun
        for part, judged in owners:
            part.judged = [_token(next(answers)) for _ in range(judged)]
            if part.chooses:
                answer = next(answers)
                try:
                    part.token = _choose(part.work, answer)
                except Exception as error:  # caused only by this row's options or processors
                    part.error = error


def _wish(work: Work) -> Ask:
    top, sequence = work.request.top, work.sequence
    if work.shortcut is None:
        return Ask(top=top, logits=True)
    if work.shortcut.how is None:
        return Ask("largest", top=top)
    noise = sequence.noise()
    if noise is None:
        (noise,) = from_global(1)
    return Ask("drawn", sampling=work.shortcut.how, noise=noise, top=top)


def _choose(work: Work, answer: Answer) -> Token:
    if work.shortcut is not None:
        if answer.token is None:
            refuse_undecided()
        return _token(answer)
    token = work.sequence.choose(answer.logits[None])
    if work.request.top is None:
        return Token(token)
    logit = float(answer.logits[token])
    logprob = float(np.float32(logit - answer.largest - answer.log_sum))
    return Token(token, logprob, answer.top_ids, answer.top_logprobs)


def _token(answer: Answer) -> Token:
    assert answer.token is not None  # given, or checked before
    return Token(answer.token, answer.logprob, answer.top_ids, answer.top_logprobs)


class Plain:
    """Row by row, for any engine: the result of a row does not depend on the others."""

    def __init__(self, engine: Any) -> None:
        self.engine, self.spent = engine, 0.0

    def take(self, cache: Any, parts: Sequence[Part]) -> None:
        """See `Stepping`; a part that fails does not affect the others."""
        for part in parts:
            try:
                self._one(cache, part)
            except Exception as error:
                part.error = error

    def _one(self, cache: Any, part: Part) -> None:
        work, targets = part.work, part.targets()
        assert work.slot is not None
        mode = "all" if targets else "last" if part.chooses else "none"
        begun = time.monotonic()
        logits = self.engine.extend(cache, [part.ids], [work.slot.row], mode)
        self.spent += time.monotonic() - begun
        top = work.request.top
        part.judged = [score_token(token, logits[i], top or 0) for i, token in targets]
        if part.chooses:
            token = work.sequence.choose(logits[-1:])
            part.token = Token(token) if top is None else score_token(token, logits[-1], top)


def score_token(token: int, logits: Any, top: int) -> Token:
    """A token with its log-probability and the ``top`` largest ones, from logits [V]."""
    line = arrays.to_numpy(arrays.float32(logits)).astype(np.float64)
    logs = (line - line.max() - np.log(np.exp(line - line.max()).sum())).astype(np.float32)
    best = np.argsort(-line, kind="stable")[:top]
    return Token(token, float(logs[token]), tuple(best.tolist()), tuple(logs[best].tolist()))
