"""One table of character classes: the fast library's, used by the readable definition too, and by
added tokens, for which Python's own ``strip`` and ``\\w`` differ from the `tokenizers` library.

`regex` and `tiktoken` have Unicode tables of different versions. They agree on the characters that
Unicode had in 2002; for newer ones tiktoken decides.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

# Representatives of the classes: a letter, a number, neither.
LETTER, NUMBER, OTHER = "\u00aa", "\u00b2", "\u00a7"

# Unicode's White_Space; Python's `str.isspace` also has U+001C to U+001F.
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


def replace_newer(text: str) -> str:
    """Replace each newer character by an old one of its class; the length stays the same."""
    return text if text.isascii() else text.translate(_TABLE)


@cache
def is_in_word(sign: str) -> bool:
    """Whether a character is part of a word: a letter, a mark, a digit, a joiner..."""
    if sign.isascii():
        return sign.isalnum() or sign == "_"
    return bool(_core(r"\w").encode_ordinary(sign))


class _Table(dict[int, int]):
    """Code point -> the character that replaces it, computed on first access."""

    def __missing__(self, sign: int) -> int:
        old = unicodedata.ucd_3_2_0.category(chr(sign)) != "Cn"
        self[sign] = sign if old else ord(_class(chr(sign)))
        return self[sign]


_TABLE = _Table()


def _class(sign: str) -> str:
    kinds = {LETTER: r"\p{L}", NUMBER: r"\p{N}"}
    return next((kind for kind, p in kinds.items() if _core(p).encode_ordinary(sign)), OTHER)


@cache
def _core(pattern: str) -> Any:
    """An encoding that matches only the characters of a class."""
    import tiktoken  # imported here because most texts do not need it

    ranks = {bytes([byte]): byte for byte in range(256)}
    return tiktoken.Encoding(pattern, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
