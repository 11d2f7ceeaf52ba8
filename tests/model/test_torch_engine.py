"""The torch model as an engine: its cache, ragged rows, packed weights; loading and saving."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import gpt2
from gpt2.config import GPT2Config
from gpt2.engine import Engine
from gpt2.errors import ContextLengthError, InputError, UnsupportedError, WeightError
from gpt2.model import GPT2LMHeadModel, GPT2Model
from gpt2.model.inference import PackedConv1D
from tests.model.torch_pairs import SHAPE, continued, pair, same, tokens

ROWS = [[3, 1, 4, 1, 5], [9, 2], [6, 5, 3]]


def last(model: GPT2LMHeadModel, row: list[int]) -> torch.Tensor:
    return model(torch.tensor([row])).logits[0, -1]


def test_is_an_engine() -> None:
    assert isinstance(pair()[0], Engine)


def test_ragged_rows_grow_as_if_alone() -> None:
    model, _ = pair()
    cache = model.new_cache(3)
    held = [list(row) for row in ROWS]
    same(model.extend(cache, held), torch.stack([last(model, row) for row in held]))
    more = [[7], [8, 8, 1, 2], [1, 1]]
    every = model.extend(cache, more, logits="all")
    held = [row + new for row, new in zip(held, more, strict=True)]
    ends = zip(held, more, strict=True)
    alone = [model(torch.tensor([row])).logits[0, -len(new) :] for row, new in ends]
    same(every, torch.cat(alone))
    assert cache.lengths == [6, 6, 5]
    some = model.extend(cache, torch.tensor([[2], [3]]), rows=[2, 0])
    same(some, torch.stack([last(model, [*held[2], 2]), last(model, [*held[0], 3])]))


def test_gather_and_truncate() -> None:
    model, _ = pair()
    cache = model.new_cache(3)
    model.extend(cache, ROWS, logits="none")
    cache.gather([2, 0, 0])
    cache.truncate(1, 2)
    kept = [ROWS[2], ROWS[0][:2], ROWS[0]]
    assert cache.lengths == [3, 2, 5]
    assert cache.get_seq_length() == 5
    expected = torch.stack([last(model, [*row, 11]) for row in kept])
    same(model.extend(cache, [[11]] * 3), expected)


def test_packed_weights_follow_the_weights() -> None:
    model, _ = pair(torch.float32)
    ids = tokens(1)
    before = continued(model, ids)
    same(before, model(ids).logits[:, -1], 1e-5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.1)
    after = continued(model, ids)
    same(after, model(ids).logits[:, -1], 1e-5)
    assert not torch.allclose(before, after)


def test_what_one_holds_of_a_module_stays_when_its_weight_is_packed() -> None:
    model, _ = pair(torch.float32)
    held, shapes = model.transformer.h[0].mlp.c_fc, []
    held.register_forward_hook(lambda _, inputs, y: shapes.append(tuple(y.shape)))
    continued(model, tokens(1))
    assert isinstance(held, PackedConv1D)
    assert held is model.transformer.h[0].mlp.c_fc
    model(tokens(1))
    assert shapes == [(1, n, held.nf) for n in (8, 1, 9)]


@pytest.mark.parametrize("how", ["data", "numpy", "no_grad"])
@pytest.mark.parametrize("name", ["transformer.h.1.mlp.c_proj.weight", "lm_head.weight"])
def test_a_changed_weight_counts_from_the_next_text_on(name: str, how: str) -> None:
    model, _ = pair(torch.float32)
    model.generate(tokens(1), max_new_tokens=2)  # packs the weights
    weight = model.get_parameter(name)
    if how == "data":
        weight.data[3] *= -2
    elif how == "numpy":
        weight.detach().numpy()[3, 1] += 5
    else:
        with torch.no_grad():
            weight[3] = 0.7
    wanted = last(model, [3, 1, 4])
    with torch.no_grad():
        same(last(model, [3, 1, 4]), wanted, 1e-5)
    same(continued(model, torch.tensor([[3, 1, 4]]))[0], wanted, 1e-5)


def test_trains() -> None:
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(**SHAPE)).train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    ids = tokens()
    losses = []
    for _ in range(30):
        loss = model(ids, labels=ids).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_initialisation() -> None:
    """Radford et al. 2019, section 2.3: residual weights are scaled by 1/sqrt(2 n_layer)."""
    model = GPT2LMHeadModel(GPT2Config(n_embd=192, n_head=3, n_layer=8, vocab_size=100))
    block = model.transformer.h[3]
    assert block.mlp.c_fc.weight.std().item() == pytest.approx(0.02, rel=0.05)
    for weight in (block.attn.c_proj.weight, block.mlp.c_proj.weight):
        assert weight.std().item() == pytest.approx(0.02 / 4, rel=0.05)
    assert not block.attn.c_attn.bias.any()
    assert (model.transformer.ln_f.weight == 1).all()


def test_a_tap_switches_a_point_off() -> None:
    model, _ = pair()
    ids = tokens()

    def off(name: str, value: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(value) if name in ("h.1.attn", "h.1.mlp") else value

    expected = model(ids).logits
    with model.tapped(lambda name, value: value):
        same(model(ids).logits, expected)
    with model.tapped(off):
        without = model(ids).logits
    del model.transformer.h[1]
    for layer, block in enumerate(model.transformer.h):
        block.attn.layer = layer
    same(without, model(ids).logits)


@pytest.mark.parametrize("tied", [True, False])
def test_saves_and_loads(tmp_path: Path, tied: bool) -> None:
    model, _ = pair(torch.float32, tie_word_embeddings=tied)
    model.save_pretrained(tmp_path)
    again = GPT2LMHeadModel.from_pretrained(tmp_path)
    assert not again.training
    assert again.config.tie_word_embeddings is tied
    assert (again.lm_head.weight is again.transformer.wte.weight) is tied
    same(again(tokens()).logits, model(tokens()).logits, 0)
    half = GPT2Model.from_pretrained(tmp_path, dtype="bfloat16")
    assert half.dtype == torch.bfloat16
    with pytest.raises(WeightError, match="wpe"):
        GPT2LMHeadModel.from_pretrained(tmp_path, n_positions=64)


def test_a_new_text_is_a_tensor_of_the_models_device() -> None:
    model, theirs = pair()
    for options in ({}, {"num_beams": 2}):
        ours = model.generate(bos_token_id=5, max_new_tokens=3, **options)
        same(ours, theirs.generate(bos_token_id=5, max_new_tokens=3, **options), 0)


def test_resizes_its_vocabulary() -> None:
    model, _ = pair()
    before = model(tokens()).logits
    model.resize_token_embeddings(70)
    assert model.config.vocab_size == 70
    assert model.lm_head.weight is model.transformer.wte.weight
    same(model(tokens()).logits[..., :67], before)


def test_bad_input_is_named() -> None:
    model, _ = pair()
    ids = tokens()
    with pytest.raises(InputError, match="either input_ids or inputs_embeds"):
        model()
    with pytest.raises(InputError, match="token id 67 is outside"):
        model(torch.tensor([[67]]))
    with pytest.raises(InputError, match="not empty"):
        model(ids[:, :0])
    with pytest.raises(InputError, match="labels must have the shape"):
        model(ids, labels=ids[:, 1:])
    with pytest.raises(InputError, match="attention_mask must be"):
        model(ids, attention_mask=ids[:, 1:])
    with pytest.raises(ContextLengthError, match="32"):
        model(tokens(1, 33))
    cache = model.new_cache(2)
    with pytest.raises(InputError, match="row 1 has no tokens"):
        model.extend(cache, [[1], []])
    with pytest.raises(InputError, match="2 rows"):
        model.extend(cache, [[1]])
    model.extend(cache, tokens(2, 32))
    with pytest.raises(ContextLengthError, match="32"):
        model.extend(cache, tokens(2, 1))


@pytest.mark.parametrize("name", ["GPT2DoubleHeadsModel", "GPT2ForQuestionAnswering"])
def test_other_heads_name_transformers(name: str) -> None:
    with pytest.raises(UnsupportedError, match=f"transformers.{name}"):
        getattr(gpt2, name)
