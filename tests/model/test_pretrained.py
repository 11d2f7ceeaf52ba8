"""Files both ways with transformers, sizes, precision, dropout, vocabulary."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from gpt2 import GPT2Config, GPT2LMHeadModel, GPT2Model
from gpt2.config import PUBLISHED
from gpt2.errors import InputError
from tests.model.torch_pairs import SHAPE, continued, pair, same, tokens

SIZES = {
    "gpt2": 124_439_808,
    "gpt2-medium": 354_823_168,
    "gpt2-large": 774_030_080,
    "gpt2-xl": 1_557_611_200,
}


@pytest.mark.parametrize("name", SIZES)
def test_published_sizes(name: str) -> None:
    layers, heads, width = PUBLISHED[name]
    config = GPT2Config(n_layer=layers, n_head=heads, n_embd=width)
    with torch.device("meta"):
        model = GPT2LMHeadModel(config)
    assert config.parameter_count() == model.num_parameters() == SIZES[name]


@pytest.mark.parity
@pytest.mark.parametrize("tied", [True, False])
def test_transformers_loads_what_we_save(tmp_path: Path, tied: bool) -> None:
    ours, _ = pair(torch.float32, tie_word_embeddings=tied, activation_function="gelu")
    ours.save_pretrained(tmp_path, max_shard_size="20KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    assert isinstance(theirs, transformers.GPT2LMHeadModel)
    same(theirs(tokens()).logits, ours(tokens()).logits, 1e-5)


@pytest.mark.parity
@pytest.mark.parametrize("tied", [True, False])
def test_we_load_what_transformers_saves(tmp_path: Path, tied: bool) -> None:
    _, theirs = pair(torch.float32, tie_word_embeddings=tied, n_inner=29)
    theirs.save_pretrained(tmp_path)
    ours = GPT2LMHeadModel.from_pretrained(tmp_path)
    for name, value in theirs.state_dict().items():
        same(ours.state_dict()[name], value, 0)
    same(ours(tokens()).logits, theirs(tokens()).logits, 1e-5)


@pytest.mark.parity
def test_a_head_that_replaced_a_tied_one_is_saved(tmp_path: Path) -> None:
    ours, _ = pair(torch.float32)
    ours.lm_head = torch.nn.Linear(SHAPE["n_embd"], SHAPE["vocab_size"], bias=False)
    wanted = ours(tokens()).logits
    ours.save_pretrained(tmp_path)
    assert ours.config.tie_word_embeddings
    same(GPT2LMHeadModel.from_pretrained(tmp_path)(tokens()).logits, wanted, 1e-6)
    theirs = transformers.GPT2LMHeadModel.from_pretrained(tmp_path).eval()
    same(theirs(tokens()).logits, wanted, 1e-5)
    copies = {name: value.clone() for name, value in pair(torch.float32)[0].state_dict().items()}
    ours.save_pretrained(tmp_path, state_dict=copies)  # as accelerate gathers it: still tied
    assert GPT2LMHeadModel.from_pretrained(tmp_path).config.tie_word_embeddings


@pytest.mark.parity
def test_we_load_a_body_without_its_head(tmp_path: Path) -> None:
    _, theirs = pair(torch.float32)
    theirs.transformer.save_pretrained(tmp_path)
    body, model = GPT2Model.from_pretrained(tmp_path), GPT2LMHeadModel.from_pretrained(tmp_path)
    expected = theirs.transformer(tokens()).last_hidden_state
    same(body(tokens()).last_hidden_state, expected, 1e-5)
    same(model(tokens()).logits, theirs(tokens()).logits, 1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, "float16", torch.float64])
def test_precisions(tmp_path: Path, dtype: Any) -> None:
    ours, _ = pair(torch.float32)
    ours.save_pretrained(tmp_path)
    model = GPT2LMHeadModel.from_pretrained(tmp_path, dtype=dtype)
    wanted = getattr(torch, dtype) if isinstance(dtype, str) else dtype
    assert model.dtype == wanted == model(tokens()).logits.dtype
    same(model(tokens()).logits.float(), ours(tokens()).logits, 0.05)
    model.save_pretrained(tmp_path / "again")
    assert GPT2LMHeadModel.from_pretrained(tmp_path / "again", dtype="auto").dtype == wanted
    again = GPT2LMHeadModel.from_pretrained(tmp_path / "again", dtype=torch.float32)
    assert again.dtype == torch.float32
    with pytest.raises(InputError, match="dtype must be"):
        GPT2LMHeadModel.from_pretrained(tmp_path, dtype="int8")


def test_dropout_in_training_only() -> None:
    torch.manual_seed(0)
    for name in ("embd_pdrop", "resid_pdrop", "attn_pdrop"):
        off = {"embd_pdrop": 0.0, "resid_pdrop": 0.0, "attn_pdrop": 0.0}
        model = GPT2LMHeadModel(GPT2Config(**{**SHAPE, **off, name: 0.5}))
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, 0, 0.3)
        model.train()
        assert not torch.allclose(model(tokens()).logits, model(tokens()).logits), name
        model.eval()
        assert torch.equal(model(tokens()).logits, model(tokens()).logits), name


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("size", [60, 75])
def test_resized_vocabulary(tmp_path: Path, tied: bool, size: int) -> None:
    model, _ = pair(torch.float32, tie_word_embeddings=tied)
    ids, kept = tokens(below=60), min(size, 67)
    before = model(ids).logits
    model.resize_token_embeddings(size)
    assert (model.lm_head.weight is model.transformer.wte.weight) is tied
    after = model(ids).logits
    assert after.shape[-1] == size
    same(after[..., :kept], before[..., :kept], 1e-6)
    model.save_pretrained(tmp_path)
    same(GPT2LMHeadModel.from_pretrained(tmp_path)(ids).logits, after, 0)


def changed(how: str, model: GPT2LMHeadModel) -> GPT2LMHeadModel:
    """The model after its weights changed in one of the ways there are."""
    if how == "step":
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        model(tokens(), labels=tokens()).loss.backward()
        optimizer.step()
    elif how == "load":
        model.load_state_dict({n: v * 1.1 for n, v in model.state_dict().items()})
    elif how == "assign":
        state = {n: v * 1.1 for n, v in model.state_dict().items()}
        model.load_state_dict(state, assign=True)
        model.tie_weights()
    elif how == "rounded":
        model.bfloat16().float()
    elif how == "data":
        model.train()
        for parameter in model.parameters():
            parameter.data.mul_(1.1)
        model.eval()
    elif how == "copied":
        model = copy.deepcopy(model)
        with torch.no_grad():
            model.transformer.wte.weight.mul_(1.1)
    return model


@pytest.mark.parametrize("how", ["step", "load", "assign", "rounded", "data", "copied"])
def test_packed_weights_are_never_stale(how: str) -> None:
    model, _ = pair(torch.float32)
    before = continued(model, tokens())
    model = changed(how, model)
    after = continued(model, tokens())
    same(after, model(tokens()).logits[:, -1], 1e-5)
    assert not torch.equal(after, before)


def test_generates_under_autocast() -> None:
    model, _ = pair(torch.float32)
    plain = continued(model, tokens())
    with torch.autocast("cpu", torch.bfloat16):
        lower = continued(model, tokens())
    same(lower.float(), plain, 0.1)


def test_a_whole_model_can_be_pickled(tmp_path: Path) -> None:
    model, _ = pair(torch.float32)
    expected = continued(model, tokens())
    torch.save(model, tmp_path / "model.pt")
    again = torch.load(tmp_path / "model.pt", weights_only=False)
    same(continued(again, tokens()), expected, 0)
