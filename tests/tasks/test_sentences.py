"""Sentences, lines and parts of a text."""

from __future__ import annotations

import pytest

from gpt2.tasks.sentences import flat, join, lines, parts, sentences, spans


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Mr. Smith met Dr. J. R. Hall. They spoke.", ["Mr. Smith met Dr. J. R. Hall.",
                                                       "They spoke."]),
        ('"Who is it?" he asked. "Yes."', ['"Who is it?" he asked.', '"Yes."']),
        ("It cost $3.50, i.e. too much. So be it.", ["It cost $3.50, i.e. too much.",
                                                     "So be it."]),
        ("See Fig. 3 and p. 12, Jan. 5. No. 5 is alive.", ["See Fig. 3 and p. 12, Jan. 5.",
                                                           "No. 5 is alive."]),
        ("He said no. Then he left at 5 p.m. The end.", ["He said no.", "Then he left at 5 p.m.",
                                                         "The end."]),
        ("The U.S. Army came.", ["The U.S. Army came."]),
        ("It was I. He knew.", ["It was I.", "He knew."]),
        ("Well... he went. Well... He went.", ["Well... he went.", "Well...", "He went."]),
        ("他来了。“你好！”她说。走吧", ["他来了。", "“你好！”", "她说。", "走吧"]),
        ("A title\n\nA line\nthat goes on. 一行\n另一行。", ["A title", "A line that goes on.",
                                                        "一行另一行。"]),
        (" \n ", []),
    ],
)  # fmt: skip
def test_sentences(text: str, want: list[str]) -> None:
    assert sentences(text) == want
    assert [flat(text[a:b]) for a, b in spans(text)] == want


def test_lines_keep_what_a_document_means_and_join_what_was_only_wrapped() -> None:
    document = (
        "Chapter 1\n\n"
        "It was the best of times, it was the worst of\ntimes, it was the age of wisdom, it was "
        "the age\nof foolishness.\nA new line after a sentence.\n\n\n"
        "- bread\n- milk\n"
    )
    assert lines(document) == [
        "Chapter 1", "",
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was "
        "the age of foolishness.", "A new line after a sentence.", "", "", "- bread", "- milk",
    ]  # fmt: skip


def test_nothing_stands_between_chinese_characters() -> None:
    assert join(["好。", "是。", "Yes.", "", "No.", "不。"]) == "好。是。 Yes. No. 不。"


def test_parts_hold_every_piece_in_order_and_no_more_than_they_may() -> None:
    pieces = ["aa", "bbb", "c", "dddd dddd ddd", "eeeeeeeeeee", "f"]
    groups = parts(pieces, len, 5)
    assert all(sum(map(len, group)) <= 5 for group in groups)
    assert "".join(piece for group in groups for piece in group) == "".join(pieces).replace(" ", "")
    assert groups[0] == ["aa", "bbb"]
