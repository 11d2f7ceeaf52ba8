"""The overhead of choosing a token: 124M shapes, random weights, native engine.

    PYTHONPATH=src:. python -m benchmarks.sampling [--rounds 7] [--tokens 100] [--dtype int4]

A generation step (Python, choosing, and for one text detokenising and streaming) and a bare step of
the core that only computes the logits take turns; the overhead is the difference of their medians.
For "peaked" logits, as in trained models, the last layer norm is scaled up; without that they are
almost uniform, the worst case for top_p.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import statistics
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from benchmarks.common import machine, spread, table, write
from benchmarks.peers.weights import random_tensors

from gpt2.config import GPT2Config
from gpt2.generation import loop
from gpt2.generation.job import Job, plan
from gpt2.native import NativeEngine
from gpt2.native.library import check, core
from gpt2.tokenizer.stream import ByteDecoder

PROMPT = 32
MODES: dict[str, dict[str, Any]] = {
    "greedy": {"do_sample": False},
    "temperature": {"temperature": 0.8, "top_k": 0},
    "top_k 40": {"temperature": 0.8, "top_k": 40},
    "top_k 40, top_p 0.95": {"temperature": 0.8, "top_k": 40, "top_p": 0.95},
    "top_k 40, top_p, min_p": {"temperature": 0.8, "top_k": 40, "top_p": 0.95, "min_p": 0.05},
    "top_p 0.9": {"temperature": 0.8, "top_k": 0, "top_p": 0.9},
    "min_p 0.05": {"temperature": 0.8, "top_k": 0, "min_p": 0.05},
    "top_k 40, typical_p 0.9": {"temperature": 0.8, "top_k": 40, "typical_p": 0.9},
}
LONG_WAY = "top_k 40, numpy"


class Words:
    """A stand-in tokenizer for streaming, with made-up tokens of a few bytes."""

    def __init__(self, size: int) -> None:
        self.bytes = [f" w{i}".encode() for i in range(size)]

    def encode(self, text: str) -> list[int]:
        return [1] * PROMPT

    def stream_decoder(self, **options: Any) -> ByteDecoder:
        return ByteDecoder(self.bytes.__getitem__)


class Bare:
    """Bare steps of the core: each call reads one token per row and computes the logits."""

    def __init__(self, engine: NativeEngine, rows: int) -> None:
        self.engine, self.memory, self.rows = engine, engine.new_cache(rows), rows
        engine.extend(self.memory, [[1] * PROMPT] * rows, logits="none")
        self.out = np.empty((rows, engine.config.vocab_size), np.float32)
        self.numbers = [(ctypes.c_int32 * rows)(*n) for n in (range(rows), [1] * rows, [7] * rows)]

    def __call__(self) -> None:
        call = (self.engine.handle, self.memory.handle, self.rows, *self.numbers)
        check(core().gpt2_extend(*call, 1, self.out.ctypes.data))


def writing(engine: NativeEngine, rows: int, tokens: int, options: dict[str, Any]) -> Iterator[Any]:
    """A single text is streamed; several are generated as a batch."""
    options = {"do_sample": True, "max_new_tokens": tokens, "eos_token_id": None, **options}
    if options["do_sample"]:
        options["seed"] = 1
    if rows == 1:
        return engine.stream("text", **options)
    resolved = engine._resolve(None, options)
    prompts = [[1] * PROMPT] * rows
    return loop.decode(plan(engine, prompts, resolved))


def turns(engine: NativeEngine, rows: int, tokens: int, mode: str) -> tuple[float, float]:
    """Median seconds of a generation step and of a bare step."""
    short = Job.shortcut
    if mode == LONG_WAY:
        Job.shortcut = lambda self: None  # type: ignore[method-assign]
    steps = writing(engine, rows, tokens, MODES.get(mode, MODES["top_k 40"]))
    bare, seconds, bares = Bare(engine, rows), [], []
    try:
        next(steps), next(steps)
        for _ in range(tokens - 2):
            begin = time.perf_counter()
            bare()
            middle = time.perf_counter()
            next(steps)
            seconds.append(time.perf_counter() - middle)
            bares.append(middle - begin)
    finally:
        Job.shortcut = short  # type: ignore[method-assign]
    return statistics.median(seconds), statistics.median(bares)


def measure(engine: NativeEngine, rows: int, rounds: int, tokens: int) -> dict[str, Any]:
    found: dict[str, list[tuple[float, float]]] = {mode: [] for mode in [*MODES, LONG_WAY]}
    for _ in range(rounds):
        for mode, pairs in found.items():
            pairs.append(turns(engine, rows, tokens, mode))
    step = statistics.median(bare for pairs in found.values() for _, bare in pairs)
    result: dict[str, Any] = {"step_us": step * 1e6, "modes": {}}
    for mode, pairs in found.items():
        over = [(full - bare) * 1e6 for full, bare in pairs]
        result["modes"][mode] = {
            "overhead_us": {"median": statistics.median(over), "min": min(over), "max": max(over)},
            "percent": statistics.median(over) / step / 1e4,
        }
    return result


def describe(found: dict[str, Any]) -> str:
    cases = [(kind, rows) for kind in found["logits"] for rows in ("batch 1", "batch 8")]
    parts = [found["logits"][kind][rows] for kind, rows in cases]

    def cell(figures: dict[str, Any]) -> str:
        return f"{spread(figures['overhead_us'])}: {figures['percent']:.1f}"

    modes = [[mode, *(cell(part["modes"][mode]) for part in parts)] for mode in parts[0]["modes"]]
    steps = ["(bare step)", *(f"{part['step_us']:.0f}" for part in parts)]
    return (
        f"The time that choosing a token adds to the forward pass at {found['dtype']}, with 124M "
        "random weights: microseconds per step, then percent of a bare step of the core. Logits "
        "are either nearly even or peaked like those of a trained model. *numpy* is the path that "
        "processors need.\n\n"
        + table(["", *(f"{kind}, {rows}" for kind, rows in cases)], [steps, *modes])
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=100)
    parser.add_argument("--dtype", default="int4")
    parser.add_argument("--kernels", default=None)
    parser.add_argument("--threads", type=int, default=None)
    options = parser.parse_args()
    config = GPT2Config()
    result: dict[str, Any] = {"machine": machine(["numpy"]), "dtype": options.dtype, "logits": {}}
    weights = random_tensors(config)
    for kind in ("even", "peaked"):
        if kind == "peaked":
            weights["transformer.ln_f.weight"] = 12 * weights["transformer.ln_f.weight"]
        engine = NativeEngine(weights, config, dtype=options.dtype, kernels=options.kernels,
                              threads=options.threads)  # fmt: skip
        engine.tokenizer = Words(config.vocab_size)
        logits = np.asarray(engine.extend(engine.new_cache(1), [[1] * PROMPT]))
        last = logits[0].astype(np.float64)
        masses = np.exp(last - last.max())
        found: dict[str, Any] = {"top_probability": float(1 / masses.sum())}
        gc.disable()
        for rows in (1, 8):
            tokens = options.tokens if rows == 1 else max(6, options.tokens // 4)
            found[f"batch {rows}"] = measure(engine, rows, options.rounds, tokens)
        gc.enable()
        result["logits"][kind] = found
        result |= {"threads": engine.threads, "kernels": engine.kernels}
        for rows in (1, 8):
            part = found[f"batch {rows}"]
            print(kind, rows, f"{part['step_us']:.0f} us a step, probability",
                  round(found["top_probability"], 4))  # fmt: skip
            for name, m in part["modes"].items():
                print(f"  {name:<26}{m['overhead_us']['median']:8.0f} us {m['percent']:6.1f} %")
    print(write("sampling", result))


if __name__ == "__main__":
    main()
