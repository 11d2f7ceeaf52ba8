"""A small model of transformers, its folder, and ours beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests import tiny

SHAPE = {"vocab_size": 67, "n_positions": 32, "n_embd": 32, "n_layer": 2, "n_head": 4,
         "bos_token_id": 1, "eos_token_id": 2}  # fmt: skip
IDS = torch.tensor([[5, 9, 60, 3, 3, 17]])


def peer(**shape: Any) -> Any:
    return tiny.peer({**SHAPE, **shape}, seed=3)


def saved(folder: Path, **options: Any) -> Any:
    model = peer()
    model.save_pretrained(folder, **options)
    return model


def logits(model: Any) -> np.ndarray[Any, Any]:
    with torch.no_grad():
        return np.asarray(model(IDS).logits.float().numpy())
