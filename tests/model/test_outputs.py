"""What a forward pass takes and returns, beside transformers'."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor

from gpt2 import GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel, GPT2Model
from gpt2.errors import ContextLengthError, UnknownOptionError, UnsupportedError
from tests.model.torch_pairs import pair, same, tokens

pytestmark = pytest.mark.parity


@pytest.fixture(scope="module")
def models() -> tuple[Any, Any]:
    return pair(torch.float32)


@pytest.mark.parametrize("name", ["output_attentions", "output_hidden_states"])
@pytest.mark.parametrize("kind", [GPT2LMHeadModel, GPT2Model, GPT2ForSequenceClassification])
def test_a_configuration_may_ask_for_what_is_inside(name: str, kind: Any) -> None:
    torch.manual_seed(0)
    shape = {"vocab_size": 67, "n_positions": 32, "n_embd": 24, "n_layer": 3, "n_head": 3}
    model = kind(GPT2Config(**shape, pad_token_id=1)).eval()
    field = name.removeprefix("output_")
    asked = model(tokens(), **{name: True})[field]
    assert model(tokens()).get(field) is None
    setattr(model.config, name, True)
    found = model(tokens())
    assert found[-1] is found[field]
    assert len(found[field]) == len(asked)
    for ours, theirs in zip(found[field], asked, strict=True):
        same(ours, theirs, 0)
    assert model(tokens(), **{name: False}).get(field) is None


def test_a_configuration_may_ask_for_tuples(models: tuple[Any, Any]) -> None:
    ours, theirs = copy.deepcopy(models[0]), models[1]  # which fails where its own asks for them
    ours.config.return_dict = False
    found = ours(tokens(), use_cache=False)
    wanted = theirs(tokens(), use_cache=False, return_dict=False)
    assert type(found) is type(wanted) is tuple
    assert len(found) == len(wanted) == 1
    assert ours(tokens(), return_dict=True).logits.shape == found[0].shape


def test_the_output_is_a_dictionary(models: tuple[Any, Any]) -> None:
    ours, theirs = (m(tokens(), labels=tokens(), output_hidden_states=True) for m in models)
    assert issubclass(type(ours), dict)
    assert [*ours.keys()] == [*theirs.keys()]
    assert len(ours) == len(theirs)
    assert [*dict(ours)] == [name for name, _ in ours.items()] == [*ours]
    assert {**ours}["loss"] is ours[0] is ours["loss"] is ours.loss
    assert ours[1:3][0] is ours.logits
    ours["loss"] = ours.loss * 2
    same(ours.loss, theirs.loss * 2, 1e-5)
    ours.logits = ours.logits + 1
    assert ours["logits"] is ours.logits
    with pytest.raises(KeyError):
        ours["attentions"]
    again = pickle.loads(pickle.dumps(models[0](tokens(), use_cache=False)))
    assert [*again] == ["logits"]
    leaves = torch.utils._pytree.tree_leaves(ours)
    assert any(leaf is ours.logits for leaf in leaves)


def test_the_cache_is_read_like_transformers(models: tuple[Any, Any]) -> None:
    ours, theirs = (m(tokens(), use_cache=True).past_key_values for m in models)
    assert len(ours) == len(theirs) == 3
    for (k, v, window), (k2, v2, window2) in zip(ours, theirs, strict=True):
        same(k, k2, 1e-5)
        same(v, v2, 1e-5)
        assert window is window2 is None
    same(ours.layers[1].keys, theirs.layers[1].keys, 1e-5)
    same(ours[0][1], theirs.layers[0].values, 1e-5)
    for cache in (ours, theirs):
        cache.crop(-4)
    assert ours.get_seq_length() == theirs.get_seq_length() == 5
    more = tokens(2, 3)
    found, wanted = (
        m(more, past_key_values=c) for m, c in zip(models, (ours, theirs), strict=True)
    )
    same(found.logits, wanted.logits, 1e-5)
    for cache in (ours, theirs):
        cache.reorder_cache(torch.tensor([1, 1]))
    same(ours.layers[2].values, theirs.layers[2].values, 1e-5)


KEPT = {
    "last": 1,
    "three": 3,
    "places": torch.tensor([0, 4, -1]),
    "of each row": torch.tensor([[0, 1], [7, 3]]),
    "mask": torch.arange(18).view(2, 9) % 4 == 0,
}


@pytest.mark.parametrize("which", KEPT.values(), ids=KEPT)
def test_logits_of_some_positions(models: tuple[Any, Any], which: int | Tensor) -> None:
    ours, theirs = (m(tokens(), logits_to_keep=which).logits for m in models)
    same(ours, theirs, 1e-5)


def test_the_loss_over_a_count(models: tuple[Any, Any]) -> None:
    labels = tokens().masked_fill(tokens() % 5 == 0, -100)
    shifted = torch.roll(labels, -1, 1)
    for extra in (
        {"num_items_in_batch": 31},
        {"num_items_in_batch": torch.tensor(7)},
        {"shift_labels": shifted},
        {"shift_labels": shifted, "num_items_in_batch": 3},
        {"cache_position": None},
    ):
        ours, theirs = (m(tokens(), labels=labels, **extra).loss for m in models)
        same(ours, theirs, 1e-5)


def test_other_keywords_are_refused(models: tuple[Any, Any]) -> None:
    model = models[0]
    with pytest.raises(UnknownOptionError, match="'labls'") as caught:
        model(tokens(), labls=tokens())
    assert isinstance(caught.value, TypeError)
    with pytest.raises(UnsupportedError, match="encoder_hidden_states"):
        model(tokens(), encoder_hidden_states=torch.zeros(2, 3, 24))
    model(tokens(), encoder_hidden_states=None, head_mask=None)


def test_eager_attention_is_computed_in_the_open(models: tuple[Any, Any]) -> None:
    model = copy.deepcopy(models[0])
    wanted = model(tokens()).logits
    model.set_attn_implementation("eager")
    fused = torch.nn.functional.scaled_dot_product_attention
    try:
        torch.nn.functional.scaled_dot_product_attention = None  # type: ignore[assignment]
        same(model(tokens()).logits, wanted, 1e-5)
    finally:
        torch.nn.functional.scaled_dot_product_attention = fused
    with pytest.raises(UnsupportedError, match="attn_implementation"):
        model.set_attn_implementation("flash_attention_2")


def test_it_exports(models: tuple[Any, Any]) -> None:
    model, ids = models[0], tokens()
    mask = torch.ones_like(ids)
    mask[0, :4] = 0
    wanted = model(ids, attention_mask=mask, use_cache=True)
    whole = torch.export.export(model, (ids,), {"attention_mask": torch.ones_like(ids)})
    found = whole.module()(ids, attention_mask=mask)
    same(found.logits, wanted.logits, 1e-5)
    same(found.past_key_values.layers[1].keys, wanted.past_key_values.layers[1].keys, 1e-5)
    length = torch.export.Dim("length", min=2, max=32)
    shapes = {"input_ids": {1: length}, "attention_mask": {1: length}, "use_cache": None}
    said = {"input_ids": ids, "attention_mask": mask, "use_cache": False}
    free = torch.export.export(model, (), said, dynamic_shapes=shapes)
    more = {"input_ids": tokens(2, 13), "attention_mask": torch.ones(2, 13, dtype=torch.long)}
    same(free.module()(**more, use_cache=False).logits, model(**more).logits, 1e-5)


def test_a_cache_takes_the_memory_of_its_tokens() -> None:
    model, theirs = pair()
    ids = tokens(2, 32)
    cache = model(ids[:, :3]).past_key_values
    assert cache.capacity == 3
    ends, sizes = [4, 5, 20, 32], []
    for start, end in zip([3, *ends], ends, strict=False):
        logits = model(ids[:, start:end], past_key_values=cache).logits
        sizes.append(cache.capacity)
    assert sizes == [6, 6, 20, 32]
    same(logits, theirs(ids).logits[:, 20:])
    with pytest.raises(ContextLengthError, match="33 tokens exceed the context length of 32"):
        model(ids[:, :1], past_key_values=cache)
    assert model.new_cache(2, 7).limit == 7


def test_gradients_of_each_row(models: tuple[Any, Any]) -> None:
    """torch.func: per-sample gradients, as differential privacy takes them."""
    model = models[0]
    weights = dict(model.named_parameters())

    def loss(weights: Any, row: Tensor) -> Tensor:
        said = {"labels": row[None], "use_cache": False}
        found = torch.func.functional_call(model, weights, (row[None],), said)
        return found.loss

    each = torch.func.vmap(torch.func.grad(loss), (None, 0))(weights, tokens())
    alone = torch.func.grad(loss)(weights, tokens()[1])
    name = "transformer.h.1.mlp.c_fc.weight"
    same(each[name][1], alone[name], 1e-4)
