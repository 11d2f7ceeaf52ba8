"""Chapter 1: the bytes of a word are merged, starting with the pair that was learned first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from gpt2.learn.exercise import Exercise, Mistake
from gpt2.tokenizer.bpe import Pair, merge_parts, merge_word


def merge(word: str, ranks: dict[Pair, int]) -> list[bytes]:
    """The tokens of a word, as a list of bytes.

    Start with the bytes of the word in UTF-8, one part for each byte. ranks maps the pairs of
    neighbours that may be joined, as two bytes objects, to their rank: 0 is the pair that was
    learned first. Join the pair with the lowest rank, the leftmost if several are equal. Repeat
    until no pair of neighbours has a rank.
    """
    return merge_word(word.encode(), ranks)


def _characters(word: str, ranks: dict[Pair, int]) -> list[bytes]:
    return merge_parts([sign.encode() for sign in word], ranks)


def _leftmost(word: str, ranks: dict[Pair, int]) -> list[bytes]:
    parts = [bytes([byte]) for byte in word.encode()]
    while known := [at for at, pair in enumerate(pairwise(parts)) if pair in ranks]:
        at = known[0]
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return parts


def _last_learned(word: str, ranks: dict[Pair, int]) -> list[bytes]:
    return merge(word, {pair: -rank for pair, rank in ranks.items()})


def _once(word: str, ranks: dict[Pair, int]) -> list[bytes]:
    steps: list[Pair] = []
    merge_word(word.encode(), ranks, steps)
    return merge_word(word.encode(), {pair: ranks[pair] for pair in steps[:1]})


def _no_merge(word: str, ranks: dict[Pair, int]) -> list[bytes]:
    return merge(word, {})


LEARNED = (b"e r", b"a n", b"l o", b"w er", b"n e", b"lo w", b"ne w", b"low er", b"\xe4 \xbd",
           b"\xe4\xbd \xa0", b"\xe5 \xa5", b"n d")  # fmt: skip


def _cases() -> Iterator[tuple[Any, ...]]:
    pairs = [tuple(pair.split(b" ")) for pair in LEARNED]
    for word in ("lower", "newer", "low", "new", "你好", "slow你", "x", "and"):
        yield word, {pair: rank for rank, pair in enumerate(pairs)}


EXERCISE = Exercise(
    1, "From bytes to tokens", merge, _cases,
    (
        Mistake("characters instead of bytes", "start with word.encode(): 你 is one character but "
                "three bytes", _characters),
        Mistake("the leftmost pair first", "look at all pairs and join the one with the lowest "
                "rank, wherever it is", _leftmost),
        Mistake("the pair learned last first", "rank 0 was learned first and is joined first",
                _last_learned),
        Mistake("only one merge", "look again after each merge: the new part may form a pair with "
                "a rank", _once),
        Mistake("nothing is merged", "join neighbours as long as a pair of them has a rank",
                _no_merge),
    ),
)  # fmt: skip
