"""Defines a word: letters and digits with their marks, or a single character in scripts without
spaces."""

from __future__ import annotations

import regex

# Chinese, Japanese, Thai, Lao, Khmer, Burmese; the marks that lengthen kana belong to them.
ALONE = r"\p{Han}\p{Hiragana}\p{Katakana}\u30fc\uff70\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
# Vowel signs and accents are not words; Unicode counts a Thai and a Lao one among the letters.
_MARKS = r"\p{M}\u0e33\u0eb3\u200c\u200d"
RUN = rf"[[\p{{L}}\p{{N}}]--[{ALONE}]][[\p{{L}}\p{{N}}{_MARKS}]--[{ALONE}--\p{{M}}]]*"
CHARACTER = rf"[[{ALONE}]--[{_MARKS}]][{_MARKS}]*"
WORD = regex.compile(f"{CHARACTER}|{RUN}", regex.V1)


def words(text: str) -> list[str]:
    """The words of a text; in scripts without spaces each character, with its marks, is a word."""
    return WORD.findall(text)
