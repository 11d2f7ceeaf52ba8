"""What the core chooses is what numpy would choose from the logits, ties included."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2.engine import ChoosingEngine, Sampling
from gpt2.errors import ContextLengthError, InputError, OptionError
from gpt2.generation import arrays, exponential, sampling, warpers
from gpt2.generation.job import Job, plan
from gpt2.native import NativeEngine
from gpt2.native.library import check, core
from tests.examples import some
from tests.native.models import AWKWARD, EVEN, kernels_here, random_weights, weights_of

ALMOST_1 = 1 - 2.0**-53


@cache
def engine(kernels: str | None = None, vocabulary: int = 101, threads: int = 1) -> NativeEngine:
    config = AWKWARD.replace(vocab_size=vocabulary, n_layer=1)
    return NativeEngine(random_weights(config), config, threads=threads, kernels=kernels)


@cache
def with_equals() -> NativeEngine:
    """Logits that come in pairs and fives, and a tokenizer's worth of rows that are zero."""
    weights = dict(weights_of("awkward"))
    head = weights["lm_head.weight"].copy()
    head[40:80] = head[0:40]
    head[85:90] = head[84]
    head[90:] = 0
    return NativeEngine({**weights, "lm_head.weight": head}, AWKWARD, dtype="int8", threads=2)


def test_it_is_a_choosing_engine() -> None:
    assert isinstance(engine(), ChoosingEngine)


@pytest.mark.parametrize("kernels", kernels_here())
def test_weights_are_the_same_bits_in_numpy(kernels: str) -> None:
    random = np.random.default_rng(0)
    spread = -np.concatenate([
        np.geomspace(1e-30, 100, 200_000), random.uniform(0, 25, 300_000),
        np.arange(20_000) * (np.log(2) / 128), [0.0, np.inf],
    ]).astype(np.float32)  # fmt: skip
    scores = np.concatenate([spread, np.nextafter(spread, np.float32(-np.inf))])
    found = np.empty(len(scores), np.int32)
    places = scores.ctypes.data, found.ctypes.data
    check(core().gpt2_weights(engine(kernels).handle, len(scores), *places))
    np.testing.assert_array_equal(found, exponential.weights(scores))
    exact = np.exp(scores.astype(np.float64)) * 2**30
    assert (np.abs(found - exact) <= 0.501 + 2.0**-22 * exact).all()


def test_weights_are_the_same_bits_in_torch() -> None:
    torch = pytest.importorskip("torch")
    scores = -np.random.default_rng(1).uniform(0, 25, 100_000).astype(np.float32)
    found = exponential.weights(torch.from_numpy(scores)).numpy()
    np.testing.assert_array_equal(found, exponential.weights(scores))


def test_exp_and_log_are_right() -> None:
    x = np.linspace(-87, 88, 100_001).astype(np.float32)
    np.testing.assert_allclose(exponential.exp(x), np.exp(x.astype(np.float64)), rtol=2e-7)
    assert exponential.exp(np.float32([-np.inf, -90, 0, 90])).tolist() == [0, 0, 1, np.inf]
    assert np.isnan(exponential.exp(np.float32([np.nan])))[0]
    y = np.concatenate([np.geomspace(1e-300, 1e300, 10_001), np.linspace(0.5, 2, 10_001)])
    np.testing.assert_allclose(exponential.log(y), np.log(y), rtol=1e-15, atol=3e-16)


def the_long_way(logits: np.ndarray, how: Sampling, noise: list[float]) -> list[int]:
    scores = warpers.temperature(logits, how.temperature)
    if how.top_k:
        scores = warpers.top_k(scores, how.top_k)
    if how.top_p < 1:
        scores = warpers.top_p(scores, how.top_p)
    if how.min_p:
        scores = warpers.min_p(scores, how.min_p)
    if how.typical_p < 1:
        scores = warpers.typical_p(scores, how.typical_p)
    if how.epsilon_cutoff:
        scores = warpers.epsilon_cutoff(scores, how.epsilon_cutoff)
    if how.eta_cutoff:
        scores = warpers.eta_cutoff(scores, how.eta_cutoff)
    if how.renormalize_logits:
        scores = arrays.log_softmax(scores)
    return sampling.pick(scores, noise).tolist()


@given(
    data=st.data(),
    vocabulary=st.sampled_from([1, 64, 101, 700, 5000]),
    kernels=st.sampled_from(kernels_here()),
    temperature=st.sampled_from([0.1, 0.7, 1.0, 1.7]),
    top_k=st.sampled_from([0, 1, 2, 40, 64, 100, 300, 9999]),
    top_p=st.sampled_from([0.0, 0.5, 0.9, 1 - 1e-7, 1.0]),
    min_p=st.sampled_from([0.0, 0.02, 0.6, 1.0]),
)
@settings(max_examples=some(300), deadline=None)
def test_a_draw_is_the_one_of_the_warpers(
    data: st.DataObject, vocabulary: int, kernels: str, temperature: float, top_k: int,
    top_p: float, min_p: float,
) -> None:  # fmt: skip
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    rows = data.draw(st.integers(1, 4))
    logits = random.normal(0, data.draw(st.sampled_from([0.01, 1, 4, 20])), (rows, vocabulary))
    steps = data.draw(st.sampled_from([None, 1, 8]))  # coarse scores have many equals
    logits = (logits if steps is None else np.round(logits * steps) / steps).astype(np.float32)
    logits[:, 1:][random.random((rows, vocabulary - 1)) < 0.1] = -np.inf
    noise = data.draw(
        st.lists(st.floats(0, ALMOST_1) | st.sampled_from([0.0, ALMOST_1]),
                 min_size=rows, max_size=rows)
    )  # fmt: skip
    how = Sampling(temperature, top_k, top_p, min_p)
    found = engine(kernels, vocabulary).draw(logits, how, noise)
    assert found == the_long_way(logits, how, noise)


@given(
    seed=st.integers(0, 2**32),
    vocabulary=st.sampled_from([5, 101, 700, 5000]),
    spread=st.sampled_from([0.0, 0.01, 1, 4, 20]),
    coarse=st.booleans(),  # many equals
    how=st.builds(
        Sampling,
        temperature=st.sampled_from([0.1, 0.7, 1.0, 1.7]),
        top_k=st.sampled_from([1, 2, 40, 64, 100, 128]),
        top_p=st.sampled_from([0.5, 0.95, 1.0]),
        min_p=st.sampled_from([0.0, 0.02]),
        typical_p=st.sampled_from([0.01, 0.5, 0.9, 1 - 1e-7, 1.0]),
        epsilon_cutoff=st.sampled_from([0.0, 3e-4, 0.03, 0.99]),
        eta_cutoff=st.sampled_from([0.0, 3e-4, 0.03, 0.99]),
        renormalize_logits=st.booleans(),
    ),
)
@settings(max_examples=some(300), deadline=None)
def test_a_draw_by_probabilities_is_the_one_of_the_warpers(
    seed: int, vocabulary: int, spread: float, coarse: bool, how: Sampling
) -> None:
    random = np.random.default_rng(seed)
    logits = random.normal(0, spread, (4, vocabulary)).astype(np.float32)
    if coarse:
        logits = np.round(logits)
    logits[:, 1:][random.random((4, vocabulary - 1)) < 0.1] = -np.inf
    noise = [*random.random(3).tolist(), ALMOST_1]
    assert engine(None, vocabulary).draw(logits, how, noise) == the_long_way(logits, how, noise)


@pytest.mark.parametrize("how", [Sampling(), Sampling(top_k=3), Sampling(0.5, 0, 0.9, 0.1)])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_nothing_to_draw_is_an_error(how: Sampling, wrong: float) -> None:
    logits = np.zeros((2, 101), np.float32)
    logits[1, 100 if wrong > 0 or np.isnan(wrong) else slice(None)] = wrong
    with pytest.raises(InputError) as here:
        engine().draw(logits, how, [0.5, 0.5])
    with pytest.raises(InputError) as there:
        sampling.pick(logits, [0.5, 0.5])
    assert str(here.value) == str(there.value)


def in_order(logits: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    ids = np.argsort(-logits, axis=1, kind="stable")[:, :k]
    return ids, np.take_along_axis(logits, ids, 1)


@pytest.mark.parametrize("kernels", kernels_here())
@pytest.mark.parametrize("threads", [1, 3])
def test_the_largest_are_those_of_the_logits(kernels: str, threads: int) -> None:
    for vocabulary in (70, 101, 3000):
        one = engine(kernels, vocabulary, threads)
        ids = np.random.default_rng(3).integers(0, 70, (3, 9)).tolist()
        for mode in ("last", "all"):
            logits = one.extend(one.new_cache(3), ids, logits=mode)
            for k in (1, 5, 64, min(128, vocabulary)):
                top, values = one.extend_top(one.new_cache(3), ids, None, k, mode)
                wanted = in_order(logits, k)
                np.testing.assert_array_equal(top, wanted[0])
                np.testing.assert_array_equal(values, wanted[1])


def test_equals_come_by_their_ids() -> None:
    one, ids = with_equals(), np.arange(60).reshape(6, 10).tolist()
    logits = one.extend(one.new_cache(6), ids, logits="all")
    assert len(np.unique(logits[0])) < 60
    for k in range(1, 102):
        top, values = one.extend_top(one.new_cache(6), ids, k=k, logits="all")
        wanted = in_order(logits, k)
        np.testing.assert_array_equal(top, wanted[0])
        np.testing.assert_array_equal(values, wanted[1])


def test_a_long_prompt_in_pieces() -> None:
    one = NativeEngine(weights_of("even"), EVEN, dtype="int8", threads=2)
    ids = np.random.default_rng(2).integers(0, 160, (2, 600)).tolist()
    logits = one.extend(one.new_cache(2), ids, logits="all")
    noise = np.random.default_rng(2).random(1200).tolist()
    how = Sampling(0.7, 0, 0.9)
    wanted = the_long_way(logits, how, noise)
    assert one.extend_draw(one.new_cache(2), ids, None, how, noise, "all") == wanted
    last = one.extend_draw(one.new_cache(2), ids, None, how, [noise[599], noise[1199]])
    assert last == [wanted[599], wanted[1199]]
    np.testing.assert_array_equal(
        one.extend_top(one.new_cache(2), ids, None, 7)[0], in_order(logits[[599, 1199]], 7)[0]
    )


@pytest.mark.parametrize("rows", [1, 3, 300])
@pytest.mark.parametrize("how", [None, Sampling(0.9, 20, typical_p=0.9)], ids=str)
def test_a_stepper_chooses_as_the_call_does(rows: int, how: Sampling | None) -> None:
    one = engine()
    steps = 12 if rows < 300 else 3
    plain, ready = one.new_cache(rows, steps), one.new_cache(rows, steps)
    step = one.stepper(ready, how)
    tokens, random = [r % 101 for r in range(rows)], np.random.default_rng(5)
    for _ in range(steps):
        noise = random.random(rows).tolist() if how else []
        ids = [[token] for token in tokens]
        chosen = step(tokens, noise)
        if how:
            assert chosen == one.extend_draw(plain, ids, None, how, noise)
        else:
            assert chosen == one.extend_top(plain, ids)[0][:, 0].tolist()
        tokens = chosen
    with pytest.raises(ContextLengthError):
        step(tokens, noise)
    assert ready.lengths == [steps] * rows


def test_refused_choices_change_nothing() -> None:
    one = engine()
    memory = one.new_cache(2, 20)
    for k in (0, -1, 102):
        with pytest.raises(OptionError, match="at most 101"):
            one.extend_top(memory, [[1], [2]], None, k)
    with pytest.raises(OptionError, match="logits"):
        one.extend_top(memory, [[1], [2]], None, 1, "none")
    with pytest.raises(InputError, match="2 draws require"):
        one.extend_draw(memory, [[1], [2]], None, Sampling(), [0.5])
    with pytest.raises(InputError, match="temperature above 0"):
        one.extend_draw(memory, [[1], [2]], None, Sampling(0.0), [0.5, 0.5])
    with pytest.raises(ContextLengthError):
        one.extend_draw(memory, [[1], [2] * 21], None, Sampling(), [0.5, 0.5])
    with pytest.raises(InputError, match="draws require logits"):
        one.draw(np.zeros((1, 7), np.float32), Sampling(), [0.5])
    for how in (Sampling(typical_p=0.9), Sampling(top_k=129, eta_cutoff=0.1)):
        with pytest.raises(InputError, match="need a top_k from 1 to 128"):
            one.extend_draw(memory, [[1], [2]], None, how, [0.5, 0.5])
    assert memory.lengths == [0, 0]


# Options of generate; each opens another part of the shortcut.
OPTIONS: list[dict[str, Any]] = [
    {},
    {"top_k": 0},
    {"temperature": 0.6, "top_k": 0},
    {"temperature": 1.9, "top_k": 7},
    {"temperature": 0.8, "top_k": 40},
    {"temperature": 0.8, "top_k": 70, "min_p": 0.01},
    {"top_k": 0, "top_p": 0.9},
    {"top_k": 40, "top_p": 0.95, "min_p": 0.02},
    {"top_k": 0, "min_p": 0.1},
    {"temperature": 1.2, "top_k": 30, "typical_p": 0.9},
    {"temperature": 0.7, "top_k": 25, "top_p": 0.9, "epsilon_cutoff": 0.01},
    {"top_k": 1, "eta_cutoff": 0.01},
    {"top_k": 50, "renormalize_logits": True},
    {"top_k": 5, "top_h": 0.8},
    {"do_sample": False},
]


def compared(
    one: NativeEngine, monkeypatch: pytest.MonkeyPatch, *prompt: Any, **options: Any
) -> int:
    """Generates with and without the shortcut; returns how many tokens were the same."""
    short = one.generate(*prompt, **options)
    with monkeypatch.context() as patch:
        patch.setattr(Job, "shortcut", lambda job: None)
        long = one.generate(*prompt, **options)
    np.testing.assert_array_equal(short, long)
    return short.size


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("which", ["equals", "fp32"])
@pytest.mark.parametrize("tokens", [20, pytest.param(60, marks=pytest.mark.slow)])
def test_the_shortcut_gives_the_same_text(
    which: str, tokens: int, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = with_equals() if which == "equals" else engine()
    options = {"do_sample": True, "max_new_tokens": tokens, "eos_token_id": None, **options}
    seeds = {"seed": [1, 2, 3]} if options["do_sample"] else {}
    prompts = [[3, 4], [5, 6, 7], [8]]
    same = compared(one, monkeypatch, prompts, **options, **seeds)
    options |= {"max_new_tokens": 2 * tokens, "long": "window"}  # a context of 90
    same += compared(one, monkeypatch, [9] * 80, **options, **({"seed": 5} if seeds else {}))
    assert same == 3 * (3 + tokens) + 80 + 2 * tokens


@pytest.mark.parametrize("seed", [{"seed": 3}, {}], ids=str)
def test_rows_that_end_are_filled(seed: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np.random, "random", np.random.RandomState(0).random)
    options = {"do_sample": True, "eos_token_id": list(range(0, 100, 7)), "pad_token_id": 100}
    one = with_equals()
    for i in range(10):
        prompts = [[i, 4], [5, i, 7], [i]]
        texts = []
        for short in (True, False):
            with monkeypatch.context() as patch:
                if not short:
                    patch.setattr(Job, "shortcut", lambda job: None)
                patch.setattr(np.random, "random", np.random.RandomState(i).random)
                texts.append(
                    one.generate(
                        prompts, max_new_tokens=30, num_return_sequences=2, **seed, **options
                    )
                )
        np.testing.assert_array_equal(*texts)


def test_where_the_long_way_is_taken() -> None:
    """With processors and records it is, with nothing but warpers it is not."""
    one = engine()

    def taken(**options: Any) -> bool:
        resolved = one._resolve(None, {"eos_token_id": 5, **options})
        return plan(one, [1, 2], resolved).shortcut() is None

    assert not taken()
    assert not taken(do_sample=True, top_k=0, top_p=0.9)
    assert taken(repetition_penalty=1.2)
    assert taken(do_sample=True, min_new_tokens=4)
    assert taken(output_scores=True, return_dict_in_generate=True)
    assert taken(do_sample=True, top_k=129, typical_p=0.9)
    assert taken(do_sample=True, top_k=5, top_h=0.5)


def test_more_equals_than_were_fetched() -> None:
    """All logits equal: top_k leaves every id in, and typical_p looks at them all."""
    config = AWKWARD.replace(n_layer=1)
    weights = random_weights(config)
    weights["lm_head.weight"][:] = 0
    one = NativeEngine(weights, config)
    options = {"do_sample": True, "seed": 1, "top_k": 5, "eos_token_id": None}
    found = one.generate([1], max_new_tokens=60, typical_p=0.95, **options)
    assert len(np.unique(found)) > 30
