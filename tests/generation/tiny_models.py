"""Tiny random models whose decisions are clear, for every test of decoding."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import tokenizers
import torch
import transformers

from gpt2.config import GPT2Config
from gpt2.generation import GenerationMixin
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


class PeerCache:
    """The tokens of each row; enough for a model that reads them all again each time."""

    def __init__(self, rows: int) -> None:
        self.held: list[list[int]] = [[] for _ in range(rows)]
        self.rows = rows
        self.capacity = SHAPE["n_positions"]

    @property
    def lengths(self) -> list[int]:
        return [len(row) for row in self.held]

    def gather(self, sources: Sequence[int]) -> None:
        self.held = [list(self.held[source]) for source in sources]

    def truncate(self, row: int, length: int) -> None:
        del self.held[row][length:]


class PeerEngine(GenerationMixin):
    """transformers' model behind our seam, so that decoding runs on torch tensors."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.config = GPT2Config(**{name: getattr(model.config, name) for name in SHAPE})

    def new_cache(self, rows: int, capacity: int | None = None) -> PeerCache:
        return PeerCache(rows)

    @torch.no_grad()
    def extend(self, cache: PeerCache, ids: Any, rows: Any = None, logits: str = "last") -> Any:
        out = []
        for row, new in zip(range(cache.rows) if rows is None else rows, ids, strict=True):
            new = new.tolist() if isinstance(new, torch.Tensor) else list(new)
            cache.held[row] += new
            all_logits = self.model(torch.tensor([cache.held[row]])).logits[0]
            out.append(all_logits[-len(new) :] if logits == "all" else all_logits[-1:])
        return torch.cat(out)


@cache
def on_torch(seed: int = 0, **shape: Any) -> PeerEngine:
    """The same weights once more, on an engine that speaks torch."""
    return PeerEngine(peer(seed, **shape))


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
