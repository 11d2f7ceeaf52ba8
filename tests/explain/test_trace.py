"""`gpt2.trace` beside transformers on random weights: its hooks, its outputs, sums by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import gpt2
from gpt2.config import GPT2Config
from gpt2.errors import ContextLengthError, GPT2Error, InputError, OptionError
from gpt2.explain.passes import Looking, Off
from gpt2.explain.patching import effects, patch, patch_effects
from gpt2.explain.recorded import ERROR, LARGEST, record, restore
from gpt2.explain.trace import load_trace
from gpt2.model import GPT2LMHeadModel
from gpt2.native import NativeEngine
from tests import tiny
from tests.conftest import ROOT

SHAPE = {"vocab_size": 97, "n_positions": 40, "n_embd": 24, "n_layer": 3, "n_head": 4}
IDS, OTHER = np.random.default_rng(1).integers(0, 97, (2, 17)).tolist()
L, H, T, D = 3, 4, 17, 24
ENGINES = ["native", "torch"]


@cache
def peer() -> Any:
    return tiny.peer(SHAPE, std=0.25, attn_implementation="eager")


@cache
def ours(kind: str) -> Any:
    weights = peer().state_dict()
    if kind == "torch":
        model = GPT2LMHeadModel(GPT2Config(**SHAPE)).eval()
        model.load_state_dict(weights)
        return model
    arrays = {name: value.numpy() for name, value in weights.items()}
    return NativeEngine(arrays, GPT2Config(**SHAPE), kv_dtype="fp32")


@cache
def theirs(ids: tuple[int, ...] = tuple(IDS)) -> Any:
    with torch.no_grad():
        return peer()(torch.tensor([ids]), output_attentions=True, output_hidden_states=True)


def logits(ids: list[int] = IDS) -> Any:
    with torch.no_grad():
        return peer()(torch.tensor([ids])).logits[0].numpy()


@contextmanager
def hooked(module: Any, change: Any) -> Iterator[None]:
    """What goes into c_proj, or comes out of a module, changed."""
    handle = module.register_forward_pre_hook(lambda _, given: (change(given[0].clone()),))
    try:
        yield
    finally:
        handle.remove()


def softmax(x: Any) -> Any:
    return torch.log_softmax(torch.as_tensor(x, dtype=torch.float64), -1).numpy()


@pytest.mark.parametrize("kind", ENGINES)
def test_attention_and_states_are_those_of_transformers(kind: str) -> None:
    found, there = gpt2.trace(ours(kind), IDS), theirs()
    attentions = torch.stack(there.attentions)[:, 0].numpy()
    assert found.attention.shape == (L, H, T, T)
    np.testing.assert_allclose(found.attention, attentions, atol=1e-5)
    for layer in range(L):  # the last of hidden_states is after ln_f
        norms = there.hidden_states[layer][0].norm(dim=-1).numpy()
        np.testing.assert_allclose(found.norms[2 * layer], norms, rtol=1e-5)
    logprobs = softmax(logits())
    np.testing.assert_allclose(found.surprise[1:], -logprobs[range(T - 1), IDS[1:]], atol=1e-5)
    assert np.isnan(found.surprise[0])
    entropy = -(np.exp(logprobs) * logprobs).sum(-1)
    np.testing.assert_allclose(found.entropy, entropy, atol=1e-5)
    assert found.tokens == [str(token) for token in IDS]


def states_by_hand() -> Any:
    """[S, T, D] by hooks on the modules of transformers."""
    body, kept = peer().transformer, []
    handles = [body.h[0].register_forward_pre_hook(lambda _, given: kept.append(given[0]))]
    for block in body.h:
        handles.append(block.ln_2.register_forward_pre_hook(lambda _, given: kept.append(given[0])))
        handles.append(
            block.register_forward_hook(
                lambda _, given, out: kept.append(out[0] if isinstance(out, tuple) else out)
            )
        )
    logits()
    for handle in handles:
        handle.remove()
    return torch.stack([x.reshape(T, D) for x in kept])


@pytest.mark.parametrize("kind", ENGINES)
def test_the_lens_of_every_state_is_ln_f_and_the_head(kind: str) -> None:
    found, states = gpt2.trace(ours(kind), IDS, k=7), states_by_hand()
    assert found.lens.ids.shape == (2 * L + 1, T, 7)
    for state in range(2 * L + 1):
        with torch.no_grad():
            line = peer().lm_head(peer().transformer.ln_f(states[state])).numpy()
        logprobs = softmax(line)
        picked = np.take_along_axis(logprobs, found.lens.ids[state], -1)
        np.testing.assert_allclose(found.lens.logprobs[state], picked, atol=2e-5)
        np.testing.assert_array_equal(found.lens.ids[state, :, 0], line.argmax(-1))
        best = logits().argmax(-1)[:, None]
        rank = (line > np.take_along_axis(line, best, -1)).sum(-1)
        np.testing.assert_array_equal(found.lens.rank[state], rank)
        norms = states[state].norm(dim=-1).numpy()
        np.testing.assert_allclose(found.norms[state], norms, rtol=1e-5)


@pytest.mark.parametrize("kind", ENGINES)
def test_contributions_sum_to_the_logits(kind: str) -> None:
    found, line = gpt2.trace(ours(kind), IDS), logits()[-1]
    best = np.argsort(-line)[:2]
    assert found.predicted.tolist() == best.tolist()
    shares = found.contributions
    np.testing.assert_allclose(shares.logits, line[best], atol=1e-4)
    assert np.abs(shares.rounding).max() < 1e-4
    total = sum(np.asarray(x).reshape(-1, 2).sum(0) for x in vars(shares).values()) - shares.logits
    np.testing.assert_allclose(total, shares.logits, atol=1e-9)
    difference = shares.difference()
    whole = sum(np.sum(x) for name, x in difference.items() if name != "logits")
    assert whole == pytest.approx(line[best[0]] - line[best[1]], abs=1e-4)


def test_the_contribution_of_a_head_is_that_of_its_slice_of_c_proj() -> None:
    """What the logit loses where the head's result is taken from the last state by hand."""
    found = gpt2.trace(ours("native"), IDS)
    given: list[Any] = []
    attention = peer().transformer.h[1].attn

    def kept(x: Any) -> Any:
        given.append(x)
        return x

    with hooked(attention.c_proj, kept):
        logits()
    part = torch.zeros(D)
    part[12:18] = given[0][0, -1, 12:18]
    state, added = states_by_hand()[-1, -1], part @ attention.c_proj.weight
    norm, head = peer().transformer.ln_f, peer().lm_head.weight[int(found.predicted[0])]
    scale = (state.var(unbiased=False) + norm.eps).sqrt()
    share = ((added - added.mean()) / scale * norm.weight) @ head
    assert found.contributions.heads[1, 2, 0] == pytest.approx(share.item(), abs=1e-4)


@pytest.mark.parametrize("kind", ENGINES)
def test_a_head_off_is_its_slice_of_c_proj_at_zero(kind: str) -> None:
    def zeros(x: Any) -> Any:
        x[..., 6:12] = 0
        return x

    with hooked(peer().transformer.h[2].attn.c_proj, zeros):
        wanted = logits()
    found = Looking(ours(kind)).run(IDS, off=Off(heads=[(2, 1)])).logits
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert np.abs(found - logits()).max() > 0.01
    token = int(logits()[-1].argmax())
    changed = effects(ours(kind), IDS)
    assert changed.token == token
    assert (changed.heads.shape, changed.positions.shape) == ((L, H), (T,))
    loss = softmax(wanted)[-1, token] - softmax(logits())[-1, token]
    assert changed.heads[2, 1] == pytest.approx(loss, abs=1e-4)
    assert changed.positions[-1] == pytest.approx(0, abs=1e-5)


def test_both_engines_switch_the_same_off() -> None:
    for off in (Off(mlps=[1]), Off(attention=[0]), Off(positions=[3, 5]), Off(heads=[(0, 1)])):
        one, two = (Looking(ours(kind)).run(IDS, off=off).logits for kind in ENGINES)
        np.testing.assert_allclose(one, two, atol=1e-4)
        assert np.abs(one - logits()).max() > 0.01


@pytest.mark.parametrize("kind", ENGINES)
def test_patching_everything_gives_the_other_prompt(kind: str) -> None:
    model, other = ours(kind), logits(OTHER)
    for points in (["embed"], ["h.1"], ["h.2"]):
        np.testing.assert_allclose(patch(model, IDS, OTHER, points), other, atol=1e-4)
    points = [f"h.{layer}.{part}" for layer in range(L) for part in ("attn.heads", "mlp")]
    np.testing.assert_allclose(patch(model, IDS, OTHER, ["embed", *points]), other, atol=1e-4)
    nothing = patch(model, IDS, OTHER, ["h.1"], positions=[])
    np.testing.assert_allclose(nothing, logits(), atol=1e-4)
    some = patch(model, IDS, OTHER, ["h.1.attn.heads"], positions=[4], heads=[2])
    np.testing.assert_allclose(some[:4], logits()[:4], atol=1e-4)
    assert np.abs(some[4] - logits()[4]).max() > 1e-3


def test_effects_of_patches() -> None:
    found = patch_effects(ours("native"), IDS, OTHER)
    token = int(logits(OTHER)[-1].argmax())
    assert found.shape == (L + 1, T)
    wanted = softmax(logits(OTHER))[-1, token] - softmax(logits())[-1, token]
    assert found[-1, -1] == pytest.approx(wanted, abs=1e-4)
    np.testing.assert_allclose(found[-1, :-1], 0, atol=1e-5)


@pytest.mark.parametrize("kind", ENGINES)
def test_the_model_is_left_alone(kind: str) -> None:
    model, counted = ours(kind), []
    before = model.generate([3, 4, 5], max_new_tokens=5)
    with model.tapped(lambda name, _: counted.append(name), ["h.0"]):
        model.generate([3], max_new_tokens=1)
        calls = len(counted)
        gpt2.trace(model, IDS)
        effects(model, IDS[:3])
        assert len(counted) == calls
    assert model.generate([3, 4, 5], max_new_tokens=5).tolist() == before.tolist()


def test_int8_says_what_its_rounding_costs() -> None:
    model = gpt2.load("gpt2-mini")
    found = gpt2.trace(model, "Once upon a time")
    assert found.facts["dtype"] == "int8"
    assert "".join(found.tokens) == "Once upon a time"
    shares = found.contributions
    assert 0 < np.abs(shares.rounding).max() < 0.05 * np.abs(shares.logits).max()


def test_saved_and_loaded(tmp_path: Path) -> None:
    found = gpt2.trace(ours("native"), IDS)
    found.save(tmp_path / "a.trace")
    again = load_trace(tmp_path / "a.trace")
    for field in dataclasses.fields(found):
        one, two = getattr(found, field.name), getattr(again, field.name)
        pairs = vars(one).items() if dataclasses.is_dataclass(one) else [(field.name, one)]
        for name, value in pairs:
            np.testing.assert_array_equal(value, getattr(two, name) if value is not one else two)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    place = tmp_path / "a.trace"
    gpt2.trace(ours("native"), IDS[:4]).save(place)
    whole, draw = place.read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(whole)
        for at in draw.integers(0, 2600, draw.integers(1, 4)):
            data[at] = draw.integers(256)
        place.write_bytes(data[: draw.integers(len(data))] if draw.random() < 0.3 else data)
        try:
            load_trace(place)
        except GPT2Error:
            continue
    with pytest.raises(GPT2Error, match="is not a trace"):
        load_trace(ROOT / "src/gpt2/bundled/gpt2-mini/model-00001-of-00003.safetensors")


def test_what_cannot_be_traced() -> None:
    model = ours("native")
    with pytest.raises(InputError, match="the text is empty"):
        gpt2.trace(model, [])
    with pytest.raises(InputError, match="no tokenizer"):
        gpt2.trace(model, "text")
    with pytest.raises(ContextLengthError, match="41 tokens"):
        gpt2.trace(model, [1] * 41)
    with pytest.raises(InputError, match="no token 97"):
        gpt2.trace(model, IDS, token=97)
    with pytest.raises(OptionError, match="k must be"):
        gpt2.trace(model, IDS, k=0)
    with pytest.raises(InputError, match="one has 17, the other 3"):
        patch(model, IDS, IDS[:3], ["embed"])
    with pytest.raises(OptionError, match="single point"):
        patch(model, IDS, OTHER, ["h.*"])
    for wrong in (Off(heads=[(0, 4)]), Off(mlps=[3]), Off(positions=[-1])):
        with pytest.raises(InputError, match="there is no"):
            Looking(ours("torch")).run(IDS, off=wrong)
    with pytest.raises(OptionError, match="can be inspected"):
        gpt2.trace(object(), IDS)


def test_the_record_keeps_weights_within_its_bound() -> None:
    attention = gpt2.trace(ours("native"), IDS).attention
    kept = record(attention)
    assert kept["attention"].dtype == np.uint8
    assert np.abs(restore(kept) - attention).max() <= ERROR + 1e-7
    long = np.random.default_rng(0).dirichlet(np.full(300, 0.02), (2, 300)).astype(np.float32)
    kept = record(long)
    assert kept["weights"].shape == (2, 300, LARGEST)
    found = restore(kept)
    shown = found > 0
    assert np.abs(found - long)[shown].max() <= ERROR + 1e-7
    rest = np.where(np.argsort(np.argsort(-long, -1, "stable"), -1) < LARGEST, 0, long).sum(-1)
    assert np.abs(kept["rest"] / 255 - rest).max() <= ERROR + 1e-6
    with pytest.raises(GPT2Error, match="positions that do not exist"):
        restore({**kept, "positions": kept["positions"] + 300})


def test_recorded_maps_of_the_real_model(data_folder: Path) -> None:
    """The attention of OpenAI's 124M over five prompts, as the page would keep it."""
    from gpt2.evaluation.golden import read_explainer

    files = sorted((data_folder / "golden").glob("transformer-explainer_ex*.js"))
    assert len(files) == 5
    for file in files:
        patterns = read_explainer(file)["patterns"]
        assert len(patterns) == 144
        maps = np.stack([patterns[at] for at in sorted(patterns)])
        kept = restore(record(maps))
        assert np.abs(kept - maps).max() <= ERROR + 1e-7
        assert np.abs(kept.sum(-1) - 1).max() <= ERROR * maps.shape[-1]
