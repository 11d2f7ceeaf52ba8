"""Pairs of sentences before the sentence; documents keep their shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gpt2
from gpt2.errors import ContextLengthError, CorruptFileError, InputError, OptionError
from gpt2.tasks.shots import TRANSLATIONS

Asked = Callable[[Any], list[str]]
PAIRS = [("fox", "Fuchs"), ("dog", "Hund")]


def test_the_prompt_is_the_papers(mini: Any, asked: Asked) -> None:
    prompts = asked(mini)
    out = gpt2.translate(mini, "He is here.", to="fr")
    assert prompts == [
        "Good morning, everyone. = Bonjour à tous.\n"
        "The shop opens at nine o'clock. = Le magasin ouvre à neuf heures.\n"
        "Where did you put my keys? = Où as-tu mis mes clés ?\n"
        "My sister lives in a small town near the sea. = Ma sœur habite dans une petite ville au "
        "bord de la mer.\n"
        "It has been raining since yesterday. = Il pleut depuis hier.\n"
        "He wanted to say something, but it was too late. = Il voulait dire quelque chose, mais "
        "il était trop tard.\n"
        "Please read this book before you come. = Lisez ce livre avant de venir, s'il vous plaît.\n"
        "He is here. ="
    ]
    greedy = mini.generate(prompts[0], do_sample=False, max_new_tokens=40)[len(prompts[0]) :]
    assert greedy.split("\n")[0].strip().startswith(out)
    assert "\n" not in out


def test_a_document_keeps_its_order_and_its_blank_lines(tiny: Any, asked: Asked) -> None:
    prompts = asked(tiny)
    out = gpt2.translate(
        tiny, "One fox. Two.\n\n\nThe end\nTwo. Dog.\n", to="de", examples=PAIRS, batch_size=3
    )
    head = "fox = Fuchs\ndog = Hund\n"
    assert prompts == [f"{head}{s} =" for s in ("One fox.", "Two.", "The end", "Dog.")]
    assert [bool(line.strip()) for line in out.split("\n")][1:3] == [False, False]
    assert len(out.split("\n")) == 5
    again = gpt2.translate(tiny, "Two.", to="de", examples=PAIRS)
    assert again in out.split("\n")[0]
    assert again in out.split("\n")[4]


def test_the_batch_does_not_matter(mini: Any) -> None:
    text = "The dog is old. He went home, and it rained. Who is there?\nIt was late."
    alone, together = (gpt2.translate(mini, text, to="fr", batch_size=n) for n in (1, 8))
    assert alone == together


def test_as_many_examples_as_half_the_context_holds(tiny: Any, asked: Asked) -> None:
    prompts = asked(tiny)
    gpt2.translate(tiny, "Fox.", to="zh")
    shown = prompts[0].split("\n")[:-1]
    assert [f"{a} = {b}" for a, b in TRANSLATIONS["en", "zh"]][: len(shown)] == shown
    assert 0 < len(shown) < 7
    with pytest.raises(OptionError, match="not even the first example fits"):
        gpt2.translate(tiny, "Fox.", examples=[("long " * 100, "lang")])


def test_a_sentence_longer_than_the_context_is_translated_in_pieces(
    tiny: Any, asked: Asked
) -> None:
    prompts = asked(tiny)
    long = " ".join(f"the fox {n}" for n in range(150))
    gpt2.translate(tiny, long, to="de", examples=PAIRS)
    pieces = [p.rsplit("\n", 1)[1].removesuffix(" =") for p in prompts]
    assert " ".join(pieces) == long


def test_languages_without_examples(tiny: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no examples for en to de here.*--examples"):
        gpt2.translate(tiny, "Fox.", to="de")
    file = tmp_path / "pairs.tsv"
    file.write_text("fox\tFuchs\nno tab here\n")
    with pytest.raises(CorruptFileError, match="line 2"):
        gpt2.translate(tiny, "Fox.", to="de", examples=str(file))


def test_a_context_that_is_too_short(tmp_path: Path) -> None:
    from tests.tiny import write_tiny

    write_tiny(tmp_path, n_positions=8)
    with pytest.raises((ContextLengthError, OptionError), match="context of 8"):
        gpt2.translate(gpt2.load(tmp_path), "Fox.", examples=[("a", "b")])
