"""The exact two-stage head next to the full head: the k largest logits, or a sampled token.

    PYTHONPATH=src:. python -m benchmarks.exact_head [--rounds 7] [--tokens 24]

It uses GPT-2 124M shapes with random weights in fp32 and fp16, and the bundled model, whose weights
are trained but whose head is small. Two engines take turns; their results must be the same bits and
tokens, which is checked at every step. Writes benchmarks/results/exact_head.json.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.common import interleaved, machine, spread, table, times, write
from benchmarks.peers.weights import random_tensors

import gpt2
from gpt2.checkpoint import read_checkpoint
from gpt2.config import GPT2Config
from gpt2.engine import Sampling
from gpt2.native import NativeEngine

PROMPT = 32
DTYPES = ("fp32", "fp16")
TOP = (1, 40)
HOW = Sampling(temperature=0.8, top_k=50)  # transformers' default top_k


def turn(engine: NativeEngine, memory: Any, k: int, tokens: int) -> list[Any]:
    """The results of a number of steps after the prompt, each followed by the best token."""
    memory.truncate(0, PROMPT)
    found, token = [], 1
    for _ in range(tokens):
        ids, values = engine.extend_top(memory, [[token]], None, k)
        token = int(ids[0, 0])
        found.append((ids.tolist(), values.tobytes()))
    return found


def drawn(engine: NativeEngine, memory: Any, tokens: int) -> list[Any]:
    """The tokens sampled in a number of steps after the prompt, with the same noise each time."""
    memory.truncate(0, PROMPT)
    random = np.random.default_rng(0)
    found = [1]
    for noise in random.random(tokens).tolist():
        found += engine.extend_draw(memory, [found[-1:]], None, HOW, [noise])
    return found


def compare(weights: Any, config: GPT2Config, dtype: str, rounds: int, tokens: int) -> Any:
    """Request -> steps per second with and without, and the logits recomputed per step."""
    engines = {
        name: NativeEngine(weights, config, dtype=dtype, exact_head=exact)
        for name, exact in (("exact head", True), ("whole head", False))
    }
    memories = {name: engine.new_cache(1) for name, engine in engines.items()}
    for name, engine in engines.items():
        engine.extend(memories[name], [np.arange(PROMPT) % config.vocab_size], logits="none")
    asked = {f"k {k}": partial(turn, k=k, tokens=tokens) for k in TOP}
    asked[f"draw, top_k {HOW.top_k}"] = partial(drawn, tokens=tokens)
    result = {}
    for name, run in asked.items():
        runs = {n: partial(run, e, memories[n]) for n, e in engines.items()}
        one, other = (run() for run in runs.values())
        if one != other:
            raise SystemExit(f"{dtype}, {name}: the choices differ")
        before = engines["exact head"].rescored
        seconds = interleaved(runs, rounds)
        after = engines["exact head"].rescored
        result[name] = {
            "ratio": seconds["whole head"]["median"] / seconds["exact head"]["median"],
            "tokens_per_second": {
                n: {"median": tokens / s["median"], "min": tokens / s["max"],
                    "max": tokens / s["min"]}
                for n, s in seconds.items()
            },
            "rescored_a_step": (after.total - before.total) / (after.rows - before.rows),
        }  # fmt: skip
        ratio, rescored = (result[name][key] for key in ("ratio", "rescored_a_step"))
        print(f"{dtype}, {name}: {ratio:.3f}x, {rescored:.0f} logits a step", flush=True)
    return result


def describe(found: dict[str, Any]) -> str:
    rows = [
        [
            model,
            dtype,
            top,
            *map(spread, rates),
            times(*rates),
            f"{one['rescored_a_step']:.0f}",
        ]
        for model, dtypes in found["models"].items()
        for dtype, tops in dtypes.items()
        for top, one in tops.items()
        for rates in [[one["tokens_per_second"][name] for name in ("exact head", "whole head")]]
    ]
    head = ["", "", "request", "exact head, tokens/s", "full head, tokens/s", "ratio", "rescored"]
    return (
        "The k largest logits at each step, or a token drawn from them. Both heads give the same "
        "bits. By default the exact head is used only for heads above 32 MB; that of gpt2-mini is "
        "smaller, and the exact head would not pay off. The last column is the number of logits "
        "per step that were computed in full.\n\n" + table(head, rows)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=24)
    options = parser.parse_args()
    mini = read_checkpoint(Path(gpt2.__file__).parent / "bundled" / "gpt2-mini")
    shape = GPT2Config()
    models = {
        "124M, random weights": (random_tensors(shape), shape),
        "gpt2-mini": (mini.tensors, mini.config),
    }
    found = {
        name: {d: compare(*model, d, options.rounds, options.tokens) for d in DTYPES}
        for name, model in models.items()
    }
    print(write("exact_head", {"machine": machine(["numpy"]), "models": found}))


if __name__ == "__main__":
    main()
