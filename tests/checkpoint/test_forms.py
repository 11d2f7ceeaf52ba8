"""Every form a model comes in gives the same tensors, and the file of one program suits another."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
import transformers
from safetensors.numpy import load_file

from gpt2.checkpoint import read_checkpoint, write_checkpoint
from gpt2.checkpoint.mapped import Stored, read_safetensors, write_safetensors
from gpt2.errors import CorruptFileError, MissingDependencyError, OptionError, WeightError
from gpt2.extras import install
from tests.tiny import random_weights, tiny_config


def equal(found: Any, expected: Any) -> None:
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert found[name].dtype == values.dtype, name
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("size", ["5GB", "100KB"])
@pytest.mark.parametrize("safe", [True, False])
def test_what_is_written_is_read(tmp_path: Path, tied: bool, size: str, safe: bool) -> None:
    config = tiny_config(tie_word_embeddings=tied)
    weights = random_weights(config)
    written = write_checkpoint(
        tmp_path, config, weights, max_shard_size=size, safe_serialization=safe
    )
    assert set(written) == set(tmp_path.iterdir())
    checkpoint = read_checkpoint(tmp_path)
    equal(checkpoint.tensors, weights)
    assert checkpoint.config.to_dict() == config.to_dict() | {"dtype": "float32"}
    assert checkpoint.form == ("safetensors" if safe else "bin")
    largest = max(path.stat().st_size for path in written)
    assert (largest < 110_000) is (size != "5GB")


@pytest.mark.parity
@pytest.mark.parametrize("safe", [True, False])
def test_transformers_reads_the_shards(tmp_path: Path, safe: bool) -> None:
    config = tiny_config()
    weights = random_weights(config)
    write_checkpoint(tmp_path, config, weights, max_shard_size="100KB", safe_serialization=safe)
    model, notes = transformers.GPT2LMHeadModel.from_pretrained(tmp_path, output_loading_info=True)
    assert not notes["missing_keys"]
    assert not notes["unexpected_keys"]
    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    state.pop("lm_head.weight")
    equal(state, weights)


@pytest.mark.parity
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_the_writer_and_the_reader_agree_with_the_library(tmp_path: Path, dtype: str) -> None:
    kinds = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
    weights = random_weights(tiny_config())
    stored = {n: Stored(v, "F32").round_to(kinds[dtype], n) for n, v in weights.items()}
    stored["odd"] = Stored(np.arange(3, dtype=np.int8), "I8")
    write_safetensors(tmp_path / "ours.safetensors", stored)
    theirs = safetensors.torch.load_file(tmp_path / "ours.safetensors")
    for name, values in weights.items():
        expected = torch.from_numpy(values).to(getattr(torch, dtype))
        assert torch.equal(theirs[name], expected), name
    safetensors.torch.save_file(theirs, tmp_path / "theirs.safetensors")
    again = read_safetensors(tmp_path / "theirs.safetensors")
    assert set(again) == set(stored)
    for name, tensor in again.items():
        np.testing.assert_array_equal(tensor.array, stored[name].array)
        assert torch.equal(tensor.torch(), theirs[name])
        wide = theirs[name].float() if dtype == "bfloat16" else theirs[name]
        np.testing.assert_array_equal(tensor.numpy(), wide.numpy())


def test_rounding_to_bfloat16_is_torchs() -> None:
    bits = np.random.default_rng(0).integers(0, 2**32, 200_000, dtype=np.uint32)
    values = bits.view(np.float32)
    values = values[np.isfinite(values) & (abs(values) < 3e38)]
    ties = np.array([1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8, 0.0, -0.0, 1e-45], np.float32)
    values = np.concatenate([values, ties])
    expected = torch.from_numpy(values).bfloat16().view(torch.int16).numpy().view(np.uint16)
    found = Stored(values, "F32").round_to("BF16", "x")
    np.testing.assert_array_equal(found.array, expected)
    np.testing.assert_array_equal(found.numpy(), torch.from_numpy(values).bfloat16().float())


def test_a_value_too_large_for_the_precision_is_an_error() -> None:
    with pytest.raises(WeightError, match="in F16: h contains NaN or infinite values"):
        Stored(np.array([1.0, 70_000.0], np.float32), "F32").round_to("F16", "h")


def test_tensors_are_mapped_and_private(tmp_path: Path) -> None:
    config = tiny_config()
    write_checkpoint(tmp_path, config, random_weights(config))
    before = (tmp_path / "model.safetensors").read_bytes()
    tensor = read_checkpoint(tmp_path).tensors["transformer.wte.weight"]
    assert not tensor.flags.owndata
    tensor += 1  # a private page: training in place does not reach the file
    assert (tmp_path / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize("layout", ["bare", "full", "old"])
def test_both_layouts_of_names(tmp_path: Path, layout: str) -> None:
    """OpenAI's upload has no prefix and keeps the masks; transformers wrote both over the years."""
    config = tiny_config()
    weights = random_weights(config)
    stored = dict(weights)
    if layout != "full":
        stored = {n.removeprefix("transformer."): v for n, v in weights.items()}
    if layout == "old":
        for i in range(config.n_layer):
            stored[f"h.{i}.attn.bias"] = np.tril(np.ones((1, 1, 64, 64), np.float32))
            stored[f"h.{i}.attn.masked_bias"] = np.float32(-1e4).reshape(())
        stored["lm_head.weight"] = weights["transformer.wte.weight"].copy()
    write_checkpoint(tmp_path, config, stored, safe_serialization=False)
    equal(read_checkpoint(tmp_path).tensors, weights)
    equal(read_checkpoint(tmp_path / "pytorch_model.bin").tensors, weights)


def test_an_untied_head_that_the_configuration_ties(tmp_path: Path) -> None:
    weights = random_weights(tiny_config(tie_word_embeddings=False))
    write_checkpoint(tmp_path, tiny_config(), weights)
    with pytest.raises(WeightError, match=r"tie_word_embeddings.*false"):
        read_checkpoint(tmp_path)


def test_old_shards_go_when_new_files_are_there(tmp_path: Path) -> None:
    config = tiny_config()
    write_checkpoint(tmp_path, config, random_weights(config), max_shard_size="100KB")
    write_checkpoint(tmp_path, config, random_weights(config, 1), safe_serialization=False)
    (tmp_path / "notes.bin").write_text("mine")
    written = write_checkpoint(tmp_path, config, random_weights(config, 2))
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in written} | {"notes.bin"}
    equal(read_checkpoint(tmp_path).tensors, random_weights(config, 2))


def test_a_model_written_over_itself(tmp_path: Path) -> None:
    config = tiny_config()
    weights = random_weights(config)
    write_checkpoint(tmp_path, config, weights)
    checkpoint = read_checkpoint(tmp_path)
    write_checkpoint(tmp_path, config, checkpoint.tensors, max_shard_size="100KB")
    equal(read_checkpoint(tmp_path).tensors, weights)


def test_what_is_beside_the_weights(tmp_path: Path) -> None:
    config, sidecar = tiny_config(), {"licence": "MIT", "task": {"form": "摘要：{text}"}}
    write_checkpoint(tmp_path, config, random_weights(config), sidecar=sidecar,
                     generation_config={"top_k": 7})  # fmt: skip
    checkpoint = read_checkpoint(tmp_path)
    assert checkpoint.sidecar == sidecar
    assert checkpoint.generation_config == {"top_k": 7}
    assert transformers.GPT2LMHeadModel.from_pretrained(tmp_path).generation_config.top_k == 7


def test_a_tensor_of_an_unknown_type_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(WeightError, match="complex64"):
        write_checkpoint(tmp_path, tiny_config(), {"x": np.zeros(2, np.complex64)})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("size", "message"), [("0", "at least one byte"), ("5 QB", "5GB"), ("", "5GB")]
)
def test_a_size_that_is_none(tmp_path: Path, size: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        write_checkpoint(tmp_path, tiny_config(), {}, max_shard_size=size)


def test_a_pickle_that_runs_code_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"transformer.wte.weight": Evil()}, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text(tiny_config().to_json_string())
    with pytest.raises(CorruptFileError, match="could not be read safely"):
        read_checkpoint(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_torch_files_without_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny_config()
    write_checkpoint(tmp_path, config, random_weights(config), safe_serialization=False)
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(MissingDependencyError, match=re.escape(install("torch"))):
        read_checkpoint(tmp_path)


def test_a_header_is_padded_to_eight_bytes(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "m.safetensors", {"狐": np.ones((2, 0, 3)), "b": np.ones(())})
    data = (tmp_path / "m.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    assert length % 8 == 0
    assert json.loads(data[8 : 8 + length])["__metadata__"] == {"format": "pt"}
    assert load_file(tmp_path / "m.safetensors")["狐"].shape == (2, 0, 3)
