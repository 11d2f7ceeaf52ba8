"""Texts of an asked length in which nothing is said too often."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpt2
from gpt2.errors import ContextLengthError, InputError
from gpt2.tasks.repetition import UNIT, Composer
from gpt2.tasks.sentences import sentences
from gpt2.tasks.words import words
from gpt2.tasks.write import _shape

Asked = Callable[[Any], list[str]]


def most_often(units: list[str]) -> int:
    """How often the commonest run of four comes."""
    return max(Counter(zip(*(units[i:] for i in range(4)), strict=False)).values(), default=0)


@pytest.mark.parametrize(
    ("kind", "prompt"),
    [
        ("article", "The Sea\n\n- storm\n- ships\n\n"),
        ("email", "Subject: The Sea\n\n- storm\n- ships\n\nDear"),
        ("story", "The Sea\n\n- storm\n- ships\n\nOnce upon a time"),
        ("free", "The Sea\n\n- storm\n- ships"),
    ],
)
def test_prompts(mini: Any, asked: Asked, kind: str, prompt: str) -> None:
    prompts = asked(mini)
    text = gpt2.write(mini, "The Sea", points=["storm", "ships"], kind=kind, length=20)
    assert prompts == [prompt]
    assert text.startswith(prompt.rsplit("\n", 1)[1] if kind in ("email", "story") else "")
    if kind == "article":
        gpt2.write(mini, points=["storm"], length=5)
        gpt2.write(mini, "海", kind="email", length=5)
        assert prompts[1:] == ["- storm\n\n", "主题：海\n\n您好"]


@pytest.mark.parametrize("length", [1, 40])
def test_the_length_is_the_asked_one(mini: Any, length: int) -> None:
    for seed in range(3):
        count = len(words(gpt2.write(mini, "A Night", length=length, seed=seed)))
        assert abs(count - length) <= 0.1 * length


@pytest.mark.parametrize(
    ("text", "length", "want"),
    [
        ("One two. " * 5 + "Three four five", 10, "One two. " * 5),  # the nearest end
        ("One two. " * 6, 11, "One two. " * 5),
        ("one two " * 20, 10, "one two " * 5),  # no end near
        ("One two. " + "three " * 30, 20, "One two. " + "three " * 18),
        ("一二三四五六七八九。十一。", 10, "一二三四五六七八九。"),
        ("too short", 50, "too short"),
    ],
)
def test_it_ends_with_a_sentence_where_one_ends_near(text: str, length: int, want: str) -> None:
    assert _shape(text, length) == want.strip()


def test_no_run_of_four_comes_more_than_three_times(mini: Any) -> None:
    """With the most probable token always, this model would say the same for ever."""
    prompt = "The Dale\n\n"
    free = mini.generate(prompt, do_sample=False, max_new_tokens=150)
    assert most_often(words(free.lower())) > 3
    text = gpt2.write(mini, "The Dale", length=150, top_k=1)
    assert len(words(text)) >= 135
    for units in (words(text.lower()), re.findall(r"\w+|[^\w\s]", text.lower()), text.split()):
        assert most_often(units) <= 3


def test_chinese_characters_count_as_words(tiny: Any) -> None:
    """A composer alone, over every token in turn: exact, whatever the model wants."""
    tokenizer = tiny.tokenizer
    composer = Composer(
        tokenizer, 0, "", 1, [tokenizer.eos_token_id], 10**9, lambda text, count: False
    )
    wanted = tokenizer.encode("狐狸跑了。" * 40)
    ids: list[int] = []
    for token in wanted:
        scores = np.linspace(0, 1, tiny.config.vocab_size, dtype=np.float32)[None]
        scores[0, token] = 2
        ids.append(int(composer.process(np.array([ids], dtype=np.int64), scores).argmax()))
    text = tokenizer.decode(ids).replace("\ufffd", "")
    composer.stop(np.array([ids], dtype=np.int64), None)
    assert composer.text == text
    for units in (words(text), UNIT.findall(text)):
        assert most_often(units) <= 3
    assert ids[:12] == wanted[:12]  # what may come is left alone


def test_without_white_space_the_most_probable_token_comes_if_none_is_allowed(
    wordpiece: Any,
) -> None:
    composer = Composer(wordpiece.tokenizer, 0, "我" * 6, 1, [], 10**9, lambda text, count: False)
    scores = np.full((1, wordpiece.config.vocab_size), -np.inf, np.float32)
    scores[0, wordpiece.tokenizer.encode_more("我")] = 1  # a fourth run of four
    assert np.isfinite(composer.process(np.zeros((1, 0), np.int64), scores)).sum() == 1


def test_it_goes_on_past_the_context(tiny: Any) -> None:
    steps: list[tuple[int, int]] = []
    text = gpt2.write(tiny, "The fox", length=120, progress=lambda *step: steps.append(step))
    assert len(tiny.tokenizer.encode(text)) > tiny.config.n_positions
    assert most_often(words(text.lower())) <= 3
    assert steps[-1] == (120, 120)


@pytest.mark.parametrize("engine", ["reference", "torch"])
def test_engines_agree(tiny_folder: Path, tiny: Any, engine: Any) -> None:
    texts = [gpt2.write(model, "The fox", length=12, seed=3)
             for model in (tiny, gpt2.load(tiny_folder, engine=engine))]  # fmt: skip
    assert texts[0] == texts[1]


def test_what_cannot_be_written(tiny: Any) -> None:
    with pytest.raises(InputError, match="no subject was given"):
        gpt2.write(tiny, " ")
    with pytest.raises(InputError, match="binary"):
        gpt2.write(tiny, "a", points=["\x00"])
    with pytest.raises(ContextLengthError):
        gpt2.write(tiny, "fox " * 200)


def test_the_seed_decides(mini: Any) -> None:
    one, again, other = (gpt2.write(mini, "A Night", length=20, seed=s) for s in (1, 1, 2))
    assert one == again != other
    assert len(sentences(one)) >= 1
