"""Words of many scripts."""

from __future__ import annotations

import pytest

from gpt2.tasks.words import words


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("To be, or NOT to-be: 3rd_x don't", "To be or NOT to be 3rd x don t"),
        ("हिन्दी में लिखा है।", "हिन्दी में लिखा है"),
        ("กำลังน้ำ abcไทย", "กำ ลั ง น้ำ abc ไ ท ย"),
        ("de\u0301ja\u0300 naïve", "de\u0301ja\u0300 naïve"),
        ("Привет, мир", "Привет мир"),
        ("می\u200cخواهم العربيّة", "می\u200cخواهم العربيّة"),
        ("白日,abc黄河。カーテン", "白 日 abc 黄 河 カ ー テ ン"),
        ("한국어 말", "한국어 말"),
        ("\u0e33 \u0301 x", "x"),
    ],
)
def test_words(text: str, want: str) -> None:
    assert words(text) == want.split(" ")
