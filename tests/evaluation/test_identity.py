"""Results go on only with the very files they were begun with, whatever the form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gpt2.checkpoint import write_checkpoint
from gpt2.evaluation.runner import identity
from gpt2.loading import load
from tests.tiny import random_weights, tiny_config, write_tiny


def weights(folder: Path) -> None:
    config = tiny_config()
    tensors: dict[str, Any] = random_weights(config)
    tensors["transformer.wpe.weight"] = tensors["transformer.wpe.weight"][::-1].copy()
    write_checkpoint(folder, config, tensors, safe_serialization=False)


def config(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "layer_norm_epsilon": 1e-3}))


def tokenizer(folder: Path) -> None:
    path = folder / "merges.txt"
    path.write_text(path.read_text().replace("\n", "\n\n", 1))


@pytest.mark.parametrize("change", [weights, config, tokenizer])
def test_a_changed_file_is_another_model(tmp_path: Path, change: Any) -> None:
    write_tiny(tmp_path)
    write_checkpoint(tmp_path, tiny_config(), random_weights(tiny_config()),
                     safe_serialization=False)  # fmt: skip
    model = load(tmp_path, engine="reference")
    before = identity(model, str(tmp_path))
    assert set(before["weights"]) == {"pytorch_model.bin"}
    assert identity(model, str(tmp_path)) == json.loads(json.dumps(before))
    change(tmp_path)
    after = identity(model, str(tmp_path))
    assert [part for part in before if before[part] != after[part]] == [
        "config" if change is config else change.__name__
    ]
