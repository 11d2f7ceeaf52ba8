"""Settings that travel inside the weights, where nothing else is written.

transformers' Trainer asks a model's class before it writes a config.json, and accelerate's
save_state writes a state_dict alone. So while they have a model in hand its state_dict has its
settings too, each the UTF-8 bytes of the JSON file whose name it has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.checkpoint.mapped import Stored
from gpt2.errors import CorruptFileError
from gpt2.files import parse_json

CONFIG, GENERATION = "config.json", "generation_config.json"
CARRIED = (CONFIG, GENERATION)
LARGEST = 1 << 20  # bytes of one


def as_bytes(values: Mapping[str, Any]) -> npt.NDArray[np.uint8]:
    """Settings as a vector of bytes."""
    return np.frombuffer(json.dumps(values).encode(), np.uint8).copy()


def taken(stored: dict[str, Stored], source: str) -> dict[str, dict[str, Any]]:
    """The settings among the tensors of a file, which are taken out of it.

    Raises `CorruptFileError` for what is no JSON object in bytes.
    """
    there = {name: stored.pop(name) for name in CARRIED if name in stored}
    return {name: _object(tensor, f"{name} in {source}") for name, tensor in there.items()}


def _object(tensor: Stored, what: str) -> dict[str, Any]:
    if tensor.kind != "U8" or len(tensor.shape) != 1 or tensor.nbytes > LARGEST:
        raise CorruptFileError(f"{what} is no text of at most {LARGEST:,} bytes.")
    value = parse_json(tensor.array.tobytes(), what, nan=True)
    if not isinstance(value, dict):
        raise CorruptFileError(f"{what} must hold a JSON object.")
    return value
