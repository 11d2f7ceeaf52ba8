"""Tiny random models whose decisions are clear, for every test of decoding."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import tokenizers
import torch
import transformers

from gpt2.config import GPT2Config
from gpt2.model import GPT2LMHeadModel
from gpt2.native import NativeEngine
from gpt2.numpy_engine import NumpyEngine
from tests import tiny

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
    return tiny.peer({**SHAPE, **shape}, seed=seed, std=0.3, dtype="float64")


@cache
def ours(seed: int = 0, **shape: Any) -> NumpyEngine:
    """The same weights on the numpy engine."""
    weights = {name: value.numpy() for name, value in peer(seed, **shape).state_dict().items()}
    return NumpyEngine(weights, GPT2Config(**{**SHAPE, **shape}))


def prompt(rows: int = 1, length: int = 5, seed: int = 0) -> Any:
    """Random ids without the special ones: int64 [rows, length]."""
    ids = np.random.default_rng(seed).integers(3, SHAPE["vocab_size"], (rows, length))
    return torch.from_numpy(ids)


@cache
def on_torch(seed: int = 0, **shape: Any) -> GPT2LMHeadModel:
    """The same weights on the torch model, in float64."""
    model = GPT2LMHeadModel(GPT2Config(**{**SHAPE, **shape})).eval()
    model.load_state_dict(peer(seed, **shape).state_dict(), assign=True)
    model.tie_weights()
    return model


@cache
def native(seed: int = 0, **shape: Any) -> NativeEngine:
    """The same weights on the C++ engine, in float32."""
    weights = {n: v.float().numpy() for n, v in peer(seed, **shape).state_dict().items()}
    return NativeEngine(weights, GPT2Config(**{**SHAPE, **shape}), kv_dtype="fp32")


def engines() -> dict[str, Any]:
    """One of each kind."""
    return {"reference": ours(), "torch": on_torch(), "native": native()}


@cache
def tokenizer() -> Any:
    """A byte-level BPE tokenizer of transformers, trained on a few words: 300 tokens."""
    learner = tokenizers.ByteLevelBPETokenizer()
    text = "The quick brown fox jumps over the lazy dog. 敏捷的棕色狐狸跳过懒狗。 \N{FOX FACE}\n"
    learner.train_from_iterator([text] * 50, vocab_size=300, min_frequency=1)
    learner.add_special_tokens(["<|endoftext|>"])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=learner._tokenizer, eos_token="<|endoftext|>", bos_token="<|endoftext|>"
    )
