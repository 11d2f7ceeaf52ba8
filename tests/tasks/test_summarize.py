"""``TL;DR:`` after the text; longer texts in parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import gpt2
from gpt2.errors import InputError, OptionError
from gpt2.tasks.sentences import sentences

TEXT = "The old man went to the sea. He had a boat. There was no wind that day."
Asked = Callable[[Any], list[str]]


def test_the_prompt_is_the_papers(mini: Any, asked: Asked) -> None:
    prompts = asked(mini)
    summary = gpt2.summarize(mini, TEXT)
    assert prompts == [TEXT + "\nTL;DR:"]
    drawn = mini.generate(prompts[0], do_sample=True, top_k=2, max_new_tokens=100, seed=0)
    assert summary == " ".join(sentences(drawn[len(prompts[0]) :])[:3])


def test_the_seed_decides_and_the_beam_needs_none(mini: Any) -> None:
    assert gpt2.summarize(mini, TEXT, seed=1) == gpt2.summarize(mini, TEXT, seed=1)
    assert gpt2.summarize(mini, TEXT, seed=1) != gpt2.summarize(mini, TEXT, seed=2)
    beam = gpt2.summarize(mini, TEXT, method="beam", max_new_tokens=30)
    prompt = TEXT + "\nTL;DR:"
    search = {"num_beams": 4, "early_stopping": True, "no_repeat_ngram_size": 3}
    found = mini.generate(prompt, max_new_tokens=30, do_sample=False, **search)
    assert beam == " ".join(sentences(found[len(prompt) :])[:3])


def test_a_long_text_is_summarised_in_parts_and_then_together(tiny: Any, asked: Asked) -> None:
    prompts = asked(tiny)
    text = " ".join(f"The quick fox number {n} jumps over the dog." for n in range(60))
    steps: list[tuple[int, int]] = []
    summary = gpt2.summarize(tiny, text, progress=lambda *step: steps.append(step))
    firsts = [p for p in prompts if "number" in p]
    read = " ".join(p.removesuffix("\nTL;DR:") for p in firsts)
    assert read == text  # each sentence whole, in one part, in order
    assert len(prompts) > len(firsts) > 3
    assert all(len(tiny.tokenizer.encode(p)) + 64 <= 256 for p in prompts)
    assert steps[0][0] == 0
    assert steps[-1] == (len(prompts), len(prompts))
    assert len(tiny.tokenizer.encode(summary)) <= 100


def test_a_text_without_an_end_is_cut(tiny: Any) -> None:
    gpt2.summarize(tiny, "fox" * 2000, max_new_tokens=5)


@pytest.mark.parametrize("text", ["", " \n", "a\x00b"])
def test_what_is_no_text(tiny: Any, text: str) -> None:
    with pytest.raises(InputError, match=r"empty|binary"):
        gpt2.summarize(tiny, text)


def test_options_are_checked(tiny: Any) -> None:
    with pytest.raises(OptionError, match="sentences must be at least 1"):
        gpt2.summarize(tiny, TEXT, sentences=0)
