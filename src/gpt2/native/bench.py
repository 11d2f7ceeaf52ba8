"""How fast the native engine is on this machine, and how fast it could be.

`gpt2 bench` prints these figures, benchmarks/ keeps them.
"""

from __future__ import annotations

import ctypes
import dataclasses
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.checkpoint.names import expected_shapes
from gpt2.config import GPT2Config
from gpt2.errors import InputError, OptionError
from gpt2.native.engine import NativeEngine
from gpt2.native.library import check, core
from gpt2.native.threads import thread_count

PROBED = 512 << 20  # bytes read in turn: more than the last cache of any processor of today
SHORT, LONG = 32, 512  # tokens of a prompt
Progress = Callable[[int, int], None]  # steps done, of how many


@dataclasses.dataclass(frozen=True)
class Limits:
    """What the machine gives the engine's threads at most."""

    read: float  # bytes a second from memory
    multiply: float  # fp32 operations a second, a multiply-add counting as two


@dataclasses.dataclass(frozen=True)
class Rate:
    """Tokens a second: the median turn, the slowest and the fastest."""

    median: float
    min: float
    max: float


def probe(
    threads: int | None = None,
    kernels: str | None = None,
    *,
    size: int = PROBED,
    seconds: float = 0.5,
) -> Limits:
    """Measure the limits; each takes about ``seconds``, and the memory ``size`` bytes.

    Raises `OptionError` for kernels this processor cannot run.
    """
    read, multiply = ctypes.c_double(), ctypes.c_double()
    name = kernels.encode() if kernels is not None else None
    rates = (ctypes.byref(read), ctypes.byref(multiply))
    try:
        check(core().gpt2_probe(thread_count(threads), name, size, seconds, *rates))
    except InputError as error:
        raise OptionError(str(error)) from None
    return Limits(read.value, multiply.value)


class RandomWeights(Mapping[str, npt.NDArray[Any]]):
    """Weights of a shape, made when asked for: speed does not depend on what they are."""

    def __init__(self, config: GPT2Config) -> None:
        self.shapes = expected_shapes(config)
        values = np.random.default_rng(0).standard_normal(1_000_003, np.float32)
        self.numbers = values * np.float32(0.05)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        shape = self.shapes[name]
        return np.resize(self.numbers, (math.prod(shape),)).reshape(shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)


def operations(config: GPT2Config, prompt: int) -> float:
    """Multiplications and additions in reading a prompt up to the logits after its last token."""
    d = config.n_embd
    layers = 2 * config.n_layer * (4 * d * d + 2 * d * config.inner)
    attention = 4 * d * config.n_layer * (prompt + 1) / 2  # scores and mixture, on the average
    return prompt * (layers + attention) + 2 * d * config.vocab_size


Turn = Callable[[], object]


def decode(engine: NativeEngine, prompt: int, tokens: int, rows: int = 1) -> Turn:
    """One turn: ``tokens`` steps of ``rows`` sequences, from the end of their prompts."""
    memory = engine.new_cache(rows, prompt + tokens)
    engine.extend(memory, [_ids(engine, prompt)] * rows, logits="none")

    def turn() -> None:
        for row in range(rows):
            memory.truncate(row, prompt)
        for token in range(tokens):
            engine.extend(memory, [[token % engine.config.vocab_size]] * rows)

    return turn


def prefill(engine: NativeEngine, prompt: int) -> Turn:
    """One turn: a prompt into an empty cache, with the logits after its last token."""
    memory, ids = engine.new_cache(1, prompt), _ids(engine, prompt)

    def turn() -> None:
        memory.truncate(0, 0)
        engine.extend(memory, [ids])

    return turn


def _ids(engine: NativeEngine, count: int) -> npt.NDArray[np.int64]:
    return np.arange(count) % engine.config.vocab_size


Tasks = dict[str, tuple[Turn, int]]  # what is measured -> one turn of it, the tokens it counts


def single(engine: NativeEngine, tokens: int = 64) -> Tasks:
    """One sequence: after a short prompt, after a long one, reading the long one.

    A model of a short context has shorter prompts, and the names say so.
    """
    tokens, short, long = _lengths(engine, tokens)
    return {
        f"decode after {short}": (decode(engine, short, tokens), tokens),
        f"decode after {long}": (decode(engine, long, tokens), tokens),
        f"prefill {long}": (prefill(engine, long), long),
    }


def batches(engine: NativeEngine, tokens: int = 64) -> Tasks:
    """8 and 32 sequences at once; their tokens are counted together."""
    tokens, short, _ = _lengths(engine, tokens)
    few, fewer = max(tokens // 4, 1), max(tokens // 8, 1)
    return {
        "batch 8": (decode(engine, short, few, 8), 8 * few),
        "batch 32": (decode(engine, short, fewer, 32), 32 * fewer),
    }


def _lengths(engine: NativeEngine, tokens: int) -> tuple[int, int, int]:
    """Tokens written in a turn, the short prompt, the long one: all within the context."""
    context = engine.config.n_positions
    tokens = min(tokens, max(context // 4, 1))
    return tokens, min(SHORT, context - tokens), min(LONG, context - tokens)


def measure(
    work: Mapping[str, tuple[Turn, int]],
    rounds: int = 5,
    progress: Progress = lambda done, total: None,
) -> dict[str, Rate]:
    """Tokens a second of each task. They take turns, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    total = len(work) * (rounds + 1)
    for turn in range(rounds + 1):
        for i, (name, (run, _)) in enumerate(work.items()):
            begin = time.perf_counter()
            run()
            if turn:
                seconds[name].append(time.perf_counter() - begin)
            progress(turn * len(work) + i + 1, total)
    return {
        name: Rate(count / statistics.median(s), count / max(s), count / min(s))
        for (name, (_, count)), s in zip(work.items(), seconds.values(), strict=True)
    }
