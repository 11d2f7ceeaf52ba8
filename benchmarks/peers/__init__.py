"""The peers of the native engine: other libraries that run GPT-2 on a CPU, each in its own file.

A peer's file defines ``PACKAGES``, the distributions whose versions are reported, and
``load(weights, precision, threads, **settings)``, which returns a `Contender`. Each peer runs in a
separate process (`benchmarks.peers.worker`), with its own memory and threads.
"""

from __future__ import annotations

import abc
import time
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

# A peer's name -> its module in this package.
PEERS = {
    "gpt2": "ours",
    "transformers": "torch_transformers",
    "llama.cpp": "llamacpp",
    "CTranslate2": "ctranslate",
    "ONNX Runtime": "onnx_runtime",
    "OpenVINO": "open_vino",
}


class Contender(Protocol):
    """A loaded model that measures its own times. All rows have prompts of the same length."""

    def logits(self, ids: Sequence[int]) -> Floats:
        """The logits after the last of ``ids``, [V], to check that all compute the same model."""

    def prefill(self, ids: Sequence[int]) -> float:
        """Seconds from ids to the logits after the last one, with an empty KV cache."""

    def decode(self, prompts: Sequence[Sequence[int]], steps: int) -> float:
        """Seconds of ``steps`` greedy tokens for each prompt, without the time of the prompts."""


class Stepper(abc.ABC):
    """A contender with two operations; the input of each comes from the previous logits."""

    @abc.abstractmethod
    def start(self, prompts: Sequence[Sequence[int]]) -> Floats:
        """Clear the cache and read the prompts; returns the logits after each, [B, V]."""

    @abc.abstractmethod
    def step(self, tokens: npt.NDArray[Any]) -> Floats:
        """Read one more token of each row; returns the logits after it, [B, V]."""

    def logits(self, ids: Sequence[int]) -> Floats:
        self.start([ids[:-1]])  # through the KV cache, as in generation
        return np.array(self.step(np.array(ids[-1:]))[0], np.float32)

    def prefill(self, ids: Sequence[int]) -> float:
        begin = time.perf_counter()
        self.start([ids])
        return time.perf_counter() - begin

    def decode(self, prompts: Sequence[Sequence[int]], steps: int) -> float:
        tokens = self.start(prompts).argmax(-1)
        begin = time.perf_counter()
        for _ in range(steps):
            tokens = self.step(tokens).argmax(-1)
        return time.perf_counter() - begin
