"""Per-row requests of a call to the core and their answers (``gpt2_extend_asked``)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.engine import Answer, Ask, Sampling
from gpt2.errors import InputError, OptionError
from gpt2.native.batch import INT32, Batch, whole_number
from gpt2.native.library import AnswerStruct, AskStruct, Draw

MOST_TOP = 128  # csrc/select.h: the largest k for top-k
CHOICES = {"none": 0, "given": 1, "largest": 2, "drawn": 3}  # gpt2_choice


@lru_cache(64)
def draw_of(sampling: Sampling) -> Draw:
    """``gpt2_sampling``."""
    s = sampling
    top_k = min(s.top_k, INT32.max)  # larger than any vocabulary, so no limit
    return Draw(s.temperature, top_k, s.top_p, s.min_p, s.typical_p, s.epsilon_cutoff,
                s.eta_cutoff, s.renormalize_logits)  # fmt: skip


class Asking:
    """The requests of one call in the core's format, and buffers for the answers."""

    def __init__(self, asks: Sequence[tuple[int, Ask]], vocabulary: int) -> None:
        self.asks = [ask for _, ask in asks]
        self.places = [at for at, _ in asks]
        self.k = max((ask.top or 0 for ask in self.asks), default=0)
        most = min(MOST_TOP, vocabulary)
        if self.k > most:
            raise OptionError(f"top must be at most {most}, found {self.k}.")
        n = len(asks)
        whole = [i for i, ask in enumerate(self.asks) if ask.logits]
        lines = np.empty((len(whole), vocabulary), np.float32)
        self.lines: dict[int, npt.NDArray[np.float32]] = dict(zip(whole, lines, strict=True))
        self.given = (AskStruct * n)(*map(self._struct, range(n)))
        self.answers = (AnswerStruct * n)()
        self.ids = np.empty((n, self.k), np.int32)
        self.logprobs = np.empty((n, self.k), np.float32)

    def _struct(self, i: int) -> AskStruct:
        ask = self.asks[i]
        if ask.choice not in CHOICES:
            raise OptionError(f"choice must be one of {', '.join(CHOICES)}, found {ask.choice!r}.")
        top = -1 if ask.top is None else ask.top
        token = whole_number(ask.token, "a token to score")
        line = self.lines.get(i)
        return AskStruct(
            self.places[i], CHOICES[ask.choice], token, top, draw_of(ask.sampling), ask.noise,
            None if line is None else line.ctypes.data,
        )  # fmt: skip

    def call(self, begin: int, end: int, shift: int) -> tuple[Any, ...]:
        """The arguments of a call for the requests from ``begin`` to ``end``.

        The first token of the call has index ``shift`` among all.
        """
        for i in range(begin, end):
            self.given[i].at = self.places[i] - shift
        size = 4 * self.k * begin
        return (
            end - begin,
            ctypes.byref(self.given, ctypes.sizeof(AskStruct) * begin),
            self.k,
            ctypes.byref(self.answers, ctypes.sizeof(AnswerStruct) * begin),
            self.ids.ctypes.data + size,
            self.logprobs.ctypes.data + size,
        )

    def collect(self) -> list[Answer]:
        """The answers."""
        tops, logprobs = self.ids.tolist(), self.logprobs.tolist()
        return [self._answer(i, tops[i], logprobs[i]) for i in range(len(self.asks))]

    def _answer(self, i: int, top: list[int], logprobs: list[float]) -> Answer:
        ask, answer, line = self.asks[i], self.answers[i], self.lines.get(i)
        token = None if answer.token < 0 else answer.token
        if ask.top is None:
            return Answer(token, logits=line)
        return Answer(
            token,
            None if token is None else answer.logprob,
            tuple(top[: ask.top]),
            tuple(logprobs[: ask.top]),
            answer.largest,
            answer.log_sum,
            line,
        )


def ask_in_pieces(
    batch: Batch, asking: Asking, size: int, call: Callable[[Batch, tuple[Any, ...]], None]
) -> None:
    """Run ``call(piece, arguments)`` for at most ``size`` tokens at a time with their requests."""
    held = begin = 0
    for piece in batch.slices(size):
        upto, end = held + len(piece.flat), begin
        while end < len(asking.places) and asking.places[end] < upto:
            end += 1
        call(piece, asking.call(begin, end, held))
        held, begin = upto, end
    if begin < len(asking.places):
        raise InputError("asks must name new tokens of this call, each once and in order.")
