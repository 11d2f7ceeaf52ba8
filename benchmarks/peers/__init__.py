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
    """A loaded model that tells how long it takes. All rows have prompts of one length."""

    def logits(self, ids: Sequence[int]) -> Floats:
        """After the last of ``ids``, [V]: to see that all compute the same model."""

    def prefill(self, ids: Sequence[int]) -> float:
        """Seconds from ids to the logits after the last one, from an empty memory."""

    def decode(self, prompts: Sequence[Sequence[int]], steps: int) -> float:
        """Seconds of ``steps`` greedy tokens for each prompt, the prompts' time left out."""


class Stepper(abc.ABC):
    """A contender made of two moves. What is given to one move comes from the logits before."""

    @abc.abstractmethod
    def start(self, prompts: Sequence[Sequence[int]]) -> Floats:
        """Forget everything, read the prompts; the logits after each, [B, V]."""

    @abc.abstractmethod
    def step(self, tokens: npt.NDArray[Any]) -> Floats:
        """Read one more token of each row; the logits after it, [B, V]."""

    def logits(self, ids: Sequence[int]) -> Floats:
        self.start([ids[:-1]])  # by way of the memory, as when it writes
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
