from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpt2.tokenizer import GPT2Tokenizer
from tests.examples import some

FAST = settings(max_examples=some(400), suppress_health_check=list(HealthCheck), deadline=None)


@FAST
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_text_never_shows_half_a_character(small: GPT2Tokenizer, text: str) -> None:
    decoder, shown = small.stream_decoder(), ""
    for token in small.encode(text):
        shown += decoder.push(token)
        assert text.startswith(shown)
    assert shown + decoder.flush() == text


@FAST
@given(ids=st.lists(st.integers(0, 258), max_size=20), skip=st.booleans())
def test_any_ids_give_what_decode_gives(small: GPT2Tokenizer, ids: list[int], skip: bool) -> None:
    decoder = small.stream_decoder(skip)
    for _ in range(2):  # it starts anew after flush
        shown = "".join(map(decoder.push, ids)) + decoder.flush()
        assert shown == small.decode(ids, skip_special_tokens=skip)
