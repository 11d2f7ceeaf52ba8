"""nanoGPT's ckpt.pt both ways, against its model."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gpt2 import GPT2LMHeadModel
from gpt2.checkpoint import read_checkpoint
from gpt2.checkpoint.pickled import to_nanogpt
from gpt2.errors import CorruptFileError, UnsupportedError
from tests.checkpoint.nanogpt import NanoConfig, NanoGPT, random_nanogpt, save_nanogpt
from tests.tiny import tiny_config

IDS = torch.tensor([[5, 9, 60, 3, 3, 17]])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("compiled", [True, False])
def test_its_file_gives_its_logits(tmp_path: Path, bias: bool, compiled: bool) -> None:
    theirs = random_nanogpt(bias=bias)
    save_nanogpt(theirs, tmp_path / "ckpt.pt", compiled)
    for place in (tmp_path, tmp_path / "ckpt.pt"):
        ours = GPT2LMHeadModel.from_pretrained(place)
        torch.testing.assert_close(ours(IDS).logits, theirs(IDS), atol=1e-5, rtol=1e-5)
    assert ours.config.activation_function == "gelu"
    assert ours.config.eos_token_id is None


@pytest.mark.parametrize("compiled", [True, False])
def test_it_loads_what_we_write(tmp_path: Path, compiled: bool) -> None:
    theirs = random_nanogpt()
    save_nanogpt(theirs, tmp_path / "ckpt.pt", compiled)
    checkpoint = read_checkpoint(tmp_path, framework="torch")
    content = to_nanogpt(checkpoint.config, checkpoint.tensors)
    again = NanoGPT(NanoConfig(**content["model_args"])).eval()
    masks = again.load_state_dict(content["model"], strict=False)
    assert all(name.endswith("attn.bias") for name in masks.missing_keys)
    assert masks.unexpected_keys == []
    torch.testing.assert_close(again(IDS), theirs(IDS), atol=0, rtol=0)


@pytest.mark.parametrize(
    "shape",
    [{"n_inner": 7}, {"tie_word_embeddings": False}, {"layer_norm_epsilon": 1e-6},
     {"scale_attn_by_inverse_layer_idx": True}],
)  # fmt: skip
def test_what_nanogpt_has_not(shape: dict[str, float]) -> None:
    with pytest.raises(UnsupportedError, match="nanoGPT"):
        to_nanogpt(tiny_config(**shape), {})


def test_arguments_that_lack_something(tmp_path: Path) -> None:
    torch.save({"model": {}, "model_args": {"n_layer": 2}}, tmp_path / "ckpt.pt")
    with pytest.raises(CorruptFileError, match="model_args lacks n_head, n_embd, block_size"):
        read_checkpoint(tmp_path)
