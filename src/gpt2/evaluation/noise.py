"""Noise as it enters real input: typing errors, lost characters, lost case. Seeded.

A rate is the share of letters that are touched. The same text, kind, rate and seed give the same
text on every machine, and a higher rate touches the letters a lower one does and more.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable

from gpt2.errors import OptionError

RATES = (0.0, 0.05, 0.1, 0.2)
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _near(letter: str, draw: float) -> str:
    """A neighbour on a QWERTY keyboard; letters that are not on it stay."""
    low = letter.lower()
    for row, keys in enumerate(_KEYBOARD):
        if low in keys:
            at = keys.index(low)
            places = [(row, at - 1), (row, at + 1), (row - 1, at), (row + 1, at)]
            beside = [
                _KEYBOARD[r][i] for r, i in places if 0 <= r < 3 and 0 <= i < len(_KEYBOARD[r])
            ]
            found = beside[int(draw * len(beside))]
            return found.upper() if letter.isupper() else found
    return letter


KINDS: dict[str, Callable[[str, float], str]] = {
    "typos": _near,  # the key beside it
    "case": lambda letter, _: letter.swapcase(),
    "drop": lambda *_: "",
}


def noisy(text: str, kind: str, rate: float, seed: int = 0) -> str:
    """The text with a share of its letters changed.

    Args:
        text: any; only letters are touched.
        kind: ``typos``, ``case`` or ``drop``.
        rate: the share, 0..1.
        seed: with the text it decides which letters.
    """
    if kind not in KINDS or not 0 <= rate <= 1:
        raise OptionError(f"noise is {', '.join(KINDS)} at 0..1, found {kind!r} at {rate}.")
    digest = hashlib.sha256(f"{seed} {kind} {text}".encode()).digest()
    draws = random.Random(int.from_bytes(digest[:8], "big"))
    change, out = KINDS[kind], []
    for letter in text:
        chosen, how = draws.random(), draws.random()
        touched = letter.isalpha() and chosen < rate
        out.append(change(letter, how) if touched else letter)
    return "".join(out)
