"""One table of what is a letter: that of the fast library, for the readable definition too.

`regex` and `tiktoken` bring their own Unicode tables, of different years. Signs that Unicode had
in 2002 are the same in both; of a newer one tiktoken is asked.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

# Stand for a sign of their class: a letter, a number, neither.
LETTER, NUMBER, OTHER = "\u00aa", "\u00b2", "\u00a7"


def settled(text: str) -> str:
    """The text, of the same length, with an old sign of its class for each newer sign."""
    return text if text.isascii() else text.translate(_TABLE)


class _Table(dict[int, int]):
    """Code point -> the sign that stands for it, worked out when first met."""

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
    """Encodings that see nothing but letters, or nothing but numbers."""
    import tiktoken  # here, for most texts do without

    ranks = {bytes([byte]): byte for byte in range(256)}
    kinds = {LETTER: r"\p{L}", NUMBER: r"\p{N}"}
    return {
        kind: tiktoken.Encoding(kind, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        for kind, pattern in kinds.items()
    }
