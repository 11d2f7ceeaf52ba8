"""Learning in numpy: gradients, optimizer and loop equal torch's; a tiny model learns a page."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from gpt2 import GPT2Config, GPT2LMHeadModel
from gpt2 import reference_training as learning
from gpt2.errors import InputError, TrainingError
from gpt2.reference import Array
from tests.tiny import TEXT, random_weights, tiny_config, tiny_tokenizer

SHAPES: dict[str, dict[str, Any]] = {
    "GPT-2": {},
    "one token twice, one layer": {"n_layer": 1, "n_head": 1},
    "its own head": {"tie_word_embeddings": False},
    "scaled by layer": {"scale_attn_by_inverse_layer_idx": True},
    "a narrow MLP": {"n_inner": 24},
    "no scale": {"scale_attn_weights": False},
    **{name: {"activation_function": name} for name in ("gelu", "relu", "silu", "tanh")},
}


def small(**shape: Any) -> GPT2Config:
    sizes: dict[str, Any] = {"vocab_size": 41, "n_positions": 16, "n_embd": 12, "n_head": 3}
    none = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    return GPT2Config(**{**sizes, "n_layer": 2, **none, **shape})


def in_torch(config: GPT2Config, weights: dict[str, Array]) -> GPT2LMHeadModel:
    model = GPT2LMHeadModel(config).to(torch.float64)
    tensors = {name: torch.tensor(value) for name, value in weights.items()}
    missing, unknown = model.load_state_dict(tensors, strict=False)
    assert not unknown
    assert set(missing) <= {"lm_head.weight"}
    return model.train()


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_gradients_are_those_of_torch(shape: dict[str, Any]) -> None:
    config = small(**shape)
    weights = {n: w.astype(np.float64) for n, w in random_weights(config).items()}
    ids = np.random.default_rng(1).integers(0, 41, 13)
    ids[7] = ids[3]
    loss, grads = learning.loss_and_gradients(weights, config, ids)

    model = in_torch(config, weights)
    row = torch.tensor(ids)[None]
    expected = model(row, labels=row).loss
    expected.backward()
    assert loss == pytest.approx(expected.item(), abs=1e-10)
    named = dict(model.named_parameters())
    assert grads.keys() == weights.keys()
    for name, gradient in grads.items():
        np.testing.assert_allclose(gradient, named[name].grad, rtol=0, atol=1e-10, err_msg=name)


def test_gradients_of_single_precision_within_1e_5() -> None:
    config = small()
    weights = random_weights(config)
    ids = np.random.default_rng(1).integers(0, 41, 13)
    _, single = learning.loss_and_gradients(weights, config, ids)
    double = {n: w.astype(np.float64) for n, w in weights.items()}
    _, grads = learning.loss_and_gradients(double, config, ids)
    for name, gradient in single.items():
        assert gradient.dtype == np.float32
        np.testing.assert_allclose(gradient, grads[name], rtol=0, atol=1e-5, err_msg=name)


def losses_of_torch(
    config: GPT2Config, weights: dict[str, Array], ids: Array, steps: int
) -> list[float]:
    """The same loop of torch's own parts."""
    model = in_torch(config, weights)
    matrices = [p for p in model.parameters() if p.ndim == 2]
    vectors = [p for p in model.parameters() if p.ndim != 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95), eps=1e-8)
    random, losses = np.random.default_rng(5), []
    for _ in range(steps):
        starts = random.integers(0, len(ids) - 8, 3)
        rows = torch.tensor(np.stack([ids[s : s + 9] for s in starts]))
        loss = torch.nn.functional.cross_entropy(
            model(rows[:, :-1]).logits.flatten(0, 1), rows[:, 1:].flatten()
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_the_first_losses_are_those_of_torch() -> None:
    config = small()
    weights = {n: w.astype(np.float64) for n, w in random_weights(config).items()}
    ids = np.random.default_rng(2).integers(0, 41, 100)
    expected = losses_of_torch(config, weights, ids, 12)
    loop = learning.train(weights, config, ids, steps=12, seed=5, length=8, batch=3, rate=1e-2)
    np.testing.assert_allclose(list(loop), expected, rtol=0, atol=1e-9)


def test_a_page_is_learned() -> None:
    config = tiny_config(n_embd=32, n_positions=32)
    ids = tiny_tokenizer().encode(TEXT * 20)
    weights = learning.new_weights(config, seed=0)
    losses = list(learning.train(weights, config, ids, steps=60, length=24, rate=3e-3))
    assert losses[0] == pytest.approx(np.log(config.vocab_size), abs=0.1)  # it knows nothing yet
    assert losses[-1] < 1.5


def test_it_begins_as_gpt2_does() -> None:
    config = tiny_config(n_embd=64, n_layer=8, vocab_size=2000)
    weights = learning.new_weights(config, seed=0)
    assert weights["transformer.wte.weight"].std() == pytest.approx(0.02, rel=0.05)
    assert weights["transformer.h.3.mlp.c_proj.weight"].std() == pytest.approx(0.005, rel=0.05)
    assert weights["transformer.h.3.mlp.c_fc.weight"].std() == pytest.approx(0.02, rel=0.05)
    assert (weights["transformer.h.3.ln_1.weight"] == 1).all()
    assert not weights["transformer.h.3.ln_1.bias"].any()
    assert not weights["transformer.h.3.attn.c_attn.bias"].any()


def test_what_cannot_be_learned_from() -> None:
    config = small()
    weights = learning.new_weights(config, seed=0)
    with pytest.raises(InputError, match="two ids or more"):
        learning.loss_and_gradients(weights, config, [3])
    with pytest.raises(InputError, match="choose a smaller length"):
        next(learning.train(weights, config, np.arange(9), steps=1, length=9))
    with pytest.raises(InputError, match="choose a smaller length"):
        next(learning.train(weights, config, np.arange(40), steps=1, length=17))
    loop = learning.train(weights, config, np.arange(40), steps=9, length=8, rate=1e30)
    with pytest.raises(TrainingError, match="choose a smaller rate"), np.errstate(all="ignore"):
        list(islice(loop, 9))
