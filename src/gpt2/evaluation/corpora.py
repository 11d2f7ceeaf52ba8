"""Language modelling sets in pieces: texts, and the published units that they stand for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpt2.evaluation.benchmark import Measure, Row, Subject, corpus
from gpt2.evaluation.readers import read_tail

TAIL = 5_000_000  # bytes: the test part of enwik8 and text8
BYTES = 100_000  # of a piece of these


@dataclass(frozen=True)
class Piece:
    """A text, and how many published words, bytes or characters it stands for."""

    text: str
    units: int


def words(published: str) -> int:
    """Words and line ends: what a published perplexity counts, an end of line being a token."""
    return len(published.split()) + published.count("\n")


def tail(path: Path) -> list[Piece]:
    """The last 5,000,000 bytes of a file, in pieces."""
    text, _ = read_tail(path, TAIL)
    parts = [text[at : at + BYTES] for at in range(0, len(text), BYTES)]
    return [Piece(part, len(part.encode())) for part in parts]


def judge(subject: Subject, examples: Sequence[Piece]) -> list[dict[str, Any]]:
    """The logarithm of each piece's probability, and its units."""
    texts = [subject.ids(piece.text) for piece in examples]
    found = subject.scorer.rolling(texts, stride=subject.stride)
    return [
        {"logprob": rolling.logprob, "units": piece.units, "tokens_read": rolling.tokens}
        for rolling, piece in zip(found, examples, strict=True)
    ]


def per_word(how: str, near: str) -> Measure:
    """Perplexity of a published word."""
    return _measure("ppl", "perplexity", f"{how}; per published word and line end", math.exp, near)


def per_unit(how: str, near: str, unit: str) -> Measure:
    """Bits of a byte or a character."""
    title = f"bits a {unit}"
    return _measure("bits", title, how, lambda nats: nats / math.log(2), near)


def _measure(name: str, title: str, how: str, of: Callable[[float], float], near: str) -> Measure:
    def value(rows: Sequence[Row]) -> float:
        return of(-sum(row["logprob"] for row in rows) / sum(row["units"] for row in rows))

    keys = ["logprob", "units"]
    return corpus(name, title, how, keys, value, better="lower", near=near, rolling=True)


def lines(published: str, count: int) -> list[str]:
    """A corpus without articles in parts of so many lines, each with its line ends."""
    every = published.splitlines(keepends=True)
    return ["".join(every[at : at + count]) for at in range(0, len(every), count)]
