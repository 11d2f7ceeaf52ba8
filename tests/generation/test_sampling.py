from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2.errors import InputError, OptionError
from gpt2.generation import sampling
from gpt2.randomness import mix
from tests.examples import some
from tests.generation import tiny_models

SAMPLING: list[dict[str, Any]] = [
    {},
    {"temperature": 0.7, "top_k": 0, "top_p": 0.9},
    {"top_k": 7, "repetition_penalty": 1.4, "no_repeat_ngram_size": 2},
    {"min_p": 0.05, "typical_p": 0.8},
    {"num_return_sequences": 3},
    {"eos_token_id": [2, 5, 13, 25, 36, 54]},
    {"num_beams": 3, "num_return_sequences": 2, "top_k": 0},
    {"num_beams": 2, "temperature": 1.5, "eos_token_id": [2, 5, 13, 25]},
]


@pytest.mark.parity
@pytest.mark.parametrize("options", SAMPLING, ids=str)
def test_torch_draws_what_transformers_draws(options: dict[str, Any]) -> None:
    ids, peer, ours = tiny_models.prompt(2), tiny_models.peer(), tiny_models.on_torch()
    options = {"do_sample": True, "max_new_tokens": 15, **options}
    torch.manual_seed(7)
    theirs = peer.generate(ids, attention_mask=torch.ones_like(ids), **options)
    torch.manual_seed(7)
    mine = ours.generate(ids, **options)
    assert theirs.tolist() == mine.tolist()


def test_numpy_follows_its_global_generator() -> None:
    draws = []
    for seed in (1, 1, 2):
        np.random.seed(seed)  # what `set_seed` does
        draws.append(tiny_models.ours().generate([3, 4], do_sample=True).tolist())
    assert draws[0] == draws[1] != draws[2]


def test_the_noise_is_what_the_documentation_says() -> None:
    # SplitMix64's published first output for the state 1234567 is 6457827717110365317
    assert mix(1234567) == 6457827717110365317
    assert sampling.uniform(0, 0, 0) == (mix(mix(mix(0))) >> 11) * 2.0**-53
    keys = [(s, r, p) for s in range(9) for r in range(9) for p in range(9)]
    assert len({sampling.uniform(*key) for key in keys}) == len(keys)


def test_the_noise_is_even() -> None:
    draws = [sampling.uniform(5, row, place) for row in range(20) for place in range(1000)]
    counts, _ = np.histogram(draws, 20, (0, 1))
    chi_squared = ((counts - 1000) ** 2 / 1000).sum()
    assert chi_squared < 43.8  # 19 degrees of freedom, p = 0.001; the draws are fixed


@pytest.mark.parametrize("make", [np.array, torch.tensor])
@pytest.mark.parametrize(
    ("u", "token"), [(0.0, 0), (0.0999, 0), (0.1001, 1), (0.5999, 1), (0.6001, 3), (0.9999999, 3)]
)
def test_pick_is_the_inverse_of_the_running_sum(make: Any, u: float, token: int) -> None:
    scores = make([[math.log(0.1) + 5, math.log(0.5) + 5, -math.inf, math.log(0.4) + 5]])
    assert sampling.pick(scores, [u]).tolist() == [token]


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_what_is_impossible_is_never_picked(make: Any) -> None:
    assert sampling.pick(make([[-math.inf, 0.0, -math.inf]]), [0.0]).tolist() == [1]
    assert sampling.pick(make([[-math.inf, 0.0, -math.inf]]), [1 - 2.0**-53]).tolist() == [1]


@pytest.mark.parametrize("name", ["ours", "on_torch"])
def test_a_finished_row_may_have_nothing_left(name: str) -> None:
    def nothing_after_the_end(ids: Any, scores: Any) -> Any:
        scores[ids[:, -1] == 2] = -math.inf
        return scores

    out = getattr(tiny_models, name)().generate(
        [[3, 4], [5, 6]], do_sample=True, max_new_tokens=6, seed=1, pad_token_id=2,
        prefix_allowed_tokens_fn=lambda prompt, ids: [2] if prompt == 0 else [7, 8],
        logits_processor=[nothing_after_the_end],
    )  # fmt: skip
    assert out[0, 2:].tolist() == [2] * 6
    assert set(out[1, 2:].tolist()) <= {7, 8}


@given(st.integers(0, 2**32), st.integers(1, 300), st.floats(0, 1, exclude_max=True))
@settings(max_examples=some(60), deadline=None)
def test_pick_is_the_same_on_both_kinds(seed: int, V: int, u: float) -> None:
    scores = np.random.default_rng(seed).normal(0, 5, (1, V)).astype(np.float32)
    on_numpy = sampling.pick(scores, [u]).tolist()
    assert on_numpy == sampling.pick(torch.from_numpy(scores), [u]).tolist()


def test_nothing_left_to_draw_is_an_error() -> None:
    for row in ([-math.inf, -math.inf], [math.nan, 0.0]):
        with pytest.raises(InputError, match="no token is left"):
            sampling.pick(np.array([row]), [0.5])


@pytest.mark.parametrize("name", ["ours", "on_torch"])
def test_a_row_alone_equals_the_row_in_a_batch(name: str) -> None:
    engine = getattr(tiny_models, name)()
    rows = [[3, 4, 5, 6], [7, 8], [9]]
    options = {"do_sample": True, "max_new_tokens": 10, "eos_token_id": None, "seed": 11}
    together = engine.generate(rows, num_return_sequences=2, **options)
    for i, row in enumerate(rows):
        alone = engine.generate([row], num_return_sequences=2, **options)
        assert together[2 * i : 2 * i + 2, 4:].tolist() == alone[:, len(row) :].tolist()
    assert together[0].tolist() != together[1].tolist()


def test_engines_agree_under_a_seed() -> None:
    ids = tiny_models.prompt(2).numpy()
    options = {"do_sample": True, "max_new_tokens": 12, "seed": [5, 6], "top_p": 0.9}
    texts = [e.generate(ids, **options).tolist()
             for e in (tiny_models.ours(), tiny_models.on_torch())]  # fmt: skip
    assert texts[0] == texts[1]


def test_a_seed_for_each_prompt() -> None:
    engine = tiny_models.ours()
    both = engine.generate([[3, 4], [3, 4]], do_sample=True, seed=[1, 2]).tolist()
    alone = [engine.generate([3, 4], do_sample=True, seed=s).tolist()[0] for s in (1, 2)]
    assert [row[: len(a)] for row, a in zip(both, alone, strict=True)] == alone
    assert both[0] != both[1]
    with pytest.raises(OptionError, match="one for each of the 1 prompts"):
        engine.generate([3, 4], do_sample=True, seed=[1, 2])


def test_beam_sampling_takes_a_seed() -> None:
    options = {"do_sample": True, "num_beams": 3, "max_new_tokens": 8, "top_k": 0}
    draws = [tiny_models.ours().generate([3, 4], seed=s, **options).tolist() for s in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_draws_follow_the_distribution() -> None:
    scores = np.tile(np.log([[0.1, 0.2, 0.3, 0.4]]), (4000, 1))
    tokens = sampling.draw(scores, [sampling.Noise(3, row)(9) for row in range(4000)])
    share = np.bincount(tokens, minlength=4) / 4000
    np.testing.assert_allclose(share, [0.1, 0.2, 0.3, 0.4], atol=0.03)
