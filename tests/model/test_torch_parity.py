"""The torch model against transformers and against the numpy reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gpt2 import reference
from gpt2.config import ACTIVATIONS, GPT2Config
from tests.model.torch_pairs import SHAPE, loss_of, pair, same, tokens

pytestmark = pytest.mark.parity

ODD = [
    {},
    {"n_inner": 29},
    {"n_head": 1},
    {"n_embd": 35, "n_head": 5},
    {"tie_word_embeddings": False},
    {"scale_attn_by_inverse_layer_idx": True},
    {"scale_attn_weights": False},
    {"layer_norm_epsilon": 1e-3},
    *[{"activation_function": name} for name in ACTIVATIONS],
]
# Width, heads of the four published sizes (paper, table 2), and how many layers are tried.
PUBLISHED = [(768, 12, 2), (1024, 16, 1), (1280, 20, 1), (1600, 25, 1)]


@pytest.mark.parametrize("shape", ODD, ids=str)
def test_logits_and_loss(shape: dict[str, Any]) -> None:
    ours, theirs = pair(**shape)
    ids = tokens()
    labels = ids.clone()
    labels[0, :3] = -100
    a, b = ours(ids, labels=labels), theirs(ids, labels=labels)
    exact = loss_of(b.logits, labels)
    same(a.logits, b.logits)
    same(a.loss, exact)
    same(ours.loss(ids, labels, chunk=5), exact)
    same(a.loss, b.loss, 1e-6)


@pytest.mark.parametrize("shape", ODD, ids=str)
def test_reference(shape: dict[str, Any]) -> None:
    ours, _ = pair(**shape)
    weights = {name: value.numpy() for name, value in ours.state_dict().items()}
    config = GPT2Config(**{**SHAPE, **shape})
    for row in tokens():
        expected = reference.forward(weights, config, row.numpy())
        same(ours(row[None]).logits[0], torch.from_numpy(np.asarray(expected)))


@pytest.mark.parametrize(("width", "heads", "layers"), PUBLISHED)
def test_published_widths(width: int, heads: int, layers: int) -> None:
    shape = {"n_embd": width, "n_head": heads, "n_layer": layers, "vocab_size": 101}
    ours, theirs = pair(torch.float32, **shape)
    ids = tokens(2, 12, 101)
    a, b = ours(ids, labels=ids), theirs(ids, labels=ids)
    same(a.logits, b.logits, 1e-4)
    same(a.loss, b.loss, 1e-4)
    a.loss.backward()
    b.loss.backward()
    expected = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        same(parameter.grad, expected[name].grad, 1e-4)


def test_gradients_in_float64() -> None:
    ours, theirs = pair(tie_word_embeddings=False)
    ids = tokens()
    ours(ids, labels=ids).loss.backward()
    loss_of(theirs(ids).logits, ids).backward()
    expected = dict(theirs.named_parameters())
    assert {name for name, _ in ours.named_parameters()} == set(expected)
    for name, parameter in ours.named_parameters():
        same(parameter.grad, expected[name].grad)


@pytest.mark.parametrize("how", ["chunked", "checkpointed"])
def test_other_ways_to_the_same_gradient(how: str) -> None:
    ours, theirs = pair(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
    ids = tokens()
    if how == "chunked":
        ours.loss(ids, chunk=4).backward()
    else:
        ours.train().gradient_checkpointing_enable()
        ours(ids, labels=ids).loss.backward()
    loss_of(theirs(ids).logits, ids).backward()
    expected = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        same(parameter.grad, expected[name].grad)


def test_state_dict_names_and_tie() -> None:
    ours, theirs = pair()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert ours.lm_head.weight is ours.transformer.wte.weight
    assert ours.num_parameters() == theirs.num_parameters()
    theirs.load_state_dict(ours.state_dict())


def test_left_padding() -> None:
    ours, theirs = pair()
    ids = tokens()
    mask = torch.ones_like(ids)
    mask[0, :4] = 0
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    arguments = {"attention_mask": mask, "position_ids": positions}
    a, b = ours(ids, **arguments).logits, theirs(ids, **arguments).logits
    same(a[mask.bool()], b[mask.bool()])
    alone = ours(ids[:1, 4:]).logits
    same(a[:1, 4:], alone)


def test_padding_after_a_cache() -> None:
    ours, theirs = pair()
    ids = tokens()
    mask = torch.ones_like(ids)
    mask[0, :4] = 0
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    past_a = past_b = None
    for part in (slice(0, 6), slice(6, 7), slice(7, 9)):
        said = {"attention_mask": mask[:, : part.stop], "position_ids": positions[:, part]}
        a = ours(ids[:, part], past_key_values=past_a, use_cache=True, **said)
        b = theirs(ids[:, part], past_key_values=past_b, use_cache=True, **said)
        past_a, past_b = a.past_key_values, b.past_key_values
        real = mask[:, part].bool()
        same(a.logits[real], b.logits[real])


def test_embeddings_types_and_positions() -> None:
    ours, theirs = pair()
    ids = tokens()
    embedded = ours.get_input_embeddings()(ids).detach()
    same(ours(inputs_embeds=embedded).logits, theirs(inputs_embeds=embedded).logits)
    said = {"token_type_ids": ids.flip(0), "position_ids": torch.arange(9).flip(0)[None]}
    same(ours(ids, **said).logits, theirs(ids, **said).logits)


def test_hidden_states_and_attentions() -> None:
    ours, theirs = pair()
    said = {"output_attentions": True, "output_hidden_states": True}
    a, b = ours(tokens(), **said), theirs(tokens(), **said)
    assert len(a.hidden_states) == len(b.hidden_states) == 4
    assert len(a.attentions) == len(b.attentions) == 3
    for mine, other in zip(
        a.hidden_states + a.attentions, b.hidden_states + b.attentions, strict=True
    ):
        same(mine, other)


def test_outputs_read_as_those_of_transformers() -> None:
    ours, theirs = pair()
    ids = tokens()
    a, b = ours(ids, labels=ids), theirs(ids, labels=ids)
    assert list(a.keys()) == list(b.keys())
    assert a[0] is a["loss"] is a.loss
    assert a[:2][1] is a.logits
    parts = ours(ids, labels=ids, return_dict=False)
    assert isinstance(parts, tuple)
    same(parts[1], b.logits)
    same(ours(ids, logits_to_keep=2).logits, b.logits[:, -2:])


def test_reordered_attention() -> None:
    ours, theirs = pair(torch.float32, reorder_and_upcast_attn=True)
    same(ours(tokens()).logits, theirs(tokens()).logits, 1e-5)
