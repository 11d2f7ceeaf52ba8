"""The same random weights in our torch model and in transformers'."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
import transformers
from torch import Tensor

from gpt2.config import GPT2Config
from gpt2.model import GPT2LMHeadModel
from tests.tiny import random_weights

SHAPE = {"vocab_size": 67, "n_positions": 32, "n_embd": 24, "n_layer": 3, "n_head": 3}


def pair(dtype: torch.dtype = torch.float64, std: float = 0.2, **shape: Any) -> tuple[Any, Any]:
    """Ours and theirs, in evaluation mode; every weight, bias and gain is random."""
    shape = {**SHAPE, **shape}
    config = transformers.GPT2Config(**shape, attn_implementation="eager")
    theirs = transformers.GPT2LMHeadModel(config).to(dtype).eval()
    weights = random_weights(GPT2Config(**shape), std=std)
    given = {name: torch.from_numpy(w) for name, w in weights.items()}
    lacking = theirs.load_state_dict(given, strict=False)
    assert lacking.unexpected_keys == []
    assert lacking.missing_keys in ([], ["lm_head.weight"])  # tied
    with torch.device("meta"):
        ours = GPT2LMHeadModel(GPT2Config(**shape)).eval()
    copies = {name: value.clone() for name, value in theirs.state_dict().items()}
    ours.load_state_dict(copies, assign=True)
    ours.tie_weights()
    return ours, theirs


def loss_of(logits: Tensor, labels: Tensor) -> Tensor:
    """The loss in the precision of the logits; transformers itself rounds them to float32."""
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())


def tokens(rows: int = 2, length: int = 9, below: int = 67) -> Tensor:
    """Random ids [rows, length]."""
    generator = torch.Generator().manual_seed(1)
    return torch.randint(below, (rows, length), generator=generator)


def continued(model: Any, ids: Tensor) -> Tensor:
    """The logits [rows, V] after ids [rows, T]; the last ones are read with packed weights."""
    cache = model.new_cache(len(ids))
    model.extend(cache, ids[:, :-1], logits="none")
    logits: Tensor = model.extend(cache, ids[:, -1:])
    return logits


def same(ours: Tensor, theirs: Tensor, tolerance: float = 1e-10) -> None:
    """Raise AssertionError unless every value agrees, relative to the largest."""
    assert ours.shape == theirs.shape
    scale = float(theirs.detach().abs().max()) or 1.0
    worst = float((ours - theirs).detach().abs().max()) / scale
    assert worst <= tolerance, f"the largest difference is {worst:.2e} of the largest value"
