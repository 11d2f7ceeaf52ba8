"""Settings stored among the weights, for programs that write nothing else.

transformers' Trainer checks a model's class before it writes a config.json, and accelerate's
save_state writes only a state_dict. So while they use a model, its state_dict also contains its
settings: under the name of each JSON file, the file's UTF-8 bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.checkpoint.mapped import Stored
from gpt2.errors import CorruptFileError
from gpt2.files import parse_json_object

CONFIG, GENERATION = "config.json", "generation_config.json"
CARRIED = (CONFIG, GENERATION)
LARGEST = 1 << 20  # the most bytes of one file


def as_bytes(values: Mapping[str, Any]) -> npt.NDArray[np.uint8]:
    """Encode settings as a vector of bytes."""
    return np.frombuffer(json.dumps(values).encode(), np.uint8).copy()


def pop_settings(stored: dict[str, Stored], source: str) -> dict[str, dict[str, Any]]:
    """Remove the settings from a file's tensors and return them.

    Raises `CorruptFileError` for an entry that is not a JSON object in bytes.
    """
    there = {name: stored.pop(name) for name in CARRIED if name in stored}
    return {name: _object(tensor, f"{name} in {source}") for name, tensor in there.items()}


def _object(tensor: Stored, what: str) -> dict[str, Any]:
    if tensor.kind != "U8" or len(tensor.shape) != 1 or tensor.nbytes > LARGEST:
        raise CorruptFileError(f"{what} must be a string of at most {LARGEST:,} bytes.")
    return parse_json_object(tensor.array.tobytes(), what, nan=True)
