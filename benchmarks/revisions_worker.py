"""A contender of `benchmarks.revisions`: takes the turns that standard input names.

It imports the package and `benchmarks.train` of the tree in PYTHONPATH, and nothing else of ours.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from benchmarks.train import ours

from gpt2.config import GPT2Config
from gpt2.native import NativeEngine, bench
from gpt2.scoring import Scorer

TRAIN = (6, 384, 6, 256, 16, 65)  # layers, width, heads, context, rows, vocabulary


def turns() -> dict[str, Callable[[], object]]:
    """What a contender does in a turn, each a second or so."""
    torch.manual_seed(0)
    config = GPT2Config.published("gpt2")
    weights = bench.RandomWeights(config)
    rng = np.random.default_rng(0)
    pairs = [(rng.integers(0, 50000, 200).tolist(), [5, 6, 7, 8]) for _ in range(8)]
    work: dict[str, Callable[[], object]] = {}
    for dtype in ("int8", "fp32"):
        engine = NativeEngine(weights, config, dtype=dtype)
        work[f"decoding after 32, {dtype}"] = bench.decode(engine, 32, 64)
        work[f"prefill of 512, {dtype}"] = bench.prefill(engine, 512)
        work[f"scoring, {dtype}"] = partial(Scorer(engine).loglikelihood, pairs)
    step = ours(TRAIN, False)
    work["training step, 6x384"] = partial(step, 0)
    return work


def main() -> None:
    """Print the seconds of each turn."""
    work = turns()
    for line in sys.stdin:
        begin = time.perf_counter()
        work[line.strip()]()
        print(time.perf_counter() - begin, flush=True)


if __name__ == "__main__":
    main()
