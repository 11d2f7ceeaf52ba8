"""The cost of reproducible floats: the core compared with a build without that constraint.

    PYTHONPATH=src:. python -m benchmarks.reproducibility [--rounds 7] [--tokens 32]

The core is built a second time, in build/free-order, with GPT2_FREE_ORDER: the compiler may fuse
multiplications with additions, reorder sums and turn divisions into multiplications, and attention
uses fused multiply-adds like the weights. Two processes, one per build, take turns at GPT-2 124M
shapes with random weights. Anything that defines the result rather than the compilation is
unchanged: keys and values are read back rounded, activations are quantized once, and integer sums
cannot overflow. Writes benchmarks/results/reproducibility.json.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import subprocess
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.common import ROOT, interleaved, machine, spread, table, times, write

from gpt2.config import GPT2Config
from gpt2.native import NativeEngine, bench
from gpt2.native.library import PATH

DTYPES = ("fp32", "int8")
BATCH = 8


def build() -> Path:
    """Build the core with the order of sums left to the compiler."""
    folder = ROOT / "build" / "free-order"
    configure = ["cmake", "-S", str(ROOT), "-B", str(folder), "-DGPT2_FREE_ORDER=ON"]
    for command in (configure, ["cmake", "--build", str(folder), "-j", "2", "--target", "core"]):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "core.so"


def serve(pipe: Connection, dtype: str, tokens: int) -> None:
    """In a separate process: run one turn of a task each time its name arrives."""
    config = GPT2Config()
    engine = NativeEngine(bench.RandomWeights(config), config, dtype=dtype)
    work = bench.single(engine, tokens)
    few = max(tokens // 4, 1)
    work[f"batch {BATCH}"] = (bench.decode(engine, bench.SHORT, few, BATCH), BATCH * few)
    logits = engine.extend(engine.new_cache(1), [np.arange(64)], logits="all")
    assert logits is not None
    facts = {"kernels": engine.kernels, "threads": engine.threads, "core": str(PATH)}
    tasks = {name: count for name, (_, count) in work.items()}
    pipe.send((tasks, hashlib.sha256(logits.tobytes()).hexdigest(), facts))
    while (name := pipe.recv()) is not None:
        work[name][0]()
        pipe.send(None)


class Contender:
    """A process with one build of the core."""

    def __init__(self, core: Path, dtype: str, tokens: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        os.environ["GPT2_CORE"] = str(core)  # for the new process
        try:
            self.process = context.Process(target=serve, args=(other, dtype, tokens))
            self.process.start()
        finally:
            del os.environ["GPT2_CORE"]
        self.tasks, self.logits, self.facts = self.pipe.recv()
        if self.facts["core"] != str(core):
            raise SystemExit(f"the process loaded {self.facts['core']} instead of {core}")

    def run(self, task: str) -> None:
        self.pipe.send(task)
        self.pipe.recv()

    def stop(self) -> None:
        self.pipe.send(None)
        self.process.join()


def compare(dtype: str, cores: dict[str, Path], rounds: int, tokens: int) -> dict[str, Any]:
    """Tokens per second of each task and build, and whether the logits are bit-identical."""
    both = {name: Contender(core, dtype, tokens) for name, core in cores.items()}
    one, other = both.values()
    found: dict[str, Any] = {"same_logits": one.logits == other.logits, "tasks": {}}
    for task, count in one.tasks.items():
        runs = {name: partial(each.run, task) for name, each in both.items()}
        seconds = interleaved(runs, rounds)
        ratio = seconds["reproducible"]["median"] / seconds["free order"]["median"]
        found["tasks"][task] = {
            "tokens_per_second": {
                name: {"median": count / s["median"], "min": count / s["max"],
                       "max": count / s["min"]}
                for name, s in seconds.items()
            },
            "free_against_reproducible": ratio,
        }  # fmt: skip
        print(f"{dtype}, {task}: free order {ratio:.3f}x", flush=True)
    found |= {name: one.facts[name] for name in ("kernels", "threads")}
    for each in both.values():
        each.stop()
    return found


def describe(found: dict[str, Any]) -> str:
    names = ("reproducible", "free order")
    rows = [
        [
            dtype,
            task,
            *map(spread, rates),
            times(*reversed(rates)),
        ]
        for dtype, figures in found["dtypes"].items()
        for task, one in figures["tasks"].items()
        for rates in [[one["tokens_per_second"][name] for name in names]]
    ]
    return (
        "Tokens per second with GPT-2 124M shapes and random weights. *Reproducible* is the core "
        "that ships; *free order* is a build in which the compiler may fuse and reorder operations "
        "and attention uses fused multiply-adds. The two run in separate processes that take "
        "turns.\n\n" + table(["", "", *names, "free / reproducible"], rows)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=32)
    options = parser.parse_args()
    cores = {"reproducible": PATH, "free order": build()}
    result = {
        "machine": machine(["numpy"]),
        "dtypes": {d: compare(d, cores, options.rounds, options.tokens) for d in DTYPES},
    }
    print(write("reproducibility", result))


if __name__ == "__main__":
    main()
