"""Adapters that the real PEFT writes compute the same here or are refused with the reason."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from gpt2 import GPT2LMHeadModel
from gpt2.errors import WeightError
from gpt2.model.lora import LoraConfig, add_lora, load_lora, lora_parameters, save_lora
from tests.tiny import write_tiny

peft = pytest.importorskip("peft")
pytestmark = pytest.mark.parity

IDS = torch.arange(24).view(2, 12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("model")
    write_tiny(place)
    return place


SAME: dict[str, dict[str, Any]] = {
    "default": {},
    "c_attn": {"target_modules": ["c_attn"]},
    "all": {"target_modules": "all-linear"},
    "regex": {"target_modules": r".*h\.1\.mlp\.c_.*"},
    "some layers": {"target_modules": ["c_attn"], "layers_to_transform": [1]},
    "all but some": {"target_modules": ["c_attn", "c_proj"], "exclude_modules": r".*mlp.*"},
    "gaussian": {"init_lora_weights": "gaussian"},
    "orthogonal": {"init_lora_weights": "orthogonal"},
    "begun": {"init_lora_weights": False},
    "dropout": {"lora_dropout": 0.3},
    "a task": {"task_type": "CAUSAL_LM", "inference_mode": True},
}
REFUSED: dict[str, dict[str, Any]] = {
    "pissa": {"init_lora_weights": "pissa"},
    "pissa, fast": {"init_lora_weights": "pissa_niter_4"},
    "olora": {"init_lora_weights": "olora"},
    "aLoRA": {"alora_invocation_tokens": [5, 6], "task_type": "CAUSAL_LM"},
    "dora": {"use_dora": True},
    "rslora": {"use_rslora": True},
    "bias": {"bias": "lora_only"},
    "bias of B": {"lora_bias": True},
    "ranks": {"rank_pattern": {"h.0.attn.c_attn": 2}},
    "alphas": {"alpha_pattern": {"h.0.attn.c_attn": 2}},
    "whole layers": {"modules_to_save": ["ln_f"]},
    "tokens": {"trainable_token_indices": [3, 4]},
    "parameters": {"target_modules": [], "target_parameters": ["wpe.weight"]},
    "embedding": {"target_modules": ["wte"]},
}


def write(folder: Path, place: Path, settings: dict[str, Any]) -> None:
    """An adapter with random numbers in it, saved by PEFT."""
    base = transformers.GPT2LMHeadModel.from_pretrained(folder)
    torch.manual_seed(1)
    model = peft.get_peft_model(base, peft.LoraConfig(r=4, lora_alpha=9, **settings))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    model.save_pretrained(place)


def reloaded(folder: Path, place: Path) -> torch.Tensor:
    """The logits of PEFT's own reload."""
    fresh = transformers.GPT2LMHeadModel.from_pretrained(folder)
    return peft.PeftModel.from_pretrained(fresh, place).eval()(IDS).logits.detach()


@pytest.mark.parametrize("settings", SAME.values(), ids=SAME)
def test_what_peft_writes_computes_the_same(
    folder: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    write(folder, tmp_path, settings)
    wanted = reloaded(folder, tmp_path)
    model = GPT2LMHeadModel.from_pretrained(folder)
    plain = model(IDS).logits.detach()
    load_lora(model, tmp_path)
    torch.testing.assert_close(model.eval()(IDS).logits.detach(), wanted, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(plain, wanted, atol=1e-2)


@pytest.mark.parametrize("settings", REFUSED.values(), ids=REFUSED)
def test_what_would_compute_something_else_is_refused(
    folder: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    write(folder, tmp_path, settings)
    with pytest.raises(WeightError):
        load_lora(GPT2LMHeadModel.from_pretrained(folder), tmp_path)


def test_what_is_written_here_computes_the_same_in_peft(folder: Path, tmp_path: Path) -> None:
    model = GPT2LMHeadModel.from_pretrained(folder)
    add_lora(model, LoraConfig(lora_rank=3, lora_alpha=7.5))
    with torch.no_grad():
        for parameter in lora_parameters(model).values():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    save_lora(model, tmp_path)
    base = transformers.GPT2LMHeadModel.from_pretrained(folder)
    loaded = peft.PeftModel.from_pretrained(base, tmp_path).eval()
    torch.testing.assert_close(loaded(IDS).logits, model.eval()(IDS).logits, rtol=1e-4, atol=1e-4)


def test_peft_trains_to_transformers(folder: Path, tmp_path: Path) -> None:
    """get_peft_model asks for transformers' Conv1D; the base's weights are shared, and stay."""
    ours = GPT2LMHeadModel.from_pretrained(folder)
    before = copy.deepcopy(ours.state_dict())
    model = peft.get_peft_model(ours.to_transformers(), peft.LoraConfig(r=2))
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    model(input_ids=IDS, labels=IDS).loss.backward()
    optimizer.step()
    assert all(torch.equal(t, before[n]) for n, t in ours.state_dict().items())
    model.save_pretrained(tmp_path)
    load_lora(ours, tmp_path)
    torch.testing.assert_close(ours(IDS).logits, model(IDS).logits, rtol=1e-4, atol=1e-4)
