"""Decides whether a mark ends a sentence: abbreviations, ordinals and quoted speech do not."""

from __future__ import annotations

import re

from gpt2.tasks import abbreviations as known

_OPENING = "\"'“”‘’‚„«»‹›(\\[¿¡—–-"
_CLOSING = "\"'”“’‘»«›‹)\\]"  # “ and « close speech in German
_CLOSED = rf"(?:[{_CLOSING}]|[ \u00a0\u202f]+[»›](?!\w))*"  # French: « Qui ? »
_FULL, _FULL_CLOSING = "。！？｡", "\"'”’»)\\]」』）】》〉"
END = re.compile(rf"[.!?…؟۔।॥։]+{_CLOSED}(?=\s|$)|[{_FULL}]+[{_FULL_CLOSING}]*|\n[^\S\n]*\n\s*")
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘«»„]+$")
_WORD_BEFORE = re.compile(r"(\w+)\W+\S+$")
_NEXT_WORD = re.compile(rf"[\s{_OPENING}]*([^\s\"'”’»]*)")
_UNIT = re.compile(r"\d[ \u00a0\u202f]?[a-z]$")
_FIRST_LETTER = re.compile(r"[^\W\d_]")
# Speech continues with a verb of saying in the same clause: “谁？”他问。 「誰？」と彼は聞いた。
_SAID = re.compile(
    r"と|って|[^，。！？；：,“「『\n]{0,10}[说說问問道喊叫答嚷喝骂罵][着著了]?[，。！？：:]"
)
_TITLE = "》〉"  # 《你好！》是一本书。
_QUOTED = ("と", "って")
_INTRODUCED = re.compile(r"[：:]\s*[“「『\"][^”」』\"]*$")  # the speaker was named before
_GOES_ON = re.compile(r"\s*(?:[»›](?!\w)|[,;])")


def is_end(text: str, end: re.Match[str]) -> bool:
    """Whether a match of `END` ends a sentence of ``text``."""
    sign = end.group()
    if sign[0] == "\n":
        return True
    if sign[0] in _FULL:
        return sign[-1] in _FULL or _is_closed(text, end)
    if _GOES_ON.match(text, end.end()):
        return False
    following = _NEXT_WORD.match(text, end.end())
    word = following.group(1) if following else ""
    if word[:1].islower() and (sign != "." or not _without_capitals(text)):
        return False  # "Who?" he asked.
    return sign != "." or not word or _full_stop(text, end.start(), word)


def _is_closed(text: str, end: re.Match[str]) -> bool:
    """Whether the sentence ends with the quotation, title or bracket that `END` closes."""
    if end.group()[-1] in _TITLE:
        return not text[end.end() : end.end() + 1].strip()
    speech = _SAID.match(text, end.end())
    if speech is None or speech.group() in _QUOTED:
        return speech is None
    return _INTRODUCED.search(text, max(0, end.start() - 300), end.start()) is not None


def _full_stop(text: str, at: int, word: str) -> bool:
    """Whether the full stop at ``at``, followed by ``word``, is not part of an abbreviation."""
    before = text[max(0, at - 60) : at]
    match = _LAST_WORD.search(before)
    last = match.group() if match else ""
    small, starts = last.lower(), word.lower() in known.STARTERS
    if {last, small} & known.BEFORE_A_NAME or word.startswith(known.NO_STARTERS):
        return False
    if _before_a_number(small) and (word[0].isdigit() or word[0] in "§№"):
        return False
    if last.isdigit():
        return not _ordinal(text, before, last, at, word)
    if len(last) == 1 and last.isalpha() and last != "I":  # an initial, or a unit
        return starts or _word_before(before) in known.BEFORE_A_LETTER or _is_unit(before)
    abbreviated = "." in last and not last[-1].isdigit()
    return starts or not (abbreviated or small in known.MAY_END)


def _before_a_number(small: str) -> bool:
    return small in known.BEFORE_A_NUMBER or small.endswith(known.STREET)


def _ordinal(text: str, before: str, last: str, at: int, word: str) -> bool:
    """Whether a number with a full stop is an ordinal or the number of a list item."""
    if at == len(last) or text[: at - len(last)].isspace():
        return True
    return len(last) <= 2 and (
        word.lower() in known.MONTHS or _word_before(before) in known.BEFORE_AN_ORDINAL
    )


def _word_before(before: str) -> str:
    match = _WORD_BEFORE.search(before)
    return match.group(1).lower() if match else ""


def _is_unit(before: str) -> bool:
    """Whether a lower-case Latin letter follows a number: 1.80 m, 5 g."""
    return _UNIT.search(before) is not None


def _without_capitals(text: str) -> bool:
    """Whether the text is written without capitals: its sentences begin with lower-case letters."""
    first = _FIRST_LETTER.search(text)
    return first is not None and first.group().islower()
