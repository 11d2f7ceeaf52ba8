"""The native engine of this package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
        return self.engine.extend(self.memory, prompts)

    def step(self, tokens: npt.NDArray[Any]) -> Floats:
        return self.engine.extend(self.memory, tokens[:, None])


def load(weights: Path, precision: str, threads: int, **settings: Any) -> Native:
    """``precision``: fp32, fp16, bf16, int8 or int4; ``settings`` as `NativeEngine` has them."""
    found = read_checkpoint(weights)
    return Native(
        NativeEngine(found.tensors, found.config, dtype=precision, threads=threads, **settings)
    )
