"""Settings inside the weights: read where no file says them, and refused where they are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from gpt2.checkpoint import read_checkpoint
from gpt2.checkpoint.carried import as_bytes
from gpt2.errors import ConfigError, CorruptFileError
from tests.tiny import random_weights, tiny_config

CONFIG = tiny_config(layer_norm_epsilon=3e-5)


def write(folder: Path, **carried: Any) -> None:
    entries = {f"{name}.json": value for name, value in carried.items()}
    save_file({**random_weights(CONFIG), **entries}, folder / "model.safetensors")


def test_without_a_file_the_carried_settings_count(tmp_path: Path) -> None:
    write(tmp_path, config=as_bytes(CONFIG.to_dict()), generation_config=as_bytes({"top_k": 7}))
    found = read_checkpoint(tmp_path)
    assert found.config.to_dict() == CONFIG.to_dict()
    assert found.generation_config == {"top_k": 7}
    assert not [name for name in found.tensors if name.endswith(".json")]
    tiny_config(layer_norm_epsilon=4e-5).save_pretrained(tmp_path)
    (tmp_path / "generation_config.json").write_text(json.dumps({"top_k": 8}))
    found = read_checkpoint(tmp_path)  # what lies beside the weights was written later
    assert found.config.layer_norm_epsilon == 4e-5
    assert found.generation_config == {"top_k": 8}


@pytest.mark.parametrize(
    "value",
    [
        np.zeros(9, np.float32),
        np.zeros((2, 2), np.uint8),
        np.zeros(0, np.uint8),
        np.frombuffer(b"[1]", np.uint8),
        np.frombuffer(b'{"n_embd":', np.uint8),
        np.frombuffer(b"\xff\xfe", np.uint8),
        np.full(2_000_000, ord(" "), np.uint8),
        np.frombuffer(b"[" * 100_000, np.uint8),
    ],
    ids=["floats", "two dimensions", "empty", "a list", "cut", "bytes", "long", "deep"],
)
def test_what_is_no_settings_is_refused(tmp_path: Path, value: Any) -> None:
    for name in ("config", "generation_config"):
        write(tmp_path, **{"config": as_bytes(CONFIG.to_dict()), name: value})
        with pytest.raises(CorruptFileError, match=rf"^{name}\.json in"):
            read_checkpoint(tmp_path)


def test_another_family_is_refused(tmp_path: Path) -> None:
    write(tmp_path, config=as_bytes({"model_type": "llama"}))
    with pytest.raises(ConfigError, match="llama"):
        read_checkpoint(tmp_path)
