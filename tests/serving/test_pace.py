"""A slice of a prompt takes about as long as a decoding step."""

from __future__ import annotations

import pytest

from gpt2.serving.pace import ALONE, FRESH, LEAST, MOST, TOKENS, Pace


def steps(pace: Pace, token_s: float, step_s: float) -> None:
    for _ in range(60):
        pace.took(8, 0, step_s)
        pace.took(8, 32, step_s + 32 * token_s)


@pytest.mark.parametrize("token_s", [1e-3, 5e-4, 2e-4])
def test_a_slice_is_one_decoding_step_long(token_s: float) -> None:
    pace = Pace()
    steps(pace, token_s, 0.03)
    assert pace.slice(8) == pytest.approx(0.03 / token_s, rel=0.05)
    assert pace.reading_s(1000) == pytest.approx(1000 * token_s, rel=0.01)
    assert pace.slice(0) == min(MOST, round(ALONE / token_s))


def test_it_follows_what_changes() -> None:
    pace = Pace()
    assert pace.slice(0) == 2 * LEAST  # nothing is known
    assert pace.slice(3) == 0  # first what decoding takes
    steps(pace, 1e-3, 0.05)
    before = pace.slice(8)
    steps(pace, 1e-4, 0.01)
    assert pace.slice(8) == pytest.approx(100, rel=0.05)
    assert before == pytest.approx(50, rel=0.05)


def test_slices_have_bounds() -> None:
    pace = Pace()
    steps(pace, 1e-6, 0.5)
    assert pace.slice(8) == MOST - 8
    steps(pace, 1.0, 0.01)
    assert pace.slice(8) == LEAST
    for _ in range(TOKENS):  # a clock that stands still
        pace.took(8, 0, 0.0)
        pace.took(8, 16, 0.0)
    assert pace.slice(MOST) == 1


def test_where_more_wait_than_are_written_more_is_read() -> None:
    pace = Pace()
    steps(pace, 1e-3, 0.03)
    assert pace.slice(8, 1) == pace.slice(8, 3) == 30
    assert pace.slice(8, 5) == 60
    assert pace.slice(2, 30) == MOST - 2


def test_more_rows_do_not_make_reading_look_slow() -> None:
    pace = Pace()
    steps(pace, 1e-3, 0.01)
    for _ in range(FRESH):
        pace.took(30, 30, 0.04 + 0.03)  # decoding takes four times as long by now
    assert pace.slice(0) == pytest.approx(ALONE / 1e-3, rel=0.05)


def test_one_slow_step_changes_nothing() -> None:
    pace = Pace()
    steps(pace, 1e-3, 0.03)
    pace.took(8, 0, 3.0)
    pace.took(8, 32, 3.0)
    assert pace.slice(8) == 30


def test_decoding_alone_is_timed_now_and_then() -> None:
    pace = Pace()
    steps(pace, 1e-3, 0.03)
    pace.took(8, 0, 0.03)
    for _ in range(FRESH):
        assert pace.slice(8) > 0
        pace.took(8, 16, 0.05)
    assert pace.slice(8) == 0
    assert pace.slice(0) > 0
    pace.took(8, 0, 0.03)
    assert pace.slice(8) > 0
