"""LoRA: what is trained, that merging changes nothing, and files in PEFT's form."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import torch

from gpt2.errors import CorruptFileError, InputError, OptionError, WeightError
from gpt2.model import GPT2LMHeadModel
from gpt2.model.lora import (
    CONFIG,
    MAPS,
    LoraConfig,
    add_lora,
    find_adapters,
    load_lora,
    lora_parameters,
    merge_lora,
    save_lora,
)
from tests.tiny import tiny_config

IDS = torch.arange(40).view(2, 20)
SMALL = LoraConfig(lora_rank=3, lora_alpha=6.0)


@pytest.fixture
def model() -> GPT2LMHeadModel:
    torch.manual_seed(0)
    return GPT2LMHeadModel(tiny_config(initializer_range=0.2)).eval()


def disturb(model: GPT2LMHeadModel) -> None:
    """B is zero at first; let the adapters do something."""
    with torch.no_grad():
        for parameter in lora_parameters(model).values():
            parameter.normal_(0, 0.1)


@torch.no_grad()
def logits(model: GPT2LMHeadModel) -> torch.Tensor:
    return model(IDS).logits


def test_at_first_nothing_changes_and_only_adapters_learn(model: GPT2LMHeadModel) -> None:
    before = logits(model)
    frozen = {name: p.clone() for name, p in model.named_parameters()}
    assert len(add_lora(model, SMALL)) == 2 * len(MAPS)
    assert torch.equal(logits(model), before)
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    assert len(trained) == 2 * 2 * len(MAPS)
    assert all(".lora_" in name for name in trained)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
    for _ in range(2):
        model.train().loss(IDS).backward()
        optimizer.step()
    assert not torch.allclose(logits(model.eval()), before)
    for name, p in frozen.items():
        assert torch.equal(model.get_parameter(name), p), name


def test_the_merged_model_equals_the_adapted_one(model: GPT2LMHeadModel, tmp_path: Path) -> None:
    names = sorted(model.state_dict())
    before = logits(model)
    add_lora(model, SMALL)
    disturb(model)
    wanted = logits(model)
    assert not torch.allclose(wanted, before, atol=0.1)
    adapted_text = model.generate(IDS[:1], max_new_tokens=8)
    merge_lora(model)
    torch.testing.assert_close(logits(model), wanted, rtol=1e-4, atol=1e-4)
    assert torch.equal(model.generate(IDS[:1], max_new_tokens=8), adapted_text)
    assert sorted(model.state_dict()) == names
    assert all(p.requires_grad for p in model.parameters())
    model.save_pretrained(tmp_path)
    assert torch.equal(logits(GPT2LMHeadModel.from_pretrained(tmp_path)), logits(model))


def test_targets_are_endings_of_names(model: GPT2LMHeadModel) -> None:
    base = copy.deepcopy(model)
    for targets, expected in {
        "c_attn": ["0.attn.c_attn", "1.attn.c_attn"],
        "c_proj": ["0.attn.c_proj", "0.mlp.c_proj", "1.attn.c_proj", "1.mlp.c_proj"],
        "h.1.mlp.c_fc, h.0.attn.c_proj": ["0.attn.c_proj", "1.mlp.c_fc"],
    }.items():
        model = copy.deepcopy(base)
        added = add_lora(model, LoraConfig(lora_targets=targets))
        assert added == [f"transformer.h.{name}" for name in expected]
        assert list(find_adapters(model)) == added
    with pytest.raises(InputError, match="already has adapters"):
        add_lora(model)
    for wrong, words in (("wte", "'wte' is not a linear layer"), ("", "requires targets")):
        with pytest.raises(InputError, match=words):
            add_lora(base, LoraConfig(lora_targets=wrong))
    assert not find_adapters(base)
    assert all(p.requires_grad for p in base.parameters())
    with pytest.raises(InputError, match="no adapters to merge"):
        merge_lora(base)
    with pytest.raises(InputError, match="no adapters to save"):
        save_lora(base, "nowhere")
    with pytest.raises(OptionError, match="lora_rank must be at least 1"):
        LoraConfig(lora_rank=0)


def test_they_are_saved_and_loaded(model: GPT2LMHeadModel, tmp_path: Path) -> None:
    base = copy.deepcopy(model)
    added = add_lora(model, LoraConfig(lora_rank=3, lora_alpha=7.5, lora_targets="attn.c_attn"))
    disturb(model)
    save_lora(model, tmp_path, "gpt2-mini")
    assert load_lora(base, tmp_path) == added
    assert torch.equal(logits(base), logits(model))
    settings = json.loads((tmp_path / CONFIG).read_text("utf-8"))
    assert settings["base_model_name_or_path"] == "gpt2-mini"
    assert (settings["peft_type"], settings["r"], settings["lora_alpha"]) == ("LORA", 3, 7.5)
    assert settings["fan_in_fan_out"] is True


def test_names_and_shapes_are_pefts(model: GPT2LMHeadModel, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    add_lora(model, SMALL)
    save_lora(model, tmp_path)
    shapes = {
        n: list(t.shape) for n, t in load_file(tmp_path / "adapter_model.safetensors").items()
    }
    block = "base_model.model.transformer.h.0"
    assert len(shapes) == 16
    assert shapes[f"{block}.attn.c_attn.lora_A.weight"] == [3, 64]
    assert shapes[f"{block}.attn.c_attn.lora_B.weight"] == [192, 3]
    assert shapes[f"{block}.mlp.c_proj.lora_A.weight"] == [3, 256]
    assert shapes[f"{block}.mlp.c_proj.lora_B.weight"] == [64, 3]


def test_what_does_not_fit_is_refused(model: GPT2LMHeadModel, tmp_path: Path) -> None:
    other = GPT2LMHeadModel(tiny_config(n_layer=1, n_embd=32))
    add_lora(other, LoraConfig(lora_targets="c_attn"))
    save_lora(other, tmp_path / "narrow")
    with pytest.raises(WeightError, match=r"does not fit this model: .*lora_A.*32.*64"):
        load_lora(copy.deepcopy(model), tmp_path / "narrow")
    deep = copy.deepcopy(model)
    add_lora(deep, LoraConfig(lora_targets="h.1.attn.c_attn"))
    save_lora(deep, tmp_path / "deep")
    with pytest.raises(WeightError, match=r"h\.1\.attn\.c_attn' is not a linear layer"):
        load_lora(GPT2LMHeadModel(tiny_config(n_layer=1)), tmp_path / "deep")
    settings = json.loads((tmp_path / "deep" / CONFIG).read_text("utf-8"))
    same = {"init_lora_weights": "gaussian", "use_dora": False, "kasa_config": None}
    (tmp_path / "deep" / CONFIG).write_text(json.dumps({**settings, **same}), "utf-8")
    load_lora(copy.deepcopy(model), tmp_path / "deep")
    for change, error, words in (
        ({"peft_type": "IA3"}, WeightError, "type 'IA3'"),
        ({"use_dora": True}, WeightError, "use_dora"),
        ({"init_lora_weights": "pissa"}, WeightError, "path_initial_model_for_weight_conversion"),
        ({"init_lora_weights": "olora"}, WeightError, "changes the base model's weights"),
        ({"alora_invocation_tokens": [5, 6]}, WeightError, "only the positions after these tokens"),
        ({"trainable_token_indices": [3]}, WeightError, "rows of the embedding"),
        ({"target_parameters": ["wte.weight"]}, WeightError, "target_parameters"),
        ({"a_setting_of_tomorrow": "on"}, WeightError, "a_setting_of_tomorrow = 'on'"),
        ({"r": "many"}, CorruptFileError, "not a LoRA configuration"),
    ):
        (tmp_path / "deep" / CONFIG).write_text(json.dumps({**settings, **change}), "utf-8")
        with pytest.raises(error, match=words):
            load_lora(copy.deepcopy(model), tmp_path / "deep")


def test_a_rank_is_held_against_the_file(model: GPT2LMHeadModel, tmp_path: Path) -> None:
    base = copy.deepcopy(model)
    add_lora(model, LoraConfig(lora_rank=2))
    save_lora(model, tmp_path)
    settings = json.loads((tmp_path / CONFIG).read_text("utf-8"))
    (tmp_path / CONFIG).write_text(json.dumps({**settings, "r": 10**8}))
    with pytest.raises(WeightError, match=r"adapter_config\.json has r = 100000000"):
        load_lora(base, tmp_path)
