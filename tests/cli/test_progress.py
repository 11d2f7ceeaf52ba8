"""Progress on standard error, as a terminal shows it and as a file takes it."""

from __future__ import annotations

import io
from contextlib import redirect_stderr

import pytest

from gpt2.cli import progress
from gpt2.cli.progress import Progress

ERASED = "\x1b[2K"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock shows: one place."""
    now = [0.0]
    monkeypatch.setattr("gpt2.cli.progress.time.perf_counter", lambda: now[0])
    return now


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


def test_a_terminal_has_one_bar_that_is_gone_at_the_end(clock: list[float]) -> None:
    terminal = Terminal()
    with redirect_stderr(terminal), Progress("reading", unit="texts", total=40) as shown:
        for done in range(1, 40):
            clock[0] = done / 4
            shown.to(done)
            assert bool(terminal.getvalue()) is (clock[0] >= progress.QUIET)
        assert "reading: 30 of 40 texts, 2 s left" in terminal.getvalue()
        assert "━" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[?25h\r\x1b[1A" + ERASED)


def test_one_stage_follows_the_other(clock: list[float]) -> None:
    terminal = Terminal()
    with redirect_stderr(terminal), Progress(unit="texts") as shown:
        for what in ("reading", "merging"):
            begin = clock[0]
            for done in (0, 8):
                clock[0] = begin + done
                shown.stage(what, done, 10)
    assert "reading: 8 of 10" in terminal.getvalue()
    assert "merging: 8 of 10" in terminal.getvalue().split("reading: 8 of 10")[-1]


def test_items_that_have_passed_leave_no_bar(clock: list[float]) -> None:
    terminal = Terminal()
    with redirect_stderr(terminal):
        shown = Progress("reading", unit="characters")
        for _ in shown.over(["abcd", "ef"], len):
            clock[0] += 3
    assert "reading: 4 characters, 1/s" in terminal.getvalue()
    assert shown.bar is None


def test_a_file_gets_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], clock: list[float]
) -> None:
    with Progress("reading", unit="texts") as shown:
        for second in range(25):
            clock[0] = float(second)
            shown.to(second * 2)
    assert capsys.readouterr().err == "reading: 20 texts, 2/s\nreading: 40 texts, 2/s\n"
    with Progress("reading", unit="texts", quiet=True) as shown:
        clock[0] += 60
        shown.to(3)
    assert capsys.readouterr() == ("", "")
