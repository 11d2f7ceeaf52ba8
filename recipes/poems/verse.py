"""What can be counted of regulated verse: lines, rhyme, the pattern of tones, repeated signs.

A poem of four or eight lines of five or seven signs. Even lines rhyme. In a line the tones of the
second, fourth and sixth sign alternate; the two lines of a couplet are opposed in them; a couplet
begins as the one before it ended. So the tone of the poem's second sign decides all of these.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from recipes.poems.rhymes import LEVEL, OBLIQUE, groups, is_level, tones

OTHER = {LEVEL: OBLIQUE, OBLIQUE: LEVEL}
TURNED = (OBLIQUE, LEVEL, OBLIQUE)
NONE, AS_OBLIQUE = frozenset[str](), frozenset((OBLIQUE,))


class Form(NamedTuple):
    """How many lines, of how many signs each."""

    lines: int
    width: int


FORMS = {
    "五言绝句": Form(4, 5),
    "七言绝句": Form(4, 7),
    "五言律诗": Form(8, 5),
    "七言律诗": Form(8, 7),
}


def verses(text: str) -> list[str]:
    """The lines of verse of a text; two of them stand in one line of print."""
    return [line for line in re.split(r"[，。？！；：、\s]+", text) if line]


def fits(lines: Sequence[str], form: Form) -> bool:
    """Whether there are as many lines as the form has, of as many Chinese signs each."""
    return len(lines) == form.lines and all(
        re.fullmatch(rf"[\u3400-\u9fff]{{{form.width}}}", line) for line in lines
    )


def form_of(text: str) -> str | None:
    """The name of the form that a text has."""
    lines = verses(text)
    return next((name for name, form in FORMS.items() if fits(lines, form)), None)


def rhyme(lines: Sequence[str]) -> frozenset[str]:
    """The groups in which the even lines rhyme: none if a sign stands there twice."""
    last = [line[-1] for line in lines[1::2]]
    if not last or len(set(last)) < len(last):
        return frozenset()
    return frozenset.intersection(*map(groups, last))


def beginnings(line: str) -> frozenset[str]:
    """The tones of the second sign with which a line's even signs alternate."""
    even = [tones(sign) for sign in line[1:-1:2]]
    return _alternating(even) | (_alternating([*even[:-1], AS_OBLIQUE]) if turned(line) else NONE)


def _alternating(even: Sequence[frozenset[str]]) -> frozenset[str]:
    return frozenset(
        tone
        for tone in (LEVEL, OBLIQUE)
        if all((OTHER[tone] if n % 2 else tone) in own for n, own in enumerate(even))
    )


def turned(line: str) -> bool:
    """Whether a line ends oblique, level, oblique: the handbooks' one exception that needs nothing
    else. Its last level sign stands where an oblique one is due."""
    return all(tone in tones(sign) for tone, sign in zip(TURNED, line[-3:], strict=True))


def opposed(first: str, second: str) -> bool:
    """Whether the lines of a couplet alternate, one against the other."""
    return any(OTHER[tone] in beginnings(second) for tone in beginnings(first))


def regulated(lines: Sequence[str]) -> bool:
    """Whether the tones of a whole poem follow from those of its second sign."""
    ways = [beginnings(line) for line in lines]
    return any(
        all((OTHER[tone] if n % 4 in (1, 2) else tone) in way for n, way in enumerate(ways))
        for tone in (LEVEL, OBLIQUE)
    )


def repeated(lines: Sequence[str]) -> float:
    """The part of a poem's signs that stood in it before."""
    signs = "".join(lines)
    return 1 - len(set(signs)) / len(signs) if signs else 0.0


def measured(text: str, form: Form) -> dict[str, Any]:
    """A poem's figures; rhyme and tones count as missed where the form is."""
    lines = verses(text)
    right = fits(lines, form)
    shared = rhyme(lines) if right else frozenset()
    couplets = list(zip(lines[::2], lines[1::2], strict=True)) if right else []
    return {
        "form": right,
        "width": [len(line) == form.width for line in lines] or [False],
        "rhyme": bool(shared),
        "level rhyme": any(map(is_level, shared)),
        "lines": [bool(beginnings(line)) for line in lines] if right else [False] * form.lines,
        "couplets": [opposed(*two) for two in couplets] or [False] * (form.lines // 2),
        "regulated": right and regulated(lines),
        "repeated": repeated(lines),
    }
