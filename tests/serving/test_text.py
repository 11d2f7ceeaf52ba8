"""Text while it is written: half characters, stop strings, where tokens begin."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("starlette")

from gpt2.serving.text import Text
from tests.examples import some
from tests.tiny import END, tiny_tokenizer

TOKENIZER = tiny_tokenizer()
FOX = TOKENIZER.encode_more("狐狸")  # several tokens, each part of a character, or both at once


def bytes_of(text: str) -> list[int]:
    """A token for each byte."""
    single = {TOKENIZER.token_bytes(i): i for i in reversed(range(256))}
    return [single[bytes([b])] for b in text.encode()]


def run(ids: list[int], stops: Any = (), **options: Any) -> tuple[str, list[str], list[int]]:
    """The whole text, its pieces with the last one, and the offsets."""
    text = Text(TOKENIZER, stops=stops, **options)
    pieces, offsets = [], []
    for token in ids:
        piece, offset = text.push(token)
        pieces.append(piece)
        offsets.append(offset)
        if text.stopped:
            break
    return "".join(pieces) + (rest := text.flush()), [*pieces, rest], offsets


def test_a_character_comes_with_its_last_byte() -> None:
    whole, pieces, offsets = run(bytes_of("a狐b"))
    assert whole == "a狐b"
    assert pieces == ["a", "", "", "狐", "b", ""]
    assert offsets == [0, 1, 1, 1, 2]


def test_half_a_character_at_the_end() -> None:
    whole, pieces, _ = run(bytes_of("a狐")[:-1])
    assert whole == "a\ufffd"
    assert pieces[-1] == "\ufffd"


def test_a_stop_string_over_several_tokens_begins_inside_one() -> None:
    ids = TOKENIZER.encode_more("The quick")
    assert len(ids) < len("The quick")
    whole, pieces, offsets = run([*ids, *bytes_of(" brown fox")], ["ick brown"])
    assert whole == "The qu"
    assert "".join(pieces[: len(ids)]) == "The qu"  # what cannot be the stop string is not held
    assert offsets[-1] > len(whole)  # the tokens of the stop string are told all the same


def test_what_began_like_a_stop_string_is_given_back() -> None:
    whole, pieces, _ = run(bytes_of("a fog"), ["fox"])
    assert whole == "a fog"
    assert pieces == ["a", " ", "", "", "fog", ""]
    assert run([*bytes_of("a fo"), END], ["fox"])[0] == "a fo"  # and at the end of the text


def test_the_stop_string_may_stay() -> None:
    assert run(bytes_of("a fox!"), ["fox"], keep_stop=True)[0] == "a fox"
    assert run(bytes_of("fox"), ["fox"])[0] == ""


def test_the_stop_string_that_ends_first_counts() -> None:
    assert run(bytes_of("abcd"), ["abcd", "bc"])[0] == "a"
    assert run(bytes_of("abc"), ["bc", "abc"])[0] == ""
    assert run(TOKENIZER.encode_more("The"), ["he", "T"])[0] == ""


def until(text: str, stops: list[str]) -> str:
    """What is left of a text whose characters come one by one."""
    for end in range(1, len(text) + 1):
        cuts = [end - len(stop) for stop in stops if text[:end].endswith(stop)]
        if cuts:
            return text[: min(cuts)]
    return text


@settings(max_examples=some(300), deadline=None)
@given(
    st.lists(st.integers(0, END), max_size=24),
    st.lists(st.text("The fox狐\ufffd", min_size=1, max_size=4), max_size=3),
)
def test_whatever_the_tokens_it_is_the_text_to_the_first_stop(
    ids: list[int], stops: list[str]
) -> None:
    whole, _, offsets = run(ids, stops)
    assert whole == until(TOKENIZER.decode(ids, skip_special_tokens=True), stops)
    assert offsets == sorted(offsets)
