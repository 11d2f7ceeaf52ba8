"""One table of character classes: the fast library's, used by the readable definition too.

`regex` and `tiktoken` have Unicode tables of different versions. They agree on the characters that
Unicode had in 2002; for newer ones tiktoken decides.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

# Representatives of the classes: a letter, a number, neither.
LETTER, NUMBER, OTHER = "\u00aa", "\u00b2", "\u00a7"


def replace_newer(text: str) -> str:
    """Replace each newer character by an old one of its class; the length stays the same."""
    return text if text.isascii() else text.translate(_TABLE)


class _Table(dict[int, int]):
    """Code point -> the character that replaces it, computed on first access."""

    def __missing__(self, sign: int) -> int:
        old = unicodedata.ucd_3_2_0.category(chr(sign)) != "Cn"
        self[sign] = sign if old else ord(_class(chr(sign)))
        return self[sign]


_TABLE = _Table()


def _class(sign: str) -> str:
    kinds = (kind for kind, core in _cores().items() if core.encode_ordinary(sign))
    return next(kinds, OTHER)


@cache
def _cores() -> dict[str, Any]:
    """Encodings that match only letters, or only numbers."""
    import tiktoken  # imported here because most texts do not need it

    ranks = {bytes([byte]): byte for byte in range(256)}
    kinds = {LETTER: r"\p{L}", NUMBER: r"\p{N}"}
    return {
        kind: tiktoken.Encoding(kind, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        for kind, pattern in kinds.items()
    }
