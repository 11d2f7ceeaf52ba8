from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gpt2.errors import OptionError
from gpt2.generation import speculative
from tests.generation import tiny_models

DECODING: list[dict[str, Any]] = [
    {},
    {"repetition_penalty": 1.2, "min_new_tokens": 6},
    {"do_sample": True, "seed": 4, "temperature": 0.2},
    {"do_sample": True, "seed": 5, "top_p": 0.9, "eos_token_id": [2, 7, 13, 49]},
    {"stop_strings": "x"},
]
REPEATING = [3, 9, 4, 17, 5, 3, 9, 4, 17, 5, 3, 9]


def counted(engine: Any) -> tuple[Any, list[int]]:
    """The engine, and a list that grows by the tokens of each pass."""
    passes: list[int] = []
    copy = type(engine).__new__(type(engine))
    copy.__dict__.update(engine.__dict__)

    def extend(cache: Any, ids: Any, *rest: Any, **named: Any) -> Any:
        passes.append(sum(len(row) for row in ids))
        return engine.extend(cache, ids, *rest, **named)

    copy.extend = extend
    return copy, passes


@pytest.mark.parametrize("engine", ["ours", "on_torch"])
@pytest.mark.parametrize("options", DECODING, ids=str)
def test_prompt_lookup_gives_the_same_text(engine: str, options: dict[str, Any]) -> None:
    model, passes = counted(getattr(tiny_models, engine)(vocab_size=300))
    options = {"max_new_tokens": 30, "tokenizer": tiny_models.tokenizer(), **options}
    plain = model.generate(REPEATING, **options)
    before = len(passes)
    guessed = model.generate(REPEATING, prompt_lookup_num_tokens=5, **options)
    assert plain.tolist() == guessed.tolist()
    if set(options) == {"max_new_tokens", "tokenizer"}:  # it repeats itself
        assert len(passes) - before < before, "no guess was right"


@pytest.mark.parametrize("options", DECODING[:4], ids=str)
@pytest.mark.parametrize("assistant", ["ours", "on_torch", "other"])
def test_an_assistant_gives_the_same_text(assistant: str, options: dict[str, Any]) -> None:
    helper = tiny_models.ours(1) if assistant == "other" else getattr(tiny_models, assistant)()
    model, passes = counted(tiny_models.ours())
    options = {"max_new_tokens": 24, **options}
    plain = model.generate(REPEATING, **options)
    before = len(passes)
    draft: dict[str, Any] = {"assistant_model": helper, "num_assistant_tokens": 4}
    guessed = model.generate(REPEATING, **draft, **options)
    assert plain.tolist() == guessed.tolist()
    if assistant != "other":  # the same weights guess right each time
        assert len(passes) - before <= before // 2


def test_without_a_seed_the_global_generator_gives_the_same_text() -> None:
    engine, texts = tiny_models.on_torch(), []
    for guess in ({}, {"prompt_lookup_num_tokens": 4}):
        torch.manual_seed(3)
        options = {"do_sample": True, "max_new_tokens": 25, "temperature": 0.6, **guess}
        texts.append(engine.generate(REPEATING, **options).tolist())
    assert texts[0] == texts[1]


def test_scores_are_those_without_guesses() -> None:
    options = {"max_new_tokens": 20, "output_scores": True, "return_dict_in_generate": True}
    plain = tiny_models.ours().generate(REPEATING, **options)
    guessed = tiny_models.ours().generate(REPEATING, prompt_lookup_num_tokens=5, **options)
    assert len(plain.scores) == len(guessed.scores) == 20
    for a, b in zip(plain.scores, guessed.scores, strict=True):
        assert abs(a - b).max() < 1e-5


def test_lookup_finds_the_last_place_with_the_longest_ending() -> None:
    look = speculative.PromptLookup(tokens=3, ngram=2)
    assert look([1, 2, 7, 8, 9, 1, 2, 5, 6, 1, 2], 9) == [5, 6, 1]
    assert look([1, 2, 7, 8, 9, 1, 2, 5, 6, 1, 2], 2) == [5, 6]
    assert look([4, 2, 7, 1, 2], 9) == [7, 1, 2]
    assert look([1, 2, 3], 9) == []
    assert look([1], 9) == []


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(1, 4))
def test_lookup_is_a_search_through_the_text(ids: list[int], ngram: int) -> None:
    look, row = speculative.PromptLookup(tokens=5, ngram=ngram), ids[:1]
    for token in [*ids[1:], 0]:
        assert look(row, 9) == searched(row, ngram)[:5]
        row.append(token)


def searched(row: list[int], ngram: int) -> list[int]:
    for n in range(min(ngram, len(row) - 1), 0, -1):
        for i in range(len(row) - n - 1, -1, -1):
            if row[i : i + n] == row[-n:]:
                return row[i + n :]
    return []


def steps_of(right: float, tokens: int = 8, steps: int = 1000) -> tuple[int, int]:
    """Passes it takes to write ``steps`` tokens, and guesses made, if so many of them are right."""
    random = np.random.default_rng(0)
    row, passes, guesses = [1], 0, 0
    draft = speculative.AdaptiveDraft(lambda row, most: [1] * min(most, tokens), tokens)
    while len(row) < steps:
        made = draft(row, tokens)
        kept = next((i for i in range(len(made)) if random.random() >= right), len(made))
        row += [1] * kept + [1 if kept == len(made) else 0]
        passes, guesses = passes + 1, guesses + len(made)
    return passes, guesses


def test_guessing_is_thrifty() -> None:
    passes, guesses = steps_of(0.0)
    assert (passes, guesses < 30) == (999, True)
    passes, guesses = steps_of(1.0)
    assert passes < 150
    for right, gain in ((0.5, 1.3), (0.9, 2.2)):
        passes, guesses = steps_of(right)
        assert 1000 / (passes + speculative.AdaptiveDraft.COST * guesses) > gain


ALONE: list[dict[str, Any]] = [
    {"num_beams": 2},
    {"do_sample": True, "num_return_sequences": 2},
    {"long": "window", "max_new_tokens": 90},
]


@pytest.mark.parametrize("options", ALONE, ids=str)
def test_what_guessing_cannot_do(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        tiny_models.ours().generate([3, 4], prompt_lookup_num_tokens=2, **options)


def test_another_vocabulary_is_refused() -> None:
    with pytest.raises(OptionError, match="must be the same"):
        tiny_models.ours().generate([3], assistant_model=tiny_models.ours(vocab_size=300))
