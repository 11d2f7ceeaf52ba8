"""Whether a mark ends a sentence, or stands within one: abbreviations, ordinals, quoted speech."""

from __future__ import annotations

import re


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Abbreviations with a name or a number after them, so that no sentence ends there.
_BEFORE_A_NAME = _set(
    "mr mrs ms mx dr prof st sr fr rev hon gen col maj capt cpt lt sgt cmdr adm gov sen rep pres "
    "messrs mme mlle e.g i.e cf vs viz al mt ft m hr hrn bzw sog vgl d.h z.b u.a mgr"
)
_BEFORE_A_NUMBER = _set(
    "no nos nr fig figs eq p pp s vol vols ch chap sec art ca approx "
    "jan feb mar apr jun jul aug sept oct nov dec janv févr juil okt dez"
)
_AFTER_A_NAME = _set("inc ltd co corp jr llc plc bros")  # a sentence may end there
_BEFORE_A_LETTER = _set(  # "vitamin C." ends a sentence, "Mr. C." does not
    "vitamin vitamins hepatitis plan type grade class group option section part appendix exhibit "
    "category team factor letter level model phase product block gate terminal and or to of than"
)
# Words that begin a sentence after what may end one: "at 5 p.m. The train ...".
_STARTERS = _set(
    "the a an he she it they we you i in on at but and so this that these there when if for as "
    "his her its their our my after then everyone everybody nobody somebody someone anyone no "
    "nothing all many most some few several each both another other others what who why how where "
    "which whose now here however meanwhile still yet while since because although though despite "
    "under with without to of from by not one two before during until once perhaps maybe please "
    "today yesterday tomorrow also even only just again later nevertheless do does did is are was "
    "were can could will would should have has had let "
    "der die das ein eine er sie es wir ihr ich und aber im am auf doch dann "
    "le la les un une il elle ils elles nous vous je on ce cette ces mais et dans pour"
)
# German ordinals: "am 3. Oktober", "im 19. Jahrhundert".
_BEFORE_AN_ORDINAL = _set(
    "am im vom zum zur beim der die das den dem des ein eine einen einem einer eines und bis "
    "jeder jede jeden ihr ihre ihren sein seine seinen"
)
_MONTHS = _set(
    "januar jänner februar märz april mai juni juli august september oktober november dezember"
)
_OPENING = "\"'“”‘’‚„«»‹›(\\[¿¡—–-"
_CLOSING = "\"'”“’‘»«›‹)\\]"  # “ and « close speech in German
_CLOSED = rf"(?:[{_CLOSING}]|[ \u00a0\u202f]+[»›](?!\w))*"  # French: « Qui ? »
_FULL, _FULL_CLOSING = "。！？｡", "\"'”’»)\\]」』）】》〉"
END = re.compile(rf"[.!?…؟۔।॥։]+{_CLOSED}(?=\s|$)|[{_FULL}]+[{_FULL_CLOSING}]*|\n[^\S\n]*\n\s*")
_LAST_WORD = re.compile(r"[^\s(\[\"'“‘«»„]+$")
_WORD_BEFORE = re.compile(r"(\w+)\W+\S+$")
_NEXT_WORD = re.compile(rf"[\s{_OPENING}]*([^\s\"'”’»]*)")
_FIRST_LETTER = re.compile(r"[^\W\d_]")
# Speech goes on, with a verb of saying in the same clause: “谁？”他问。 「誰？」と彼は聞いた。
_SAID = re.compile(
    r"と|って|[^，。！？；：,“「『\n]{0,10}[说說问問道喊叫答嚷喝骂罵][着著了]?[，。！？：:]"
)
_GOES_ON = re.compile(r"\s*(?:[»›](?!\w)|[,;])")


def is_end(text: str, end: re.Match[str]) -> bool:
    """Whether a match of `END` ends a sentence of ``text``."""
    sign = end.group()
    if sign[0] == "\n":
        return True
    if sign[0] in _FULL:
        return sign[-1] in _FULL or _SAID.match(text, end.end()) is None
    if _GOES_ON.match(text, end.end()):
        return False
    following = _NEXT_WORD.match(text, end.end())
    word = following.group(1) if following else ""
    if word[:1].islower() and (sign != "." or not _without_capitals(text)):
        return False  # "Who?" he asked.
    return sign != "." or not word or _full_stop(text, end.start(), word)


def _full_stop(text: str, at: int, word: str) -> bool:
    """Whether the full stop at ``at``, with ``word`` behind it, is no part of an abbreviation."""
    before = text[max(0, at - 60) : at]
    found = _LAST_WORD.search(before)
    last = found.group() if found else ""
    small = last.lower()
    if small in _BEFORE_A_NAME or (small in _BEFORE_A_NUMBER and word[:1].isdigit()):
        return False
    if last.isdigit():
        return not _ordinal(text, before, last, at, word)
    if len(last) == 1 and last.isalpha() and last != "I":  # an initial
        return _word_before(before) in _BEFORE_A_LETTER or word.lower() in _STARTERS
    abbreviated = "." in last and not last[-1].isdigit()
    return not (abbreviated or small in _AFTER_A_NAME) or word.lower() in _STARTERS


def _ordinal(text: str, before: str, last: str, at: int, word: str) -> bool:
    """Whether a number with a full stop is an ordinal, or the number of a line of a list."""
    if at == len(last) or text[: at - len(last)].isspace():
        return True
    return len(last) <= 2 and (
        word.lower() in _MONTHS or _word_before(before) in _BEFORE_AN_ORDINAL
    )


def _word_before(before: str) -> str:
    found = _WORD_BEFORE.search(before)
    return found.group(1).lower() if found else ""


def _without_capitals(text: str) -> bool:
    """Whether it is written so: sentences begin with small letters, its first one too."""
    first = _FIRST_LETTER.search(text)
    return first is not None and first.group().islower()
