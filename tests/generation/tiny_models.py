"""Tiny random models whose decisions are clear, for every test of decoding."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
import transformers

from gpt2.config import GPT2Config
from gpt2.numpy_engine import NumpyEngine

SHAPE = {
    "vocab_size": 61,
    "n_positions": 48,
    "n_embd": 24,
    "n_layer": 2,
    "n_head": 3,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


@cache
def peer(seed: int = 0, **shape: Any) -> Any:
    """A transformers model in float64; its weights are large, so that no two logits are close."""
    torch.manual_seed(seed)
    config = transformers.GPT2Config(**{**SHAPE, **shape})
    model = transformers.GPT2LMHeadModel(config).double().eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 0, 0.3)
    return model


@cache
def ours(seed: int = 0, **shape: Any) -> NumpyEngine:
    """The same weights on the numpy engine."""
    weights = {name: value.numpy() for name, value in peer(seed, **shape).state_dict().items()}
    return NumpyEngine(weights, GPT2Config(**{**SHAPE, **shape}))


def prompt(rows: int = 1, length: int = 5, seed: int = 0) -> Any:
    """Random ids without the special ones: int64 [rows, length]."""
    ids = np.random.default_rng(seed).integers(3, SHAPE["vocab_size"], (rows, length))
    return torch.from_numpy(ids)
