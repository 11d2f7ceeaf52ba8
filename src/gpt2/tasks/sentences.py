"""A text as lines and sentences: languages that end a sentence with . ! ? and Chinese.

These few rules stand here instead of a library: those that do better bring a trained model to
download (nltk, spaCy), and none of them keeps wrapped lines, blank lines and Chinese apart the way
a document that is translated needs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Abbreviations with a name or a number after them, so that no sentence ends there.
BEFORE_A_NAME = _set(
    "mr mrs ms mx dr prof st sr fr rev hon gen col maj capt cpt lt sgt cmdr adm gov sen rep pres "
    "messrs mme mlle e.g i.e cf vs viz al mt ft m"
)
BEFORE_A_NUMBER = _set(
    "no nos fig figs eq p pp vol vols ch chap sec art ca approx "
    "jan feb mar apr jun jul aug sept oct nov dec"
)
# Words that begin a sentence after an abbreviation that may end one: "at 5 p.m. The train ...".
STARTERS = _set(
    "the a an he she it they we you i in on at but and so this that these there when if for as "
    "his her its their our my after then"
)
_CLOSING = "\"'”’»)\\]」』）】》"
_END = re.compile(rf"[.!?…]+[{_CLOSING}]*(?=\s|$)|[。！？]+[{_CLOSING}]*|\n[^\S\n]*\n\s*")
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘]+$")
_NEXT_WORD = re.compile(r"[\s\"'“‘(\[]*([^\s\"'”’]*)")
_CJK = re.compile(r"[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
SHORT_LINE = 40  # characters: a line below is a heading, verse or list, not a wrapped one


def spans(text: str) -> list[tuple[int, int]]:
    """The sentences of a text as (start, end) of its characters, white space around them left out.

    A blank line ends a sentence too. What an abbreviation, an initial or a small letter follows
    after a full stop is not an end.
    """
    found, start = [], 0
    for end in _END.finditer(text):
        if _is_end(text, end):
            found.append((start, end.end()))
            start = end.end()
    found.append((start, len(text)))
    return [span for span in (_stripped(text, *s) for s in found) if span[0] < span[1]]


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

    A line's end is kept where the line ends a sentence or is short (headings, verse, lists).
    """
    whole: list[str] = []
    wrapped = False  # whether the line before goes on in this one
    for line in (piece.strip() for piece in text.splitlines()):
        if line and wrapped:
            whole[-1] = join([whole[-1], line])
        else:
            whole.append(line)
        ends = _END.search(line) is not None and _END.split(line)[-1] == ""
        wrapped = len(line) >= SHORT_LINE and not ends
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


def _is_end(text: str, end: re.Match[str]) -> bool:
    sign = end.group()
    if sign[0] in "\n。！？":
        return True
    following = _NEXT_WORD.match(text, end.end())
    word = following.group(1) if following else ""
    if word[:1].islower():  # "Who?" he asked.
        return False
    if sign[0] != "." or len(sign) > 1:
        return True
    before = _LAST_WORD.search(text, max(0, end.start() - 40), end.start())
    last = before.group() if before else ""
    if last.lower() in BEFORE_A_NAME or (last.lower() in BEFORE_A_NUMBER and word[:1].isdigit()):
        return False
    initial = len(last) == 1 and last.isupper() and last != "I"
    dotted = "." in last or last.lower() in ("etc", "inc", "ltd", "co", "corp", "jr")
    return not (initial or dotted) or not word or word.lower() in STARTERS


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
