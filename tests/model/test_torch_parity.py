"""The torch model against transformers and against the numpy reference."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch

from gpt2 import reference
from gpt2.config import ACTIVATIONS, GPT2Config
from gpt2.errors import InputError
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


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_that_has_labels(side: str, attention: str) -> None:
    """Many tutorials pass the padded ids as labels: then padding counts in the loss too."""
    ours, theirs = pair()
    ids = tokens()
    mask = torch.ones_like(ids)
    mask[0, slice(None, 4) if side == "left" else slice(-4, None)] = 0
    for model in (ours, theirs):
        model.set_attn_implementation(attention)
    a, b = (model(ids, attention_mask=mask, labels=ids) for model in (ours, theirs))
    same(a.logits, b.logits)
    same(a.loss, b.loss, 1e-6)
    if (side, attention) == ("left", "eager"):
        return  # transformers lets a gradient through the scores of rows without a token
    loss_of(a.logits, ids).backward()
    loss_of(b.logits, ids).backward()
    expected = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        same(parameter.grad, expected[name].grad)


def test_a_mask_for_every_pair_of_tokens() -> None:
    ours, theirs = pair()
    ids = tokens()
    seen = torch.ones(9, 9, dtype=torch.bool).tril()
    seen[:5, :5] = True  # a prefix that is read both ways
    numbers = torch.zeros(2, 1, 9, 9, dtype=torch.float64).masked_fill(~seen, -1e30)
    expected = theirs(ids, attention_mask=numbers).logits
    for mask in (numbers, seen[None, None], seen[None, None].long()):
        for attention in ("eager", "sdpa"):
            ours.set_attn_implementation(attention)
            same(ours(ids, attention_mask=mask).logits, expected)
    with pytest.raises(InputError, match=r"or \[2, 1, 9, 9\], found \[2, 1, 9, 8\]"):
        ours(ids, attention_mask=numbers[..., 1:])


def test_ids_of_other_dimensions() -> None:
    """[B, 1, T] is what a data loader makes of the rows of return_tensors="pt"."""
    ours, theirs = pair()
    ids = tokens()
    mask = torch.ones_like(ids)
    mask[0, -3:] = 0
    given = {"attention_mask": mask[:, None], "token_type_ids": ids.flip(0)[:, None]}
    a, b = (model(ids[:, None], labels=ids[:, None], **given) for model in (ours, theirs))
    same(a.logits, b.logits)
    same(a.loss, b.loss, 1e-6)
    choices = ids.repeat(3, 1).view(3, 2, 9)
    same(ours(choices, logits_to_keep=2).logits, ours(choices).logits[..., -2:, :])
    same(ours.transformer(ids[0])[0], theirs.transformer(ids[0])[0])
    places = torch.arange(9).flip(0)
    same(ours(ids, position_ids=places).logits, theirs(ids, position_ids=places).logits)
    same(ours(ids[0], labels=ids[0]).loss, ours(ids[:1], labels=ids[:1]).loss)


def test_a_gradient_flows_through_a_cache() -> None:
    ours, theirs = pair()
    ids = tokens()
    for model in (ours, theirs):
        past = model(ids[:, :4], use_cache=True).past_key_values
        past.reorder_cache(torch.tensor([1, 0]))
        past.crop(-1)
        past = model(ids[:, 4:6], past_key_values=past, use_cache=True).past_key_values
        assert past.layers[1].keys.requires_grad
        loss_of(model(ids[:, 6:], past_key_values=past).logits, ids[:, 6:]).backward()
    expected = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        same(parameter.grad, expected[name].grad)
    with torch.no_grad():  # a step without gradients in between ends them
        model, cache = ours, ours.new_cache(2)
    model(ids[:, :2], past_key_values=cache)
    copy.deepcopy(cache)
    with torch.no_grad():
        model(ids[:, 2:3], past_key_values=cache)
    logits = model(ids[:, 3:], past_key_values=cache).logits
    same(logits, model(ids).logits[:, 3:])


def test_a_block_alone_and_its_hooks() -> None:
    """A block returns the residual stream itself; attention returns a pair."""
    results = []
    for model in pair():
        model.set_attn_implementation("sdpa")  # transformers' eager blocks need a mask
        body, ids = model.transformer, tokens()
        x = body.wte(ids) + body.wpe(torch.arange(9))
        results += [body.h[0].attn(body.h[0].ln_1(x))[0]]
        for block in body.h:
            x = block(x)
        results += [body.ln_f(x), model(ids).logits]
        body.h[1].register_forward_hook(lambda module, inputs, y: y * 1.5)
        body.h[2].attn.register_forward_hook(lambda module, inputs, y: (y[0] * 0.5, *y[1:]))
        model.set_attn_implementation("eager")
        out = model(ids, output_attentions=True)
        results += [out.logits, *out.attentions]
    half = len(results) // 2
    for a, b in zip(results[:half], results[half:], strict=True):
        same(a, b)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_dropout_is_what_the_modules_say(attention: str) -> None:
    """Code sets it for every nn.Dropout, also to switch it off."""
    models = pair()
    ids = tokens()
    found = []
    for model in models:
        model.set_attn_implementation(attention)
        model.train()
        for p in (0.5, 0.0):
            for module in model.modules():
                if isinstance(module, torch.nn.Dropout):
                    module.p = p
            torch.manual_seed(5)
            out = model(ids, output_attentions=attention == "eager")
            found.append(out.logits)
            if attention == "eager":
                found += out.attentions
    half = len(found) // 2
    for a, b in zip(found[:half], found[half:], strict=True):
        same(a, b)
    names = [
        [n for n, m in model.named_modules() if isinstance(m, torch.nn.Dropout)] for model in models
    ]
    assert names[0] == names[1]


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
