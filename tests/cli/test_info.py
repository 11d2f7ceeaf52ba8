"""``gpt2 info`` as a user runs it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from huggingface_hub import constants

from gpt2.checkpoint import write_checkpoint
from gpt2.cli.info import command
from gpt2.errors import MissingFileError
from gpt2.extras import install
from gpt2.hub import bundled_models
from gpt2.native import NativeEngine
from tests.tiny import random_weights, tiny_config


def info(*arguments: object) -> Any:
    line = [str(argument) for argument in (*arguments, "--json")]
    result = CliRunner().invoke(command, line, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    weights = {name: v.astype("float16") for name, v in random_weights(tiny_config()).items()}
    write_checkpoint(tmp_path, tiny_config(), weights, sidecar={"licence": "MIT"})
    return tmp_path


def test_what_a_model_is(folder: Path) -> None:
    found = info(folder)
    values = sum(v.size for v in random_weights(tiny_config()).values())
    assert found["parameters"] == values
    assert (found["layers"], found["width"], found["vocabulary"]) == (2, 64, 300)
    assert (found["heads"], found["width of a head"]) == (4, 16)
    assert found["form"] == "safetensors, F16"
    assert found["licence"] == "MIT"
    assert found["place"] == str(folder)
    assert found["keys and values"] == 512  # 2 * 2 layers * 64 wide * 2 bytes
    assert type(found["SHA-256"]["model.safetensors"]["size"]) is int
    shown = CliRunner().invoke(command, [str(folder)]).stdout
    assert f"{values:,}" in shown
    assert "0.5 MB for 1,000 tokens at fp16" in shown
    assert f"{found['memory']['fp32'] / 1e6:.1f} MB" in shown
    assert "MIT" in shown


@pytest.mark.parametrize("tied", [True, False])
def test_the_memory_is_that_of_the_native_engine(tmp_path: Path, tied: bool) -> None:
    config = tiny_config(vocab_size=301, n_embd=48, tie_word_embeddings=tied)
    weights = random_weights(config)
    write_checkpoint(tmp_path, config, weights)
    memory = info(tmp_path)["memory"]
    assert list(memory) == ["fp32", "fp16", "int8", "int4"]
    for dtype, size in memory.items():
        assert size == NativeEngine(weights, config, dtype=dtype).weight_bytes


def test_the_licence_of_a_model_card(folder: Path) -> None:
    (folder / "gpt2.json").unlink()
    assert info(folder)["licence"] == "not stated"
    (folder / "README.md").write_text("---\nlanguage: en\nlicense: apache-2.0\n---\n# A model\n")
    assert info(folder)["licence"] == "apache-2.0"


def test_what_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    found = info()
    assert found["packages"]["numpy"] == __import__("numpy").__version__
    assert found["engines"]["reference"] == "ready (numpy)"
    assert found["bundled models"] == bundled_models()
    assert found["cached models"] == []
    for name, family in {"openai-community--gpt2": "gpt2", "some--llama": "llama"}.items():
        snapshot = cache / f"models--{name}" / "snapshots" / "1a2b"
        snapshot.mkdir(parents=True)
        (snapshot / "config.json").write_text(json.dumps({"model_type": family}))
        (snapshot / "model.safetensors").write_bytes(bytes(3_000_000))
    assert info()["cached models"] == ["openai-community/gpt2 (3 MB)"]


def test_an_engine_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import gpt2.cli.info as module

    real = vars(module)["versions"]
    monkeypatch.setattr(module, "versions", lambda names: real(names) | dict.fromkeys(
        {"torch"} & set(names)))  # fmt: skip
    monkeypatch.setitem(sys.modules, "torch", None)
    found = info()
    assert install("torch") in found["packages"]["torch"]
    assert found["engines"]["torch"].startswith("missing")


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no file or folder"):
        info(tmp_path / "nothing")
