"""A text as lines and sentences: languages that end a sentence with . ! ? and Chinese.

These few rules stand here instead of a library: those that do better bring a trained model to
download (nltk, spaCy), and none of them keeps wrapped lines, blank lines and Chinese apart the way
a document that is translated needs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from gpt2.tasks.sentence_ends import END, is_end

_CJK = re.compile(r"[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_ITEM = re.compile(r"\s*(?:[-*+•·]|\d{1,3}[.)])\s")
SHORT_LINE = 40  # characters: a line below is a heading, verse or list, not a wrapped one


def spans(text: str) -> list[tuple[int, int]]:
    """The sentences of a text as (start, end) of its characters, white space around them left out.

    A blank line ends a sentence too. `sentence_ends` tells the end of one from an abbreviation.
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
    """A text on one line: a line's end is a space, and nothing between two Chinese characters."""
    return join((piece.strip() for piece in text.splitlines()), " ")


def join(pieces: Iterable[str], between: str = " ") -> str:
    """Pieces that are not empty as one text, with nothing between them where both are Chinese."""
    whole = ""
    for piece in filter(None, pieces):
        tight = not whole or (is_cjk(whole[-1]) and is_cjk(piece[0]))
        whole += piece if tight else between + piece
    return whole


def is_cjk(text: str) -> bool:
    """Whether there is a Chinese or Japanese character or full-width sign in a text."""
    return _CJK.search(text) is not None


def lines(text: str) -> list[str]:
    """A document's lines, those that were only wrapped put together; a blank line is ''.

    A line's end is kept where the line ends a sentence or is short (headings, verse, lists), or an
    item of a list follows. A line keeps its indentation.
    """
    whole: list[str] = []
    wrapped = False  # whether the line before goes on in this one
    for line in (piece.rstrip() for piece in text.splitlines()):
        if line and wrapped and not _ITEM.match(line):
            whole[-1] = join([whole[-1], line.lstrip()])
        else:
            whole.append(line)
        ends = END.search(line) is not None and END.split(line)[-1] == ""
        wrapped = len(line.lstrip()) >= SHORT_LINE and not ends
    return whole


def parts(pieces: Iterable[str], size: Callable[[str], int], most: int) -> list[list[str]]:
    """Consecutive pieces in groups of at most ``most`` by ``size``; a longer piece is cut up."""
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
    """A piece in halves, at a space near the middle, until each is at most ``most``."""
    if len(piece) < 2 or size(piece) <= most:
        return [piece]
    middle = len(piece) // 2
    space = piece.find(" ", middle)
    at = space if 0 < space < len(piece) - 1 else middle
    return [cut for half in (piece[:at], piece[at:]) for cut in _cut(half.strip(), size, most)]


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
