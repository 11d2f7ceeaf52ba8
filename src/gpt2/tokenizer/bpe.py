"""Byte-level byte-pair encoding, to read: the definition that the fast path is tested against.

A text becomes tokens in three steps.

1. Split it into words with a pattern, so that no token ever spans two words (Radford et al. 2019,
   "Language Models are Unsupervised Multitask Learners", section 2.2).
2. Write each word as its UTF-8 bytes. There are 256 of them, so no text is ever unknown.
3. Merge neighbours, the pair learned first before all others, until no learned pair is left
   (Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units", 3.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate, pairwise
from math import inf
from typing import TypeVar

import regex

from gpt2.errors import TokenizerError
from gpt2.tokenizer.signs import settled

Pair = tuple[bytes, bytes]
T = TypeVar("T", str, bytes)

END_OF_TEXT = "<|endoftext|>"

# A contraction; letters; numbers; other signs, each with one space before it if there is one; and
# white space, of which the last sign is left to the word that follows.
SPLIT = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
_SPLIT = regex.compile(SPLIT)


def split(text: str) -> list[str]:
    """The words of a text; joined they are the text again."""
    known = settled(text)
    words: list[str] = _SPLIT.findall(known)
    if known == text:
        return words
    ends = list(accumulate(map(len, words)))  # the same cuts, in the text itself
    return [text[start:end] for start, end in pairwise([0, *ends])]


def well_formed(text: str) -> str:
    """The text as Unicode allows it: surrogate pairs joined, a lone one replaced by U+FFFD."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        # UTF-16 writes such a pair as it writes the character itself
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@cache
def byte_to_unicode() -> dict[int, str]:
    """The printable character that stands for each byte in GPT-2's vocabulary files.

    Bytes that print stand for themselves; the other 68, in order, are U+0100 and on, so that a
    space (32) is written 'Ġ'. The order of this mapping is the order of GPT-2's first 256 ids.
    """
    # 173 is the soft hyphen, which does not print
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    table = {byte: chr(byte) for byte in printable}
    return table | {byte: chr(256 + n) for n, byte in enumerate(others)}


@cache
def _latin() -> dict[int, str | int]:
    """The inverse of `byte_to_unicode` for `str.translate`; other signs below 256 have no byte."""
    none: dict[int, str | int] = dict.fromkeys(range(256), 0xFFFD)  # which latin-1 refuses
    return none | {ord(sign): byte for byte, sign in byte_to_unicode().items()}


def to_signs(token: bytes) -> str:
    """A token as the vocabulary files write it."""
    table = byte_to_unicode()
    return "".join(table[byte] for byte in token)


def to_bytes(signs: str) -> bytes:
    """The bytes of a token as written in the vocabulary files.

    Raises `TokenizerError` for a character that stands for no byte.
    """
    try:
        return signs.translate(_latin()).encode("latin-1")  # whose signs are the bytes 0 to 255
    except UnicodeEncodeError as error:
        sign = signs[error.start]
        raise TokenizerError(
            f"the token {signs!r} is not byte-level: {sign!r} stands for no byte."
        ) from None


def merge_word(word: bytes, ranks: dict[Pair, int], steps: list[Pair] | None = None) -> list[bytes]:
    """Merge the bytes of one word: the pair of lowest rank first, the leftmost of equals.

    The pairs merged are appended to ``steps``.
    """
    return merge_parts([bytes([byte]) for byte in word], ranks, steps)


def merge_parts(
    parts: list[T], ranks: dict[tuple[T, T], int], steps: list[tuple[T, T]] | None = None
) -> list[T]:
    """The same for parts in either spelling: bytes, or the signs of the vocabulary files."""
    while len(parts) > 1:
        # a pair that was never learned has rank inf; of equal ranks min takes the lowest position
        rank, at = min((ranks.get(pair, inf), at) for at, pair in enumerate(pairwise(parts)))
        if rank == inf:  # nothing left that was learned
            break
        if steps is not None:
            steps.append((parts[at], parts[at + 1]))
        parts[at : at + 2] = [parts[at] + parts[at + 1]]  # "l", "o" -> "lo"
    return parts


class BPE:
    """The slow twin: encodes as the definition above reads, in time quadratic in a word's length.

    Args:
        vocab: token -> id.
        merges: the pairs in the order they were learned.
    """

    def __init__(self, vocab: dict[bytes, int], merges: Sequence[Pair]) -> None:
        self.vocab = vocab
        self.tokens = {i: token for token, i in vocab.items()}  # id -> bytes
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}

    def encode(self, text: str) -> list[int]:
        """The ids of a text, in which nothing is special."""
        # all merges stay inside a word, so words are encoded one by one
        words = split(well_formed(text))
        return [self.vocab[t] for word in words for t in merge_word(word.encode(), self.ranks)]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; bytes that are no UTF-8 become U+FFFD."""
        # joined first: a character's bytes may lie in several tokens
        return b"".join(self.tokens[i] for i in ids).decode(errors="replace")
