"""The native engine on GPT-2 124M shapes: decoding, prefill and batches in each precision.

    PYTHONPATH=src python -m benchmarks.native [--rounds 5] [--kernels avx2] [--tiny]

Weights are random: speed does not depend on them. The share of the bandwidth limit is the bytes of
the stored weights a token reads, over its time, over the read rate of a plain loop in the same run.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from benchmarks.common import interleaved, machine, write

from gpt2.config import GPT2Config
from gpt2.native import NativeEngine
from gpt2.native.engine import tensor_names

DTYPES = ("fp32", "fp16", "bf16", "int8", "int4")
TINY = GPT2Config(n_layer=2, n_embd=128, n_head=2, vocab_size=1000)


def random_weights(config: GPT2Config) -> dict[str, np.ndarray]:
    width, inner, random = config.n_embd, config.inner, np.random.default_rng(0)
    shapes = {
        "wte.weight": (config.vocab_size, width),
        "wpe.weight": (config.n_positions, width),
        "c_attn.weight": (width, 3 * width),
        "c_attn.bias": (3 * width,),
        "attn.c_proj.weight": (width, width),
        "c_fc.weight": (width, inner),
        "c_fc.bias": (inner,),
        "mlp.c_proj.weight": (inner, width),
    }
    return {
        name: random.standard_normal(
            next((s for end, s in shapes.items() if name.endswith(end)), (width,)), np.float32
        )
        / 10
        for name in tensor_names(config)
    }


def read_rate(threads: int, megabytes: int) -> float:
    """Bytes a second that all threads together read: the best of some sums over a large array."""
    parts = [np.ones(megabytes << 17, np.uint64) for _ in range(threads)]
    best = float("inf")
    for _ in range(7):
        team = [threading.Thread(target=np.bitwise_xor.reduce, args=(part,)) for part in parts]
        begin = time.perf_counter()
        for one in team:
            one.start()
        for one in team:
            one.join()
        best = min(best, time.perf_counter() - begin)
    return sum(part.nbytes for part in parts) / best


def decode(engine: NativeEngine, prompt: int, tokens: int) -> Callable[[], object]:
    """Prefill once, then time ``tokens`` single steps from the same place each turn."""
    memory = engine.new_cache(1)
    engine.extend(memory, [[1] * prompt], logits="none")

    def turn() -> None:
        memory.truncate(0, prompt)
        for token in range(tokens):
            engine.extend(memory, [[token]])

    return turn


def prefill(engine: NativeEngine, prompt: int) -> Callable[[], object]:
    memory, ids = engine.new_cache(1), np.arange(prompt) % engine.config.vocab_size

    def turn() -> None:
        memory.truncate(0, 0)
        engine.extend(memory, [ids])

    return turn


def batch(engine: NativeEngine, rows: int, tokens: int) -> Callable[[], object]:
    memory = engine.new_cache(rows, 32 + tokens)
    engine.extend(memory, [[1] * 32] * rows, logits="none")

    def turn() -> None:
        for row in range(rows):
            memory.truncate(row, 32)
        for token in range(tokens):
            engine.extend(memory, [[token]] * rows)

    return turn


def measure(engine: NativeEngine, rounds: int, tokens: int, rate: float) -> dict[str, Any]:
    """Tokens a second of each task: median, and the slowest and fastest turn."""
    tasks: dict[str, tuple[Callable[[], object], int]] = {
        "decode after 32": (decode(engine, 32, tokens), tokens),
        "decode after 512": (decode(engine, 512, tokens), tokens),
        "prefill 512": (prefill(engine, 512), 512),
        "batch 8": (batch(engine, 8, tokens // 4), 8 * (tokens // 4)),
        "batch 32": (batch(engine, 32, tokens // 8), 32 * (tokens // 8)),
    }
    seconds = interleaved({name: turn for name, (turn, _) in tasks.items()}, rounds)
    result: dict[str, Any] = {"weight_bytes": engine.weight_bytes}
    for name, (_, count) in tasks.items():
        s = seconds[name]
        result[name] = {
            "median": count / s["median"],
            "min": count / s["max"],
            "max": count / s["min"],
        }
    result["share_of_bandwidth"] = engine.weight_bytes * result["decode after 32"]["median"] / rate
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--kernels", default=None)
    parser.add_argument("--tiny", action="store_true", help="a small model, to try the script")
    options = parser.parse_args()
    config = TINY if options.tiny else GPT2Config()
    weights = random_weights(config)
    result: dict[str, Any] = {"machine": machine(["numpy"]), "engines": {}}
    for dtype in DTYPES:
        engine = NativeEngine(
            weights, config, dtype=dtype, threads=options.threads, kernels=options.kernels
        )
        rates = [read_rate(engine.threads, 16 if options.tiny else 256)]
        result |= {"threads": engine.threads, "kernels": engine.kernels}
        found = measure(engine, options.rounds, options.tokens, rates[0])
        rates.append(read_rate(engine.threads, 16 if options.tiny else 256))
        found["read_rate"] = statistics.mean(rates)
        result["engines"][dtype] = found
        print(dtype, {k: round(v["median"]) for k, v in found.items() if isinstance(v, dict)})
    print(write("native-tiny" if options.tiny else f"native-{result['kernels']}", result))


if __name__ == "__main__":
    main()
