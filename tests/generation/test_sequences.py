"""Sequences stepped together by a small scheduler are the texts that `generate` writes alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpt2.engine import Engine, Sampling
from gpt2.errors import ContextLengthError, InputError, OptionError
from gpt2.generation.config import GenerationConfig
from gpt2.generation.sequences import Sequence, single
from tests.generation import tiny_models

# A prompt, the options of its text, and the row whose noise it draws with.
REQUESTS: list[tuple[list[int], dict[str, Any], int]] = [
    ([3, 4], {"max_new_tokens": 12}, 0),
    ([5, 6, 7, 8, 9], {"max_new_tokens": 20, "do_sample": True, "seed": 1}, 0),
    ([5, 6, 7, 8, 9], {"max_new_tokens": 20, "do_sample": True, "seed": 1}, 1),
    ([9], {"max_new_tokens": 7, "do_sample": True, "seed": 8, "top_k": 5, "temperature": 0.7}, 0),
    ([7, 7, 7], {"max_new_tokens": 15, "repetition_penalty": 1.5, "no_repeat_ngram_size": 2}, 0),
    ([2, 3], {"max_new_tokens": 9, "min_new_tokens": 8, "forced_eos_token_id": 4}, 0),
    ([1] * 10, {"max_new_tokens": 25, "eos_token_id": [*range(0, 60, 3)], "do_sample": True,
                "seed": 2}, 0),
]  # fmt: skip


def sequence(engine: Any, prompt: list[int], options: dict[str, Any], row: int = 0) -> Sequence:
    return single(engine.config, GenerationConfig(**options), prompt, row=row)


def scheduled(engine: Engine, sequences: list[Sequence], by_engine: bool) -> None:
    """Steps all until each has ended; they take up new rows of one cache, two more at a step."""
    cache = engine.new_cache(len(sequences))
    shortcuts = [s.policy.shortcut(engine) if by_engine else None for s in sequences]
    for step in range(100):
        rows = [r for r, s in enumerate(sequences[: 2 * step + 2]) if s.finish is None]
        if not rows:
            return
        ways: dict[Sampling | str | None, list[int]] = {}
        for r in rows:
            short = shortcuts[r]
            ways.setdefault("scores" if short is None else short.how, []).append(r)
        for way, some in ways.items():
            ids = [sequences[r].ids[cache.lengths[r] :] for r in some]
            short = shortcuts[some[0]]
            if way == "scores" or short is None:
                logits = engine.extend(cache, ids, some)
                tokens = [sequences[r].choose(logits[i : i + 1]) for i, r in enumerate(some)]
            else:
                noise = [] if way is None else [sequences[r].noise() for r in some]
                tokens = short(cache, ids, some, noise, "last")
            for r, token in zip(some, tokens, strict=True):
                sequences[r].append(token)
    raise AssertionError("the sequences do not end")


@pytest.mark.parametrize(
    ("name", "by_engine"),
    [("reference", False), ("torch", False), ("native", False), ("native", True)],
)
def test_each_is_what_generate_writes_alone(name: str, by_engine: bool) -> None:
    engine = tiny_models.engines()[name]
    sequences = [sequence(engine, *request) for request in REQUESTS]
    scheduled(engine, sequences, by_engine)
    for (prompt, options, row), one in zip(REQUESTS, sequences, strict=True):
        texts = {"num_return_sequences": row + 1} if row else {}
        asked = {"eos_token_id": None, **texts, **options}
        alone = engine.generate([prompt], **asked)[row].tolist()
        assert one.text == alone[: len(one.text)], options
        assert one.finish == ("eos" if "eos_token_id" in options else "length")
    assert sequences[-1].text[-1] % 3 == 0
    assert all(i % 3 for i in sequences[-1].text[10:-1])


def test_why_it_ends() -> None:
    engine, tokenizer = tiny_models.ours(vocab_size=300), tiny_models.tokenizer()
    a, b = tokenizer.encode("a"), tokenizer.encode("b")
    options = GenerationConfig(max_new_tokens=3, eos_token_id=7, stop_strings="ab")
    for tokens, finish in (([7], "eos"), ([*a, *b], "stop_string"), ([*b, *a, *b], "stop_string"),
                           ([*a, *a, *a], "length")):  # fmt: skip
        one = single(engine.config, options, [3, 4], tokenizer=tokenizer)
        for token in tokens:
            assert one.finish is None
            one.append(token)
        assert one.finish == finish
        one.append(5)  # padding
        one.stop("cancelled")
        assert (one.finish, one.text) == (finish, [3, 4, *tokens])
    late = single(engine.config, GenerationConfig(max_new_tokens=3, max_time=0.0), [3])
    late.append(4)
    assert late.finish == "time"


def test_further_processors_have_their_say() -> None:
    engine = tiny_models.ours()

    def only_five(ids: Any, scores: Any) -> Any:
        assert ids.tolist() == [[3, 4]]
        return np.where(np.arange(scores.shape[1]) == 5, scores, -np.inf)

    one = single(engine.config, GenerationConfig(max_new_tokens=3), [3, 4], processors=[only_five])
    assert one.choose(np.zeros((1, engine.config.vocab_size), np.float32)) == 5
    assert one.policy.shortcut(engine) is None


def test_what_cannot_be_begun() -> None:
    config = tiny_models.ours().config
    with pytest.raises(OptionError, match="one for each"):
        single(config, GenerationConfig(do_sample=True, seed=[1, 2], max_new_tokens=1), [1])
    with pytest.raises(ContextLengthError, match="exceed this model's context length"):
        single(config, GenerationConfig(max_new_tokens=config.n_positions), [1] * 9)
    with pytest.raises(InputError, match="leaves no room for new tokens"):
        single(config, GenerationConfig(max_length=2), [1, 2])
    one = single(config, GenerationConfig(max_new_tokens=1), [1, 2])
    with pytest.raises(InputError, match="no token is left"):
        one.choose(np.full((1, config.vocab_size), np.nan, np.float32))
