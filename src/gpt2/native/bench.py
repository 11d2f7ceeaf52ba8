"""Measure the native engine's speed on this machine, and the machine's limits.

`gpt2 bench` prints these figures; benchmarks/ records them.
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

PROBED = 512 << 20  # bytes read: more than the last-level cache of any current CPU
SHORT, LONG = 32, 512  # prompt lengths in tokens
Progress = Callable[[int, int], None]  # (steps done, steps in total)


@dataclasses.dataclass(frozen=True)
class Limits:
    """The machine's limits for the engine's threads."""

    read: float  # memory bandwidth in bytes/s
    multiply: float  # fp32 operations/s; a multiply-add counts as two


@dataclasses.dataclass(frozen=True)
class Rate:
    """Throughput in tokens/s: the median, the slowest and the fastest run."""

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
    """Measure both limits, for about ``seconds`` each; that of the memory reads ``size`` bytes.

    Raises `OptionError` for kernels that this CPU cannot run.
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
    """Random weights generated on access; speed does not depend on their values."""

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
    """The number of operations to read a prompt and compute the logits after its last token."""
    d = config.n_embd
    layers = 2 * config.n_layer * (4 * d * d + 2 * d * config.inner)
    attention = 4 * d * config.n_layer * (prompt + 1) / 2  # scores and weighted sum, on average
    return prompt * (layers + attention) + 2 * d * config.vocab_size


Turn = Callable[[], object]


def decode(engine: NativeEngine, prompt: int, tokens: int, rows: int = 1) -> Turn:
    """A run that decodes ``tokens`` steps of ``rows`` sequences after their prompts."""
    memory = engine.new_cache(rows, prompt + tokens)
    engine.extend(memory, [_ids(engine, prompt)] * rows, logits="none")

    def turn() -> None:
        for row in range(rows):
            memory.truncate(row, prompt)
        for token in range(tokens):
            engine.extend(memory, [[token % engine.config.vocab_size]] * rows)

    return turn


def prefill(engine: NativeEngine, prompt: int) -> Turn:
    """A run that reads a prompt into an empty cache, with the logits after its last token."""
    memory, ids = engine.new_cache(1, prompt), _ids(engine, prompt)

    def turn() -> None:
        memory.truncate(0, 0)
        engine.extend(memory, [ids])

    return turn


def _ids(engine: NativeEngine, count: int) -> npt.NDArray[np.int64]:
    return np.arange(count) % engine.config.vocab_size


Tasks = dict[str, tuple[Turn, int]]  # task -> (one run of it, the number of its tokens)


def single(engine: NativeEngine, tokens: int = 64) -> Tasks:
    """Tasks with one sequence: decode after a short and a long prompt, prefill the long one.

    For models with a short context the prompts are shorter, as shown in the names.
    """
    tokens, short, long = _lengths(engine, tokens)
    return {
        f"decode after {short}": (decode(engine, short, tokens), tokens),
        f"decode after {long}": (decode(engine, long, tokens), tokens),
        f"prefill {long}": (prefill(engine, long), long),
    }


def batches(engine: NativeEngine, tokens: int = 64) -> Tasks:
    """Tasks with 8 and 32 sequences at once; their tokens are added up."""
    tokens, short, _ = _lengths(engine, tokens)
    few, fewer = max(tokens // 4, 1), max(tokens // 8, 1)
    return {
        "batch 8": (decode(engine, short, few, 8), 8 * few),
        "batch 32": (decode(engine, short, fewer, 32), 32 * fewer),
    }


def _lengths(engine: NativeEngine, tokens: int) -> tuple[int, int, int]:
    """The decoded tokens per run and the short and long prompt lengths, all within the context."""
    context = engine.config.n_positions
    tokens = min(tokens, max(context // 4, 1))
    return tokens, min(SHORT, context - tokens), min(LONG, context - tokens)


def measure(
    work: Mapping[str, tuple[Turn, int]],
    rounds: int = 5,
    progress: Progress = lambda done, total: None,
) -> dict[str, Rate]:
    """The throughput of each task in tokens/s. The tasks alternate, after one warm-up round."""
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
