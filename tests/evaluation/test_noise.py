"""Noise is a function of the text, its rate and its seed, and touches what it says."""

from __future__ import annotations

import pytest

from gpt2.errors import OptionError
from gpt2.evaluation.benchmarks.robustness import KINDS, noisy

TEXT = "The quick brown fox jumps over the lazy dog, 42 times. 狐狸! " * 40


def changed(kind: str, rate: float, seed: int = 0) -> float:
    letters = sum(c.isalpha() for c in TEXT)
    new = noisy(TEXT, kind, rate, seed)
    if kind == "drop":
        return (len(TEXT) - len(new)) / letters
    return sum(a != b for a, b in zip(TEXT, new, strict=True)) / letters


def test_exact() -> None:
    assert noisy("Hello", "case", 1) == "hELLO"
    assert noisy("a 1 b!", "drop", 1) == " 1 !"
    assert noisy("q狐A", "typos", 1)[1] == "狐"
    assert noisy("q" * 9, "typos", 1).strip("wa") == ""
    assert noisy("Z", "typos", 1) in "XA"
    for kind in KINDS:
        assert noisy(TEXT, kind, 0) == TEXT


@pytest.mark.parametrize("kind", KINDS)
def test_the_rate_is_kept_and_the_seed_decides(kind: str) -> None:
    latin = 35 / 37  # ideographs have neither case nor a key
    share = 1.0 if kind == "drop" else latin
    assert changed(kind, 0.2) == pytest.approx(0.2 * share, abs=0.03)
    assert noisy(TEXT, kind, 0.2) == noisy(TEXT, kind, 0.2)
    assert noisy(TEXT, kind, 0.2) != noisy(TEXT, kind, 0.2, seed=1)


def test_more_noise_keeps_the_noise_there_was() -> None:
    few, many = noisy(TEXT, "case", 0.05), noisy(TEXT, "case", 0.2)
    assert all(a == b or b == c for a, b, c in zip(TEXT, few, many, strict=True))


def test_what_is_no_noise() -> None:
    with pytest.raises(OptionError, match="found 'rain'"):
        noisy("a", "rain", 0.1)
    with pytest.raises(OptionError):
        noisy("a", "drop", 1.5)
