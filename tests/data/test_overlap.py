"""What is copied from a corpus, against the plainest search."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from gpt2.data import PrepareConfig, TokenData, overlap, prepare
from gpt2.data.overlap import Copied, texts_of, words_of
from gpt2.errors import OptionError
from gpt2.tokenizer import GPT2Tokenizer


def plainly(text: str, corpus: list[str], n: int) -> tuple[int, int, int]:
    """N-grams, those found, words of the longest match of n or more."""
    words, parts = words_of(text), [words_of(part) for part in corpus]

    def stands(piece: list[str]) -> bool:
        size = len(piece)
        return any(
            part[i : i + size] == piece for part in parts for i in range(len(part) - size + 1)
        )

    grams = [words[i : i + n] for i in range(len(words) - n + 1)]
    longest = max(
        (stop - start for start in range(len(words)) for stop in range(start + n, len(words) + 1)
         if stands(words[start:stop])), default=0,
    )  # fmt: skip
    return len(grams), sum(map(stands, grams)), longest


@pytest.mark.parametrize("n", [1, 2, 4])
def test_it_is_what_the_plain_search_finds(n: int) -> None:
    chance = random.Random(n)
    for _ in range(60):
        letters = "abcde"[: chance.randint(3, 5)]
        corpus = [" ".join(chance.choices(letters, k=chance.randint(0, 40))) for _ in range(3)]
        texts = [" ".join(chance.choices(letters + "x", k=chance.randint(0, 14))) for _ in range(3)]
        expected = [plainly(text, corpus, n) for text in texts]
        found = overlap.overlap(texts, corpus, n)
        assert [(f.ngrams, f.found) for f in found] == [e[:2] for e in expected]
        if n > 1:  # with n 1 a word stands in the texts more than MOST_PLACES times
            assert [f.longest for f in found] == [e[2] for e in expected]


def test_words_are_the_papers_and_characters_where_there_are_no_spaces() -> None:
    assert words_of("To be, or NOT to-be: 3rd_x") == [
        "to",
        "be",
        "or",
        "not",
        "to",
        "be",
        "3rd",
        "x",
    ]
    assert words_of("白日依山尽,abc黄河") == [*"白日依山尽", "abc", *"黄河"]


def test_the_longest_match_is_told() -> None:
    corpus = ["It was the best of times, it was the worst of times.", "It was the age of wisdom"]
    text = "He said it was the worst of times; it was the age of iron"
    [found] = overlap.overlap([text], corpus, 3)
    assert found == Copied(12, 9, 6, "it was the worst of times")
    assert found.share == pytest.approx(9 / 12)
    assert overlap.overlap(["too short"], corpus) == [Copied(0, 0, 0, "")]
    assert overlap.overlap([], corpus) == []
    with pytest.raises(OptionError, match="at least 1 word"):
        overlap.overlap([text], corpus, 0)


def test_a_prepared_corpus(corpus: Path, tokenizer: GPT2Tokenizer, tmp_path: Path) -> None:
    prepare([str(corpus)], tmp_path / "out", tokenizer, PrepareConfig(validation=0.0))
    data = TokenData(tmp_path / "out")
    whole = "".join(path.read_text("utf-8") for path in sorted(corpus.iterdir()))
    assert "".join(texts_of(data)) == whole
    third = (corpus / "03.txt").read_text("utf-8")
    [found] = overlap.overlap([third], texts_of(data))
    assert found.share == 1
    assert found.longest == len(words_of(third))
    assert len("".join(texts_of(data, 100))) < 700


@pytest.mark.parametrize("block", [40, 64, 150])
@pytest.mark.parametrize("text", [
    " ".join(f"fox{n} jumps{n} over{n} a lazy-dog{n}." for n in range(120)),
    "".join(chr(0x4E00 + 37 * n % 2000) for n in range(400)),
    "กำลังเดินน้ำ " * 3 + "".join(chr(0xE01 + n * n * n // 7 % 40) for n in range(300)),
])  # fmt: skip
def test_what_crosses_a_block_is_found(
    tokenizer: GPT2Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, block: int
) -> None:
    (tmp_path / "a.txt").write_text(f"Another one.<|endoftext|>{text}<|endoftext|>And one.")
    prepare([tmp_path / "a.txt"], tmp_path / "out", tokenizer, PrepareConfig(validation=0.0))
    data = TokenData(tmp_path / "out")
    words = words_of(text)
    apart = " " if " " in text[:30] and "fox" in text else ""
    asked = [apart.join(words[start : start + 15]) for start in range(0, len(words) - 15, 15)]
    asked += [apart.join(words), f"{words[-2]} {words[-1]} And one"]
    whole = overlap.overlap(asked, texts_of(data), 3)
    monkeypatch.setattr(overlap, "BLOCK", block)
    assert "".join(texts_of(data)) == f"Another one.{text}And one."
    cut = overlap.overlap(asked, texts_of(data), 3)
    assert cut == whole
    assert all(found.share == 1 and found.longest == 15 for found in cut[:-2])
    assert cut[-2].longest == len(words)
    assert cut[-1].found == 0  # no match crosses from one document into the next
