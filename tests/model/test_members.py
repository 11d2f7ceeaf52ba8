"""What other libraries' loops and people's snippets reach for on a model, beside transformers'."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch import nn

import gpt2
from gpt2 import GPT2Config, GPT2LMHeadModel
from gpt2.errors import (
    ConfigError,
    GPT2Warning,
    InputError,
    UnknownOptionError,
    UnsupportedError,
)
from gpt2.model.lora import LoraConfig, add_lora, merge_lora
from tests.model.torch_pairs import SHAPE, pair, same, tokens

pytestmark = pytest.mark.parity


@pytest.fixture
def models() -> tuple[Any, Any]:
    return pair(torch.float32)


MEMBERS: dict[str, Any] = {
    "parameters": lambda m: m.num_parameters(),
    "trainable": lambda m: m.num_parameters(only_trainable=True),
    "without tables": lambda m: m.num_parameters(exclude_embeddings=True),
    "footprint": lambda m: m.get_memory_footprint(),
    "input": lambda m: m.main_input_name,
    "prefix": lambda m: m.base_model_prefix,
    "base": lambda m: m.base_model is m.transformer,
    "base of the base": lambda m: m.base_model.base_model is m.transformer,
    "generates": lambda m: m.can_generate(),
    "name": lambda m: m.name_or_path,
    "heads": lambda m: (m.transformer.h[0].attn.num_heads, m.transformer.h[0].attn.split_size),
    "map": lambda m: (m.transformer.h[0].attn.c_attn.nf, m.transformer.h[0].attn.c_attn.nx),
    "head": lambda m: (m.lm_head.in_features, m.lm_head.out_features),
    "kind": lambda m: (m.config.model_type, m.config.is_encoder_decoder),
    "text": lambda m: m.config.get_text_config() is m.config,
    "labels": lambda m: (m.config.num_labels, dict(m.config.id2label), dict(m.config.label2id)),
    "usual": lambda m: (m.config.output_attentions, m.config.output_hidden_states),
    "attributes": lambda m: m.config.attribute_map["hidden_size"],
    "decoder": lambda m: m.get_decoder() is m.transformer,
    "parameter": lambda m: tuple(m.get_parameter_or_buffer("transformer.wte.weight").shape),
    "dummy": lambda m: tuple(m(**m.dummy_inputs).logits.shape),
    "cross": lambda m: m(tokens()).cross_attentions,
    "tied": lambda m: m._tied_weights_keys,
    "keys": lambda m: [*m.state_dict()],
}


@pytest.mark.parametrize("read", MEMBERS.values(), ids=MEMBERS)
def test_members_are_transformers(models: tuple[Any, Any], read: Any) -> None:
    ours, theirs = (read(m) for m in models)
    assert ours == theirs


def test_values_of_a_text_and_of_a_file(models: tuple[Any, Any], tmp_path: Path) -> None:
    said = "resid_pdrop=0.25,n_inner=96,scale_attn_weights=no,activation_function=relu"
    found = []
    for model in models:
        config = copy.deepcopy(model.config)
        config.n_inner = 48
        config.update_from_string(said)
        config.save_pretrained(tmp_path)
        values, rest = type(config).get_config_dict(str(tmp_path), foo=1)
        names = ("resid_pdrop", "n_inner", "scale_attn_weights", "activation_function")
        found.append(([getattr(config, n) for n in names], [values[n] for n in names], rest["foo"]))
        for wrong in ("nothing=1", "n_layer=two", "scale_attn_weights=maybe", "n_layer"):
            with pytest.raises(ConfigError if model is models[0] else (ValueError, AttributeError)):
                config.update_from_string(wrong)
    assert found[0] == found[1]


def test_embeddings_can_be_replaced(models: tuple[Any, Any]) -> None:
    for model in models:
        table = nn.Embedding(67, 24)
        table.weight.data.copy_(torch.arange(67 * 24).view(67, 24) / 1000)
        model.set_input_embeddings(table)
        assert model.get_input_embeddings() is table
    ours, theirs = (m.base_model(tokens()).last_hidden_state for m in models)
    same(ours, theirs, 1e-5)


def test_gradients_reach_a_frozen_embedding(models: tuple[Any, Any]) -> None:
    for model in models:
        model.requires_grad_(False)
        model.enable_input_require_grads()
        assert model(tokens()).logits.requires_grad
        model.disable_input_require_grads()
        assert not model(tokens()).logits.requires_grad


@pytest.mark.parametrize("reentrant", [None, True, False])
def test_activations_are_computed_again(reentrant: bool | None) -> None:
    models = pair(torch.float32, attn_pdrop=0.0, resid_pdrop=0.0, embd_pdrop=0.0)
    said = None if reentrant is None else {"use_reentrant": reentrant}
    found = []
    for model in (models[0], models[1]):
        model.train()
        model.activation_checkpointing_enable(said, every_n_layers=2)
        assert model.is_activation_checkpointing
        model(tokens(), labels=tokens(), use_cache=False).loss.backward()
        found.append(model.transformer.h[0].mlp.c_fc.weight.grad)
        model.activation_checkpointing_disable()
        assert not model.is_activation_checkpointing
    same(found[0], found[1], 1e-4)
    models[0].gradient_checkpointing_enable(gradient_checkpointing_kwargs=said)
    assert models[0].is_gradient_checkpointing


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("wide", [False, True])
def test_new_rows_lie_where_transformers_puts_them(tied: bool, wide: bool) -> None:
    """Around the old rows' mean, a hair's breadth wide; more rows than values, and fewer."""
    shape = {"tie_word_embeddings": tied, "n_embd": 96 if wide else 24}
    ours, theirs = pair(torch.float32, **shape)
    for model in (ours, theirs):
        torch.manual_seed(3)
        model.resize_token_embeddings(2000)
    for name in ("transformer.wte.weight", "lm_head.weight"):
        found, wanted = (m.state_dict()[name] for m in (ours, theirs))
        same(found[:67], wanted[:67], 0)
        new, old = found[67:], wanted[67:]
        same(new.mean(0), found[:67].mean(0), 1e-3)
        same(new.mean(0), old.mean(0), 1e-3)
        assert float(new.norm(dim=1).mean()) == pytest.approx(
            float(old.norm(dim=1).mean()), rel=1e-3
        )
        spread, wanted_spread = (float(x.sub(x.mean(0)).norm()) for x in (new, old))
        assert spread == pytest.approx(wanted_spread, rel=0.1)
    assert ours.config.vocab_size == theirs.config.vocab_size == 2000


SIZES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "multiple": {"pad_to_multiple_of": 64},
    "both": {"new_num_tokens": 70, "pad_to_multiple_of": 8},
    "smaller": {"new_num_tokens": 50, "pad_to_multiple_of": 4},
    "as at first": {"new_num_tokens": 900, "mean_resizing": False},
    "numpy": {"new_num_tokens": np.int64(71)},
}


@pytest.mark.parametrize("said", SIZES.values(), ids=SIZES)
def test_sizes_of_a_vocabulary(models: tuple[Any, Any], said: dict[str, Any]) -> None:
    ours, theirs = (m.resize_token_embeddings(**said) for m in models)
    assert ours is models[0].get_input_embeddings()
    assert ours.weight.shape == theirs.weight.shape
    assert ours.num_embeddings == models[0].config.vocab_size == models[1].config.vocab_size
    assert type(models[0].config.vocab_size) is int
    if not said.get("mean_resizing", True):
        assert float(ours.weight[67:].std()) == pytest.approx(0.02, rel=0.05)
    for wrong in (0, -3, 2.5, "70", True):
        with pytest.raises(InputError):
            models[0].resize_token_embeddings(wrong)
        with pytest.raises(InputError, match="pad_to_multiple_of"):
            models[0].resize_token_embeddings(70, wrong)


def test_new_tokens_beside_frozen_weights_are_said(models: tuple[Any, Any]) -> None:
    model = models[0]
    model.resize_token_embeddings(70)
    with pytest.warns(
        GPT2Warning, match="the 3 rows that resize_token_embeddings added will not be trained"
    ):
        add_lora(model, LoraConfig(lora_rank=2))
    with pytest.warns(GPT2Warning, match="2 new rows of the embedding are frozen"):
        model.resize_token_embeddings(72)


@pytest.mark.parametrize("kind", ["GPT2LMHeadModel", "GPT2Model", "GPT2ForSequenceClassification"])
@pytest.mark.parametrize("tied", [True, False])
def test_to_transformers_shares_the_weights(kind: str, tied: bool) -> None:
    config = GPT2Config(**SHAPE, tie_word_embeddings=tied, pad_token_id=1, num_labels=3)
    ours = getattr(gpt2, kind)(config).eval()
    theirs = ours.to_transformers()
    assert type(theirs) is getattr(transformers, kind)
    assert isinstance(theirs, transformers.PreTrainedModel)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    assert {n: p.data_ptr() for n, p in ours.state_dict().items()} == {
        n: p.data_ptr() for n, p in theirs.state_dict().items()}  # fmt: skip
    same(ours(tokens())[0], theirs(tokens())[0], 1e-4)
    assert not theirs.training
    assert theirs.config.num_labels == 3
    theirs.train()(tokens())[0].sum().backward()
    assert all(p.grad is not None for n, p in ours.named_parameters())


def test_to_transformers_generates(models: tuple[Any, Any]) -> None:
    ours = models[0]
    said = {"max_new_tokens": 5, "do_sample": False, "pad_token_id": 0}
    ours.generation_config.update(repetition_penalty=1.7)
    theirs = ours.to_transformers()
    assert theirs.generation_config.repetition_penalty == 1.7
    assert torch.equal(ours.generate(tokens(), **said), theirs.generate(tokens(), **said))
    add_lora(ours, LoraConfig(lora_rank=2))
    with pytest.raises(UnsupportedError, match="merge adapters first"):
        ours.to_transformers()
    assert merge_lora(ours).to_transformers() is not None


def test_saving_as_training_loops_do(models: tuple[Any, Any], tmp_path: Path) -> None:
    ours = models[0]
    state = {n: t + 1 for n, t in ours.state_dict().items()}
    ours.save_pretrained(tmp_path / "no", is_main_process=False, save_function=torch.save)
    assert not (tmp_path / "no").exists()
    ours.save_pretrained(tmp_path, is_main_process=True, save_function=None, state_dict=state)
    for kind in (GPT2LMHeadModel, transformers.GPT2LMHeadModel):
        again = kind.from_pretrained(tmp_path)
        same(again.transformer.wpe.weight, ours.transformer.wpe.weight + 1, 0)
    with pytest.raises(UnsupportedError, match="hf upload"):
        ours.save_pretrained(tmp_path, push_to_hub=True)
    with pytest.raises(UnsupportedError, match="hf upload"):
        ours.push_to_hub("me/model")
    with pytest.raises(UnsupportedError, match="variant"):
        ours.save_pretrained(tmp_path, variant="fp16")
    with pytest.raises(UnknownOptionError, match="max_shard_siez"):
        ours.save_pretrained(tmp_path, max_shard_siez="1MB")


def test_accelerate_can_write_the_weights(models: tuple[Any, Any], tmp_path: Path) -> None:
    """safetensors refuses shared memory; accelerate marks a model that it has in hand. Trainer and
    save_state write nothing but the state_dict, so the settings are in it."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    model = copy.deepcopy(models[0])
    assert model.state_dict()["lm_head.weight"].data_ptr() == model.lm_head.weight.data_ptr()
    model._is_accelerate_prepared = True
    model.config.resid_pdrop, model.generation_config.top_k = 0.3, 7
    state = model.state_dict()
    save_file(state, tmp_path / "model.safetensors")
    again, report = GPT2LMHeadModel.from_pretrained(tmp_path, output_loading_info=True)
    same(again(tokens()).logits, model(tokens()).logits, 0)
    assert (again.config.resid_pdrop, again.generation_config.top_k) == (0.3, 7)
    assert not any(report.values())
    engine = gpt2.load(tmp_path)  # without a tokenizer; on the native engine
    assert engine.config.resid_pdrop == 0.3
    model.load_state_dict(state)  # accelerate's load_state is strict
    assert str(model.load_state_dict(state, False)) == "<All keys matched successfully>"
    again.save_pretrained(tmp_path / "whole", state_dict=state)  # as run_clm_no_trainer.py does
    assert isinstance(json.loads((tmp_path / "whole" / "config.json").read_text()), dict)
    with safe_open(tmp_path / "whole" / "model.safetensors", "np") as file:
        assert not {"config.json", "generation_config.json"} & set(file.keys())


def test_a_loop_of_ones_own(models: tuple[Any, Any]) -> None:
    """prepare_inputs_for_generation, as greedy loops of forum answers use it."""
    found = []
    for model in models:
        ids, said = tokens(), {"attention_mask": torch.ones(2, 9, dtype=torch.long)}
        step = model.prepare_inputs_for_generation(ids, use_cache=True, **said)
        assert sorted(step) == ["attention_mask", "input_ids", "use_cache"]
        out = model(**step)
        ids = torch.cat([ids, out.logits[:, -1:].argmax(-1)], 1)
        said["attention_mask"] = torch.ones_like(ids)
        step = model.prepare_inputs_for_generation(
            ids, next_sequence_length=1, past_key_values=out.past_key_values, **said
        )
        assert step["input_ids"].shape == (2, 1)
        found.append(model(**step).logits)
    same(found[0], found[1], 1e-5)


WAYS: dict[str, dict[str, Any]] = {
    "greedy": {},
    "sampled": {"do_sample": True, "top_k": 9},
    "beams": {"num_beams": 3},
    "beams that end": {"num_beams": 4, "eos_token_id": list(range(0, 67, 2)), "length_penalty": 0},
    "several": {"num_beams": 3, "num_return_sequences": 2},
}


@pytest.mark.parametrize("said", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("normalized", [True, False])
def test_scores_of_what_was_chosen(
    models: tuple[Any, Any], said: dict[str, Any], normalized: bool
) -> None:
    found = []
    for model in models:
        torch.manual_seed(0)
        out = model.generate(tokens(), max_new_tokens=6, pad_token_id=0, output_scores=True,
                             return_dict_in_generate=True, **said)  # fmt: skip
        beams = {} if "num_beams" not in said else {"beam_indices": out.beam_indices}
        scores = model.compute_transition_scores(
            out.sequences, out.scores, normalize_logits=normalized, **beams
        )
        found.append(scores)
    assert found[0].shape == found[1].shape
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-4)
    with pytest.raises(InputError, match="output_scores"):
        models[0].compute_transition_scores(tokens(), None)


def test_from_config() -> None:
    config = GPT2Config(**SHAPE)
    for auto, kind in (
        (gpt2.AutoModelForCausalLM, gpt2.GPT2LMHeadModel),
        (gpt2.AutoModel, gpt2.GPT2Model),
        (gpt2.AutoModelForSequenceClassification, gpt2.GPT2ForSequenceClassification),
    ):
        model = auto.from_config(config, dtype=torch.bfloat16)
        assert (type(model), model.dtype) == (kind, torch.bfloat16)
        assert model.training
        with pytest.raises(UnknownOptionError, match="dtyp"):
            auto.from_config(config, dtyp=torch.bfloat16)
    model = gpt2.AutoModelForCausalLM.from_config(transformers.GPT2Config(**SHAPE))
    assert type(model.config) is GPT2Config
