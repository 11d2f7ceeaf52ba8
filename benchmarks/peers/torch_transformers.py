"""Hugging Face transformers on PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from benchmarks.peers import Floats, Stepper
from transformers import DynamicCache, GPT2LMHeadModel

PACKAGES = ("torch", "transformers")
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


class Torch(Stepper):
    def __init__(self, model: GPT2LMHeadModel) -> None:
        self.model = model
        self.memory: Any = None

    @torch.inference_mode()
    def read(self, ids: npt.NDArray[Any]) -> Floats:
        done = self.model(
            torch.from_numpy(ids),
            past_key_values=self.memory,
            use_cache=True,
            logits_to_keep=1,
        )
        return done.logits[:, -1].float().numpy()

    def start(self, prompts: Sequence[Sequence[int]]) -> Floats:
        self.memory = DynamicCache(config=self.model.config)
        return self.read(np.array(prompts))

    def step(self, tokens: npt.NDArray[Any]) -> Floats:
        return self.read(tokens[:, None])


def load(weights: Path, precision: str, threads: int, attention: str = "sdpa") -> Torch:
    """Load a model; ``precision``: fp32 or bf16; ``attention``: sdpa or eager."""
    torch.set_num_threads(threads)
    model = GPT2LMHeadModel.from_pretrained(
        weights, dtype=DTYPES[precision], attn_implementation=attention
    ).eval()
    return Torch(model)
