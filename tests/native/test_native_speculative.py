"""Guessing changes the time alone: the same tokens over thousands of steps, bit-exact logits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from gpt2.generation import speculative
from gpt2.generation.job import Job
from gpt2.native import NativeEngine
from tests.native.models import EVEN, weights_of

DECODING: list[dict[str, Any]] = [
    {"do_sample": False},
    {"do_sample": False, "repetition_penalty": 1.1},
    {"temperature": 0.3, "top_k": 0},
    {"temperature": 0.7, "top_k": 40, "top_p": 0.95, "min_p": 0.02},
    {"top_k": 20, "typical_p": 0.9},
    {"temperature": 0.8, "top_k": 5, "no_repeat_ngram_size": 4},
]
REPEATING = [3, 9, 4, 17, 5] * 6


@cache
def engine(dtype: str) -> NativeEngine:
    return NativeEngine(weights_of("even"), EVEN, dtype=dtype, threads=1 if dtype == "int8" else 2)


def options_of(options: dict[str, Any], tokens: int) -> dict[str, Any]:
    drawn = options.get("do_sample", True)
    own = {"do_sample": True, "seed": 7} if drawn else {}
    return {**own, **options, "max_new_tokens": tokens, "eos_token_id": None}


@pytest.mark.parametrize("dtype", ["fp32", "int8"])
@pytest.mark.parametrize("options", DECODING, ids=str)
def test_the_same_tokens_as_without(dtype: str, options: dict[str, Any]) -> None:
    one, options = engine(dtype), options_of(options, 200 if dtype == "int8" else 60)
    plain = one.generate(REPEATING, **options)
    for tokens, ngram in ((1, 1), (4, 2), (10, 3)):
        guess = {"prompt_lookup_num_tokens": tokens, "max_matching_ngram_size": ngram}
        np.testing.assert_array_equal(one.generate(REPEATING, **guess, **options), plain)


@pytest.mark.parametrize("right", [0.0, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("options", DECODING[:4], ids=str)
def test_scripted_guesses(
    right: float, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, options = engine("int8"), options_of(options, 500)
    truth = one.generate(REPEATING, **options)[0].tolist()
    random = np.random.default_rng(1)

    def script(look: Any, row: Sequence[int], most: int) -> list[int]:
        coming = truth[len(row) : len(row) + min(most, look.tokens)]
        return [token if random.random() < right else (token + 1) % 160 for token in coming]

    monkeypatch.setattr(speculative.PromptLookup, "__call__", script)
    passes = counted(one, monkeypatch)
    found = one.generate(REPEATING, prompt_lookup_num_tokens=8, **options)[0].tolist()
    assert found == truth
    assert len(passes) < {0.0: 501, 0.5: 350, 0.9: 220, 1.0: 90}[right]
    if not right:
        assert sum(passes) < 1.05 * len(truth)


def counted(one: NativeEngine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by the tokens of each pass."""
    passes: list[int] = []
    run = one._run

    def count(batch: Any, *rest: Any) -> None:
        passes.append(len(batch.flat))
        run(batch, *rest)

    monkeypatch.setattr(one, "_run", count)
    return passes


def test_the_global_generator_is_left_as_without() -> None:
    one, states = engine("int8"), []
    for guess in ({}, {"prompt_lookup_num_tokens": 5}):
        np.random.seed(4)
        options = {"do_sample": True, "temperature": 0.2, "max_new_tokens": 60, **guess}
        text = one.generate(REPEATING, eos_token_id=None, **options).tolist()
        states.append((text, np.random.random()))
    assert states[0] == states[1]


def test_the_end_and_the_shortcut(monkeypatch: pytest.MonkeyPatch) -> None:
    """An end in the middle of right guesses ends the text; with and without the shortcut."""
    one = engine("int8")
    ends = {"do_sample": True, "seed": 1, "temperature": 0.4, "max_new_tokens": 300}
    for end in range(0, 160, 32):
        plain = one.generate(REPEATING, eos_token_id=end, **ends).tolist()
        guessed = {"prompt_lookup_num_tokens": 6, "eos_token_id": end, **ends}
        assert one.generate(REPEATING, **guessed).tolist() == plain
        with monkeypatch.context() as patch:
            patch.setattr(Job, "shortcut", lambda job: None)
            assert one.generate(REPEATING, **guessed).tolist() == plain
