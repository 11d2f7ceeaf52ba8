"""Byte-level byte-pair encoding in readable form: the definition the fast path is tested against.

A text becomes tokens in three steps.

1. Split it into words with a pattern, so that no token ever spans two words (Radford et al. 2019,
   "Language Models are Unsupervised Multitask Learners", section 2.2).
2. Write each word as its UTF-8 bytes. There are 256 of them, so no text is ever unknown.
3. Merge neighbours, always the pair that was learned first, until no learned pair is left
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
from gpt2.tokenizer.signs import replace_newer

Pair = tuple[bytes, bytes]
T = TypeVar("T", str, bytes)

END_OF_TEXT = "<|endoftext|>"

# A contraction; letters; numbers; other characters, each with one preceding space if there is one;
# and whitespace, whose last character is left to the following word.
SPLIT = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
_SPLIT = regex.compile(SPLIT)


def split(text: str) -> list[str]:
    """Split a text into words, which concatenate to the text."""
    known = replace_newer(text)
    words: list[str] = _SPLIT.findall(known)
    if known == text:
        return words
    ends = list(accumulate(map(len, words)))  # the same cuts, in the text itself
    return [text[start:end] for start, end in pairwise([0, *ends])]


def well_formed(text: str) -> str:
    """Make a text valid Unicode: join surrogate pairs, replace lone surrogates by U+FFFD."""
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        # in UTF-16 such a pair and the character itself are the same bytes
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@cache
def byte_to_unicode() -> dict[int, str]:
    """The printable character that represents each byte in GPT-2's vocabulary files.

    Printable bytes represent themselves; the other 68, in order, become U+0100 and up, so that a
    space (32) is written 'Ġ'. The order of this mapping is the order of GPT-2's first 256 ids.
    """
    # 173 is the soft hyphen, which is not printable
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    table = {byte: chr(byte) for byte in printable}
    return table | {byte: chr(256 + n) for n, byte in enumerate(others)}


@cache
def _latin() -> dict[int, str | int]:
    """The inverse of `byte_to_unicode` for `str.translate`; others below 256 are invalid."""
    none: dict[int, str | int] = dict.fromkeys(range(256), 0xFFFD)  # which latin-1 rejects
    return none | {ord(sign): byte for byte, sign in byte_to_unicode().items()}


def to_signs(token: bytes) -> str:
    """A token in the spelling of the vocabulary files."""
    table = byte_to_unicode()
    return "".join(table[byte] for byte in token)


def to_bytes(signs: str) -> bytes:
    """The bytes of a token in the spelling of the vocabulary files.

    Raises `TokenizerError` for a character that represents no byte.
    """
    try:
        return signs.translate(_latin()).encode("latin-1")  # its characters are the bytes 0 to 255
    except UnicodeEncodeError as error:
        sign = signs[error.start]
        raise TokenizerError(
            f"the token {signs!r} is not byte-level: {sign!r} stands for no byte."
        ) from None


def merge_word(word: bytes, ranks: dict[Pair, int], steps: list[Pair] | None = None) -> list[bytes]:
    """Merge the bytes of one word: the pair with the lowest rank first, the leftmost of equals.

    The merged pairs are appended to ``steps``.
    """
    return merge_parts([bytes([byte]) for byte in word], ranks, steps)


def merge_parts(
    parts: list[T], ranks: dict[tuple[T, T], int], steps: list[tuple[T, T]] | None = None
) -> list[T]:
    """Merge parts in either spelling: bytes, or the characters of the vocabulary files."""
    while len(parts) > 1:
        # an unlearned pair has rank inf; among equal ranks min takes the lowest position
        rank, at = min((ranks.get(pair, inf), at) for at, pair in enumerate(pairwise(parts)))
        if rank == inf:  # no learned pair is left
            break
        if steps is not None:
            steps.append((parts[at], parts[at + 1]))
        parts[at : at + 2] = [parts[at] + parts[at + 1]]  # "l", "o" -> "lo"
    return parts


class BPE:
    """The slow reference: follows the definition above, in time quadratic in a word's length.

    Args:
        vocab: token -> id.
        merges: the pairs in the order they were learned.
    """

    def __init__(self, vocab: dict[bytes, int], merges: Sequence[Pair]) -> None:
        self.vocab = vocab
        self.tokens = {i: token for token, i in vocab.items()}  # id -> bytes
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}

    def encode(self, text: str) -> list[int]:
        """Encode a text without special tokens."""
        # all merges stay inside a word, so words are encoded one by one
        words = split(well_formed(text))
        return [self.vocab[t] for word in words for t in merge_word(word.encode(), self.ranks)]

    def decode(self, ids: Iterable[int]) -> str:
        """Decode ids; bytes that are not UTF-8 become U+FFFD."""
        # join first: a character's bytes may be spread over several tokens
        return b"".join(self.tokens[i] for i in ids).decode(errors="replace")
