"""Calls of the core that choose or score tokens, so that the logits never reach Python."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.engine import Answer, Ask, Logits, Sampling
from gpt2.errors import InputError, OptionError
from gpt2.generation.sampling import likeliest, refuse_undecided
from gpt2.native.asking import MOST_TOP, Asking, ask_in_pieces, draw_of
from gpt2.native.batch import Batch, Step, whole_number
from gpt2.native.cache import NativeCache, undone
from gpt2.native.calls import PIECE, Calls, Floats, check_mode
from gpt2.native.library import LOGITS, check, core

Ints = npt.NDArray[np.int32]


class ChoosingCalls(Calls):
    """The part of `NativeEngine` that is a `ChoosingEngine`, `ScoringEngine` and `AskedEngine`."""

    most_top = MOST_TOP

    def extend_top(
        self,
        cache: NativeCache,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None = None,
        k: int = 1,
        logits: Logits = "last",
    ) -> tuple[Ints, Floats]:
        """Append tokens and return the k largest logits; see `gpt2.engine.ChoosingEngine`."""
        check_mode(logits, ("last", "all"))
        k = whole_number(k, "k")
        if not 1 <= k <= min(MOST_TOP, self.config.vocab_size):
            raise OptionError(
                f"k must be at least 1 and at most {min(MOST_TOP, self.config.vocab_size)}, "
                f"found {k}."
            )
        batch = Batch(cache, ids, rows)
        wanted = batch.count_logits(logits)
        top, values = np.empty((wanted, k), np.int32), np.empty((wanted, k), np.float32)
        places = top.ctypes.data, values.ctypes.data

        def call(piece: Batch, mode: Logits, begin: int) -> int:
            into = (place + 4 * k * begin for place in places)
            return core().gpt2_extend_top(*self._call(piece, mode), k, *into)

        self._run(batch, logits, call)
        return top, values

    def extend_draw(
        self,
        cache: NativeCache,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None,
        sampling: Sampling,
        noise: Sequence[float],
        logits: Logits = "last",
    ) -> list[int]:
        """Append tokens and sample the next ones; see `gpt2.engine.ChoosingEngine`."""
        check_mode(logits, ("last", "all"))
        batch = Batch(cache, ids, rows)
        wanted = batch.count_logits(logits)
        if len(noise) != wanted:
            raise InputError(f"{wanted} draws require as many noise values, found {len(noise)}.")
        numbers, tokens = array("d", noise), array("i", bytes(4 * wanted))
        first, into = numbers.buffer_info()[0], tokens.buffer_info()[0]
        how = draw_of(sampling)

        def call(piece: Batch, mode: Logits, begin: int) -> int:
            places = first + 8 * begin, into + 4 * begin
            return core().gpt2_extend_draw(*self._call(piece, mode), how, *places)

        self._run(batch, logits, call)
        return tokens.tolist()

    def stepper(
        self, cache: NativeCache, sampling: Sampling | None
    ) -> Callable[[list[int], list[float]], list[int]]:
        """A function that reads one token per row; see `gpt2.engine.ChoosingEngine`."""
        if cache.rows > PIECE:  # too many for one call of the core
            return lambda tokens, noise: self._slow_step(cache, sampling, tokens, noise)
        step = Step(cache)
        call = self.handle, cache.handle, cache.rows, *step.places, LOGITS["last"]
        if sampling is None:
            choose = partial(core().gpt2_extend_top, *call, 1, step.tokens_at, step.values_at)
        else:
            how = draw_of(sampling)
            choose = partial(core().gpt2_extend_draw, *call, how, step.noise_at, step.tokens_at)
        ids, numbers = step.ids, step.noise

        def take(tokens: list[int], noise: list[float]) -> list[int]:
            for row, token in enumerate(tokens):
                ids[row] = token
            for row, number in enumerate(noise):
                numbers[row] = number
            if status := choose():
                self._check(status)
            if sampling is None and (total := sum(step.values)) != total:  # NaN
                refuse_undecided()
            return step.tokens.tolist()  # the closure keeps the core's buffers alive

        return take

    def _slow_step(
        self, cache: NativeCache, sampling: Sampling | None, tokens: list[int], noise: list[float]
    ) -> list[int]:
        ids = [[token] for token in tokens]
        if sampling is not None:
            return self.extend_draw(cache, ids, None, sampling, noise)
        return likeliest(self.extend_top(cache, ids))

    score_tokens = PIECE

    def extend_logprobs(
        self,
        cache: NativeCache,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None = None,
        *,
        targets: Sequence[Any] | Any,
    ) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Append tokens and score the target after each; see `gpt2.engine.ScoringEngine`."""
        batch = Batch(cache, ids, rows)
        wanted = Batch(cache, targets, rows)
        if wanted.counts != batch.counts:
            raise InputError("targets must have the shape of the ids.")
        judged = wanted.flat
        logprobs = np.zeros(len(judged), np.float32)
        greedy = np.zeros(len(judged), np.bool_)
        places = judged.buffer_info()[0], logprobs.ctypes.data, greedy.ctypes.data
        sizes = judged.itemsize, logprobs.itemsize, greedy.itemsize

        def call(piece: Batch, begin: int) -> None:
            at = (place + size * begin for place, size in zip(places, sizes, strict=True))
            self._check(core().gpt2_extend_logprobs(*self._call(piece, "none")[:-1], *at))

        if self._tap is not None:  # it must see the complete call
            call(batch, 0)
            return logprobs, greedy
        check(core().gpt2_check(*self._call(batch, "none")[:-1]))
        with undone(cache, batch):
            begin = 0
            for piece in batch.slices(PIECE):
                call(piece, begin)
                begin += len(piece.flat)
        return logprobs, greedy

    def extend_asked(
        self,
        cache: NativeCache,
        ids: Sequence[Any] | Any,
        rows: Sequence[int] | None,
        asks: Sequence[tuple[int, Ask]],
    ) -> list[Answer]:
        """Append tokens and answer requests about some; see `gpt2.engine.AskedEngine`."""
        batch, asking = Batch(cache, ids, rows), Asking(asks, self.config.vocab_size)

        def call(piece: Batch, wishes: tuple[Any, ...]) -> None:
            self._check(core().gpt2_extend_asked(*self._call(piece, "none")[:-1], *wishes))

        if len(batch.flat) <= PIECE or self._tap is not None:  # a tap must see the complete call
            call(batch, asking.call(0, len(asks), 0))
            return asking.collect()
        check(core().gpt2_check(*self._call(batch, "none")[:-1]))
        with undone(cache, batch):
            ask_in_pieces(batch, asking, PIECE, call)
        return asking.collect()

    def draw(self, logits: Floats, sampling: Sampling, noise: Sequence[float]) -> list[int]:
        """The tokens `extend_draw` would sample from these logits [R, vocab_size]."""
        rows = np.ascontiguousarray(logits, np.float32)
        if rows.shape != (len(noise), self.config.vocab_size):
            raise InputError(
                f"{len(noise)} draws require logits of shape [{len(noise)}, "
                f"{self.config.vocab_size}], found {list(rows.shape)}."
            )
        numbers, tokens = array("d", noise), array("i", bytes(4 * len(noise)))
        places = numbers.buffer_info()[0], tokens.buffer_info()[0]
        check(
            core().gpt2_draw(self.handle, len(rows), rows.ctypes.data, draw_of(sampling), *places)
        )
        return tokens.tolist()
