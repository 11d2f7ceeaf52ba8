"""Splits a text into lines and sentences, for languages that use . ! ? and for Chinese.

These few rules are used instead of a library: better libraries need a trained model to download
(nltk, spaCy), and none of them distinguishes wrapped lines, blank lines and Chinese in the way that
translating a document needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from gpt2.tasks.sentence_ends import END, is_end

_CJK = re.compile(r"[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_ITEM = re.compile(r"\s*(?:[-*+•·]|\d{1,3}[.)])\s")
SHORT_LINE = 40  # characters: a shorter line is a heading, verse or list item, not wrapped


def spans(text: str) -> list[tuple[int, int]]:
    """The sentences of a text as (start, end) character offsets, without surrounding white space.

    A blank line also ends a sentence. `sentence_ends` distinguishes the end of a sentence from an
    abbreviation.
    """
    places, start = [], 0
    for end in END.finditer(text):
        if is_end(text, end):
            places.append((start, end.end()))
            start = end.end()
    places.append((start, len(text)))
    return [span for span in (_strip(text, *s) for s in places) if span[0] < span[1]]


def sentences(text: str) -> list[str]:
    """The sentences of a text, each on one line."""
    return [flat(text[a:b]) for a, b in spans(text)]


def flat(text: str) -> str:
    """Put a text on one line: line ends become spaces, or nothing between Chinese characters."""
    return join((piece.strip() for piece in text.splitlines()), " ")


def join(pieces: Iterable[str], between: str = " ") -> str:
    """Join the non-empty pieces, with nothing between them if both are Chinese."""
    whole = ""
    for piece in filter(None, pieces):
        tight = not whole or (is_cjk(whole[-1]) and is_cjk(piece[0]))
        whole += piece if tight else between + piece
    return whole


def is_cjk(text: str) -> bool:
    """Whether a text contains a Chinese or Japanese character or full-width sign."""
    return _CJK.search(text) is not None


def lines(text: str) -> list[str]:
    """The lines of a document, with wrapped lines joined; a blank line is ''.

    A line end is kept if the line ends a sentence or is short (headings, verse, lists), or if a
    list item follows. Lines keep their indentation.
    """
    whole: list[str] = []
    wrapped = False  # whether the previous line continues in this one
    for line in (piece.rstrip() for piece in text.splitlines()):
        if line and wrapped and not _ITEM.match(line):
            whole[-1] = join([whole[-1], line.lstrip()])
        else:
            whole.append(line)
        ends = END.search(line) is not None and END.split(line)[-1] == ""
        wrapped = len(line.lstrip()) >= SHORT_LINE and not ends
    return whole


def parts(pieces: Iterable[str], size: Callable[[str], int], most: int) -> list[list[str]]:
    """Group consecutive pieces up to a total ``size`` of ``most``; a longer piece is split."""
    groups: list[list[str]] = []
    room = 0
    for piece in (cut for whole in pieces for cut in _cut(whole, size, most)):
        need = size(piece)
        if not groups or need > room:
            groups.append([])
            room = most
        groups[-1].append(piece)
        room -= need
    return groups


def _cut(piece: str, size: Callable[[str], int], most: int) -> list[str]:
    """Halve a piece at a space near the middle until each part is at most ``most``."""
    if len(piece) < 2 or size(piece) <= most:
        return [piece]
    middle = len(piece) // 2
    space = piece.find(" ", middle)
    at = space if 0 < space < len(piece) - 1 else middle
    return [cut for half in (piece[:at], piece[at:]) for cut in _cut(half.strip(), size, most)]


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
