"""Writes the tables of letters and numbers for the tokenizer of the page.

``python tools/signs.py``. A browser's own ``\\p{L}`` depends on its Unicode version; these tables
are what `gpt2.tokenizer` uses.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

import regex

from gpt2.tokenizer.signs import replace_newer

OUTPUT = Path(__file__).resolve().parents[1] / "src/gpt2/explain/web/signs.js"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
HEAD = """\
// Which characters are letters and which are numbers, written by tools/signs.py: the lengths of the
// runs that are not and that are, in turns, from U+0000 on, in base 36.

"""
TAIL = """
function bounds(lengths) {
  let end = 0;
  return Uint32Array.from(lengths.split(' '), (length) => (end += parseInt(length, 36)));
}

const LETTERS = bounds(LETTER_RUNS), NUMBERS = bounds(NUMBER_RUNS);

// The character is in a matching run if an odd number of bounds are at or before it.
function inRuns(bounds, sign) {
  const point = sign.codePointAt(0);
  let low = 0, high = bounds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bounds[middle] <= point) low = middle + 1;
    else high = middle;
  }
  return low % 2 === 1;
}

export const isLetter = (sign) => inRuns(LETTERS, sign);
export const isNumber = (sign) => inRuns(NUMBERS, sign);
"""


def base36(number: int) -> str:
    """The number in the notation of JavaScript's parseInt(text, 36)."""
    high, low = divmod(number, 36)
    return (base36(high) if high else "") + DIGITS[low]


def runs(pattern: str) -> str:
    """Alternating lengths of non-matching and matching runs, up to the last matching one."""
    member = regex.compile(pattern)
    points = (chr(point) if not 0xD800 <= point < 0xE000 else "\ufffd" for point in range(0x110000))
    matches = (bool(member.match(replace_newer(sign))) for sign in points)
    lengths = [(is_in, sum(1 for _ in run)) for is_in, run in groupby(matches)]
    assert not lengths[0][0]
    assert not lengths[-1][0]
    return " ".join(base36(length) for _, length in lengths[:-1])


def module() -> str:
    """The text of signs.js."""
    named = {"LETTER_RUNS": runs(r"\p{L}"), "NUMBER_RUNS": runs(r"\p{N}")}
    lines = [f"const {name} =\n  '{text}';\n" for name, text in named.items()]
    return HEAD + "".join(lines) + TAIL


if __name__ == "__main__":
    OUTPUT.write_text(module(), "utf-8")
    sys.stdout.write(f"{OUTPUT}: {OUTPUT.stat().st_size} bytes\n")
