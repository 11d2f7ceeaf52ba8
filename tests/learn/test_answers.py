"""The exercises: the right answer is accepted, each typical mistake is called by its name, and
whatever else a learner's file holds is told in one sentence."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpt2.errors import InputError, MissingFileError, OptionError
from gpt2.learn import answers
from gpt2.learn.exercise import MODULES, Exercise, Mistake, exercise, exercises
from tests.learn.solutions import SOLUTIONS

ALL = exercises()
MISTAKES = [(one, mistake) for one in ALL for mistake in one.mistakes]


def named(value: object) -> str:
    return str(getattr(value, "name", value))


@pytest.mark.parametrize("one", ALL, ids=named)
def test_the_right_answer_is_accepted(one: Exercise, tmp_path: Path) -> None:
    path = tmp_path / "answer.py"
    path.write_text(SOLUTIONS[one.number], "utf-8")
    verdict = answers.check(one, path)
    assert verdict.right, verdict.message
    assert "cases agree" in verdict.message


@pytest.mark.parametrize("one", ALL, ids=named)
def test_the_formula_as_the_stub_tells_it_is_the_references(one: Exercise) -> None:
    """The solutions are written out in numpy alone: the reference must give the same."""
    assert "gpt2" not in SOLUTIONS[one.number]
    assert len(list(one.cases())) >= 2
    assert len(one.mistakes) >= 5
    assert len({m.name for m in one.mistakes}) == len(one.mistakes)


@pytest.mark.parametrize(("one", "mistake"), MISTAKES, ids=named)
def test_a_mistake_is_called_by_its_name(one: Exercise, mistake: Mistake) -> None:
    verdict = answers.judge(one, mistake.function)
    assert (verdict.right, verdict.mistake) == (False, mistake.name)
    assert verdict.message == f"{mistake.name}: {mistake.hint}."


@pytest.mark.parametrize("one", ALL, ids=named)
def test_the_stub_is_the_function_without_its_body(one: Exercise, tmp_path: Path) -> None:
    stub = one.stub("mine.py")
    function = ast.parse(stub).body[-1]
    assert isinstance(function, ast.FunctionDef)
    assert function.name == one.name
    path = tmp_path / "stub.py"
    path.write_text(stub, "utf-8")
    verdict = answers.check(one, path)
    assert not verdict.right
    assert verdict.message == f"{one.name} is not yet implemented in {path}."


HEAD = exercise(3)
START = "import numpy as np\ndef head(x, w_q, w_k, w_v):\n"
OTHER = {
    "    return": "returns None",
    "    return np.zeros((2, 2))": "has the shape [2, 2] and should have [5, 4]",
    "    return 'attention'": "the result is 'attention' and should be numbers",
    "    return x @ w_q": "result[0, 0] is",
    "    return x @ w_v * 2": "of 20 numbers differ",
    "    return x @ np.zeros((3, 3))": "raised ValueError in line 3 of",
    "    return head(x, w_q, w_k, w_v)": "raised RecursionError in line 3 of",
    "    raise SystemExit(0)": "raised SystemExit in line 3 of",
    "    x *= np.nan; return x @ w_q": "is nan and should be",
}


@pytest.mark.parametrize(("body", "words"), OTHER.items(), ids=OTHER)
def test_other_answers_are_told_what_differs(body: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "answer.py"
    path.write_text(START + body, "utf-8")
    verdict = answers.check(HEAD, path)
    assert not verdict.right
    assert verdict.mistake is None
    assert words in verdict.message


FILES = {
    "def head(x:": "line 1, is not valid Python",
    "x = 1": "has no function 'head'",
    "head = 3": "has no function 'head'",
    "1 / 0": "ZeroDivisionError in line 1",
    "raise SystemExit": "SystemExit in line 1",
    "def head(): pass\0": "null bytes",
}


@pytest.mark.parametrize(("text", "words"), FILES.items(), ids=FILES)
def test_files_without_an_answer(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "answer.py"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=words):
        answers.check(HEAD, path)


def test_no_file_and_no_chapter(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        answers.check(HEAD, tmp_path / "none.py")
    for number in (-1, len(MODULES)):
        with pytest.raises(OptionError, match="the chapters are 0 to 12"):
            exercise(number)


def test_arrays_in_place_of_tokens_are_not_right() -> None:
    def without_argmax(logits: Any, ids: list[int], count: int) -> list[Any]:
        return [*ids, *[logits(ids)[-1]] * count]

    verdict = answers.judge(exercise(0), without_argmax)
    assert not verdict.right
    assert "the result is [3, 1, 4, array([" in verdict.message
    assert "the result is array(5)" in str(answers.fault(np.array(5), [5]))


def test_a_number_too_large_for_a_float_is_not_right() -> None:
    assert "should be numbers" in str(answers.fault([10**400], np.zeros(1)))


def test_an_answer_may_change_what_it_is_given() -> None:
    def embed(ids: list[int], wte: np.ndarray, wpe: np.ndarray) -> np.ndarray:
        x = wte[ids] + wpe[: len(ids)]
        wte *= 0
        ids.clear()
        return x

    assert answers.judge(exercise(2), embed).right
