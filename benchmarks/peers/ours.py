"""The native engine of this package.

Greedy tokens are chosen as in `generate`: by the core, which does not need all logits of a token
(docs/reference/exact-head.md).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.peers import Floats, Stepper

from gpt2.checkpoint import read_checkpoint
from gpt2.native import NativeEngine

PACKAGES = ("numpy",)


class Native(Stepper):
    def __init__(self, engine: NativeEngine) -> None:
        self.engine = engine
        self.memory = engine.new_cache(1)

    def start(self, prompts: Sequence[Sequence[int]]) -> Floats:
        if len(prompts) != self.memory.rows:
            self.memory = self.engine.new_cache(len(prompts), 256 if len(prompts) > 1 else None)
        for row in range(self.memory.rows):
            self.memory.truncate(row, 0)
        return np.asarray(self.engine.extend(self.memory, prompts))

    def step(self, tokens: npt.NDArray[Any]) -> Floats:
        return np.asarray(self.engine.extend(self.memory, tokens[:, None]))

    def decode(self, prompts: Sequence[Sequence[int]], steps: int) -> float:
        tokens = self.start(prompts).argmax(-1)[:, None]
        begin = time.perf_counter()
        for _ in range(steps):
            tokens, _ = self.engine.extend_top(self.memory, tokens, k=1)  # [B, 1]
        return time.perf_counter() - begin


def load(weights: Path, precision: str, threads: int, **settings: Any) -> Native:
    """Load a model; ``precision``: fp32, fp16, bf16, int8, int4; ``settings`` of `NativeEngine`."""
    found = read_checkpoint(weights)
    return Native(
        NativeEngine(found.tensors, found.config, dtype=precision, threads=threads, **settings)
    )
