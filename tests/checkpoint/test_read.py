"""Every published form is read; what is damaged, hostile or other is refused with a reason."""

from __future__ import annotations

import json
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpt2.checkpoint import read_checkpoint
from gpt2.config import GPT2Config
from gpt2.errors import ConfigError, CorruptFileError, GPT2Error, MissingFileError, WeightError
from gpt2.model import GPT2LMHeadModel
from tests.checkpoint.small import SHAPE, logits, peer, saved
from tests.checkpoint.tensorflow import write_folder
from tests.examples import some


@pytest.fixture
def state(tmp_path: Path) -> dict[str, Any]:
    """A saved model's tensors, to be changed and written over it at tmp_path."""
    saved(tmp_path)
    return safetensors.torch.load_file(tmp_path / "model.safetensors")


def rewrite(folder: Path, state: dict[str, Any]) -> None:
    safetensors.torch.save_file(state, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize("size", ["5GB", "20KB"])
def test_one_file_or_shards_of_transformers(tmp_path: Path, size: str) -> None:
    theirs = saved(tmp_path, max_shard_size=size)
    assert (size == "20KB") == (tmp_path / "model.safetensors.index.json").exists()
    np.testing.assert_allclose(
        logits(GPT2LMHeadModel.from_pretrained(tmp_path)), logits(theirs), atol=2e-5, rtol=0
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("form", ["safetensors", "bin"])
def test_precisions(tmp_path: Path, dtype: torch.dtype, form: str) -> None:
    theirs = peer().to(dtype)
    theirs.save_pretrained(tmp_path)
    name = "transformer.h.1.mlp.c_fc.weight"
    expected = theirs.state_dict()[name]
    if form == "bin":
        torch.save(theirs.state_dict(), tmp_path / "pytorch_model.bin")
        (tmp_path / "model.safetensors").unlink()
    read = read_checkpoint(tmp_path)
    assert read.form == form
    np.testing.assert_array_equal(read.tensors[name].astype(np.float32), expected.float().numpy())
    tensor = read_checkpoint(tmp_path, framework="torch").tensors[name]
    assert tensor.dtype == dtype
    assert torch.equal(tensor, expected)


def test_bare_names_and_old_mask_buffers(tmp_path: Path, state: dict[str, Any]) -> None:
    expected = read_checkpoint(tmp_path).tensors
    old = {name.removeprefix("transformer."): tensor for name, tensor in state.items()}
    old["h.0.attn.bias"] = torch.ones(1, 1, 32, 32).tril().bool()
    old["h.0.attn.masked_bias"] = torch.tensor(-1e4)
    rewrite(tmp_path, old)
    found = read_checkpoint(tmp_path).tensors
    assert set(found) == set(expected)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])


def test_openais_tensorflow_folder(tmp_path: Path) -> None:
    theirs = peer()
    state = {n: t.numpy() for n, t in theirs.state_dict().items() if n != "lm_head.weight"}
    write_folder(tmp_path, state, SHAPE)
    assert read_checkpoint(tmp_path).config.eos_token_id == SHAPE["vocab_size"] - 1
    ours = GPT2LMHeadModel.from_pretrained(tmp_path)
    np.testing.assert_allclose(logits(ours), logits(theirs), atol=2e-5, rtol=0)


@pytest.mark.parametrize("name", ["model.ckpt.index", "model.ckpt.data-00000-of-00001"])
@pytest.mark.parametrize("kept", [0, 1, 30, 0.5, 0.99])
def test_a_cut_tensorflow_file(tmp_path: Path, name: str, kept: float) -> None:
    state = {n: t.numpy() for n, t in peer().state_dict().items() if n != "lm_head.weight"}
    write_folder(tmp_path, state, SHAPE)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(kept * len(data)) if kept < 1 else int(kept)])
    with pytest.raises(GPT2Error):
        read_checkpoint(tmp_path)


class Bomb:
    """What a hostile file holds: loading it makes a folder."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.place),)


@pytest.mark.parametrize("legacy", [False, True])
def test_no_code_in_a_pickle_runs(tmp_path: Path, legacy: bool) -> None:
    saved(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    content = {"transformer.wte.weight": Bomb(tmp_path / "burst")}
    if legacy:
        (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(content))
    else:
        torch.save(content, tmp_path / "pytorch_model.bin")
    with pytest.raises(CorruptFileError, match="could not be read safely"):
        read_checkpoint(tmp_path)
    assert not (tmp_path / "burst").exists()


@pytest.mark.parametrize("kept", [0, 7, 8, 100, 5000, -1])
def test_a_cut_safetensors_file(tmp_path: Path, kept: int) -> None:
    saved(tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(CorruptFileError, match=r"model\.safetensors"):
        read_checkpoint(tmp_path)


def test_weights_that_do_not_fit(tmp_path: Path, state: dict[str, Any]) -> None:
    name = "transformer.h.1.ln_1.weight"
    rewrite(tmp_path, {n: t for n, t in state.items() if n != name})
    with pytest.raises(WeightError, match=f"lacks {name}"):
        read_checkpoint(tmp_path)
    rewrite(tmp_path, {**state, name: torch.ones(33)})
    with pytest.raises(
        WeightError, match=r"has the shape \[33\], but its configuration requires \[32\]"
    ):
        read_checkpoint(tmp_path)
    rewrite(tmp_path, {**state, "transformer.h.0.extra": torch.ones(3)})
    with pytest.raises(WeightError, match="which GPT-2 does not use"):
        read_checkpoint(tmp_path)
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        bad = state[name].clone().to(dtype)
        bad[3] = float("nan")
        rewrite(tmp_path, {**state, name: bad})
        with pytest.raises(WeightError, match="NaN or infinite"):
            read_checkpoint(tmp_path)


def test_a_head_that_contradicts_a_tied_configuration(
    tmp_path: Path, state: dict[str, Any]
) -> None:
    rewrite(tmp_path, {**state, "lm_head.weight": state["transformer.wte.weight"] + 1})
    with pytest.raises(WeightError, match="tie_word_embeddings"):
        read_checkpoint(tmp_path)
    untied = GPT2Config.from_json_file(tmp_path / "config.json").replace(tie_word_embeddings=False)
    assert "lm_head.weight" in read_checkpoint(tmp_path, config=untied).tensors


def test_an_index_stays_in_its_folder(tmp_path: Path) -> None:
    saved(tmp_path, max_shard_size="20KB")
    index = tmp_path / "model.safetensors.index.json"
    names = json.loads(index.read_text())
    names["weight_map"]["transformer.wpe.weight"] = "../other.safetensors"
    index.write_text(json.dumps(names))
    with pytest.raises(CorruptFileError, match="outside its folder"):
        read_checkpoint(tmp_path)
    for damaged in (
        '{"weight_map": {"a": 3}}',
        '{"weight_map": {}}',
        "{}",
        "[",
        '{"weight_map": {"a": []}}',
    ):
        index.write_text(damaged)
        with pytest.raises(GPT2Error):
            read_checkpoint(tmp_path)


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="does not exist"):
        read_checkpoint(tmp_path / "nothing")
    with pytest.raises(MissingFileError, match="contains no weights"):
        read_checkpoint(tmp_path)
    saved(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(ConfigError, match="'llama' model"):
        read_checkpoint(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CorruptFileError, match="not JSON"):
        read_checkpoint(tmp_path)


def _tiny() -> bytes:
    config = {"vocab_size": 5, "n_positions": 4, "n_embd": 2, "n_layer": 1, "n_head": 1}
    state = peer(**config).state_dict()
    return safetensors.torch.save({n: t for n, t in state.items() if n != "lm_head.weight"})


TINY = _tiny()
CONFIG = GPT2Config(vocab_size=5, n_positions=4, n_embd=2, n_layer=1, n_head=1)
HEADER = 8 + struct.unpack("<Q", TINY[:8])[0]


@settings(
    max_examples=some(300), deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(st.data())
def test_any_damage_gives_our_error_or_a_whole_model(tmp_path: Path, data: Any) -> None:
    damaged = bytearray(TINY)
    end = data.draw(st.sampled_from([HEADER, len(TINY)]))
    for at in data.draw(st.lists(st.integers(0, end - 1), min_size=1, max_size=4)):
        damaged[at] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del damaged[data.draw(st.integers(0, len(damaged))) :]
    (tmp_path / "m.safetensors").write_bytes(damaged)
    try:
        read = read_checkpoint(tmp_path / "m.safetensors", config=CONFIG)
    except GPT2Error:
        return
    assert read.tensors["transformer.wte.weight"].shape == (5, 2)
