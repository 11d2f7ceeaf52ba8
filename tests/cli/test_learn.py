"""gpt2 learn: chapters listed, a file written, an answer checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gpt2.cli import gpt2
from gpt2.errors import OptionError
from tests.learn.solutions import SOLUTIONS


def learn(*arguments: str) -> Result:
    return CliRunner().invoke(gpt2, ["learn", *arguments])


def test_the_chapters_are_listed() -> None:
    lines = learn().stdout.splitlines()
    assert len(lines) == 13
    assert lines[3].split() == ["3", "One", "head", "by", "hand", "head()"]
    listed = json.loads(learn("--json").stdout)
    assert listed[12] == {"number": 12, "title": "Size, data, cost", "function": "parameters"}
    assert "runs your file as a program" in " ".join(learn("--help").output.split())
    assert "with all your permissions" in " ".join(learn("check", "--help").output.split())


def test_start_then_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = learn("start", "5")
    assert (run.exit_code, run.stdout) == (0, "chapter_05.py\n")
    assert "gpt2 learn check 5 chapter_05.py" in run.stderr
    run = learn("check", "5")
    assert run.exit_code == 1
    assert run.stdout == "chapter 5: mlp is not yet implemented in chapter_05.py.\n"
    Path("chapter_05.py").write_text(SOLUTIONS[5], "utf-8")
    run = learn("check", "5")
    assert run.exit_code == 0
    assert run.stdout == "chapter 5: right: all 2 cases agree with the reference.\n"
    assert run.stderr == "next: gpt2 learn start 6\n"
    assert learn("check", "5", "-q").stderr == ""


def test_a_mistake_has_a_name_and_a_code(tmp_path: Path) -> None:
    answer = tmp_path / "mine.py"
    answer.write_text(SOLUTIONS[5].replace("+ 0.044715 * h**3", ""), "utf-8")
    run = learn("check", "5", str(answer), "--json")
    assert run.exit_code == 1
    found = json.loads(run.stdout)
    assert (found["chapter"], found["right"], found["mistake"]) == (5, False, "the cube is missing")


def test_what_a_learner_wrote_is_not_replaced(tmp_path: Path) -> None:
    answer = tmp_path / "mine.py"
    answer.write_text("mine", "utf-8")
    run = learn("start", "0", "-o", str(answer))
    assert isinstance(run.exception, OptionError)
    assert answer.read_text("utf-8") == "mine"
    assert isinstance(learn("start", "13").exception, OptionError)
