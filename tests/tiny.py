"""Small random models, configurations and tokenizers: the tests make them here alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from gpt2.checkpoint import write_checkpoint
from gpt2.checkpoint.names import expected_shapes
from gpt2.config import GPT2Config
from gpt2.tokenizer import GPT2Tokenizer, train
from gpt2.tokenizer.bpe import END_OF_TEXT, to_signs

TEXT = "The quick brown fox jumps over the lazy dog. 狐狸\n"
WORDS, END = 300, 294  # rows of the embedding; the last token that has a text


def random_weights(
    config: GPT2Config, seed: int = 0, std: float = 0.2, names: Iterable[str] = ()
) -> dict[str, Any]:
    """Every weight, bias and gain is random: nothing is 0 or 1 by luck.

    ``names`` are of the tensors in the order in which they are drawn; by default the checkpoint's.
    """
    random = np.random.default_rng(seed)
    shapes, weights = expected_shapes(config), {}
    for name in names or shapes:
        values = random.normal(0, std, shapes[name]).astype(np.float32)
        weights[name] = values + 1 if "ln_" in name and name.endswith("weight") else values
    return weights


def peer(
    shape: dict[str, Any], *, seed: int = 0, std: float = 0.2, dtype: str = "float32",
    kind: str = "GPT2LMHeadModel", **more: Any,
) -> Any:  # fmt: skip
    """A model of transformers, in evaluation mode, all of whose numbers are random.

    ``more`` goes to transformers' configuration alone.
    """
    import torch
    import transformers

    torch.manual_seed(seed)
    config = transformers.GPT2Config(**shape, **more)
    model = getattr(transformers, kind)(config).to(getattr(torch, dtype)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 0, std)
    return model


def tiny_tokenizer() -> GPT2Tokenizer:
    vocab, merges = train([TEXT] * 9, WORDS)
    signs = {to_signs(token): i for token, i in vocab.items()} | {END_OF_TEXT: len(vocab)}
    return GPT2Tokenizer(signs, [(to_signs(a), to_signs(b)) for a, b in merges])


def tiny_config(**shape: Any) -> GPT2Config:
    small = {"vocab_size": WORDS, "n_positions": 64, "n_embd": 64, "n_layer": 2, "n_head": 4}
    return GPT2Config(**{**small, "bos_token_id": END, "eos_token_id": END, **shape})


def write_tiny(
    folder: Path, *, std: float = 0.2, **shape: Any
) -> tuple[GPT2Config, dict[str, Any]]:
    """Write weights, configuration and tokenizer; give the first two back."""
    config = tiny_config(**shape)
    weights = random_weights(config, std=std)
    write_checkpoint(folder, config, weights)
    tiny_tokenizer().save_pretrained(folder)
    return config, weights
