"""Runs a learner's file and compares the results of its function with the right ones."""

from __future__ import annotations

import copy
import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gpt2.errors import InputError
from gpt2.files import read_text
from gpt2.learn.exercise import Exercise, Mistake

CLOSE = 1e-6  # tolerance of a comparison, relative and absolute
Function = Callable[..., Any]


@dataclass(frozen=True)
class Verdict:
    """The result of a check: whether the answer is right, the recognised mistake, and a hint."""

    right: bool
    mistake: str | None  # the name of the typical mistake, if recognised
    message: str


class _FailedError(Exception):
    """The learner's function raised an error or cannot be judged; the message explains it."""


def check(exercise: Exercise, path: str | os.PathLike[str]) -> Verdict:
    """Run a file and compare its function with the reference, on every case of the exercise.

    The file is a program that runs with all permissions of this process.

    Raises:
        MissingFileError: the file does not exist.
        InputError: the file is not valid Python, fails while it is loaded, or lacks the function.
    """
    return judge(exercise, load(exercise, Path(path)), str(path))


def load(exercise: Exercise, path: Path) -> Function:
    """Load the learner's function from their file."""
    source = read_text(path)
    space: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    try:
        exec(compile(source, str(path), "exec"), space)
    except SyntaxError as error:
        raise InputError(
            f"{path}, line {error.lineno}, is not valid Python: {error.msg}."
        ) from None
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{path} fails before it defines its function: {_describe(error, path)}"
        ) from None
    function = space.get(exercise.name)
    if not callable(function):
        raise InputError(
            f"{path} has no function {exercise.name!r}: create a file that has it with gpt2 learn "
            f"start {exercise.number} -o FILE."
        )
    return function


def judge(exercise: Exercise, function: Function, path: str = "the answer") -> Verdict:
    """Compare a function with the right one and with the named mistakes."""
    try:
        results = [_call(function, case, path) for case in exercise.cases()]
    except NotImplementedError:
        return Verdict(False, None, f"{exercise.name} is not yet implemented in {path}.")
    except _FailedError as error:
        return Verdict(False, None, str(error))
    wanted = [exercise.right(*case) for case in exercise.cases()]
    faults = [fault(*pair) for pair in zip(results, wanted, strict=True)]
    if not any(faults):
        return Verdict(True, None, f"right: all {len(wanted)} cases agree with the reference.")
    mistake = recognise(exercise, results)
    if mistake is not None:
        return Verdict(False, mistake.name, f"{mistake.name}: {mistake.hint}.")
    at, what = next((at, what) for at, what in enumerate(faults) if what)
    return Verdict(
        False, None,
        f"not right yet, and not a typical mistake. Case {at + 1} of {len(wanted)}: {what}.",
    )  # fmt: skip


def recognise(exercise: Exercise, results: list[Any]) -> Mistake | None:
    """The mistake that gives the same results, or None."""
    for mistake in exercise.mistakes:
        try:
            given = [mistake.function(*case) for case in exercise.cases()]
        except (ValueError, IndexError):  # the mistake is impossible with these shapes
            continue
        if not any(fault(*pair) for pair in zip(results, given, strict=True)):
            return mistake
    return None


def fault(result: Any, wanted: Any) -> str | None:
    """How a result differs from the expected one, in words; None if it does not."""
    if result is None:
        return "the function returns None: end it with return"
    if isinstance(wanted, list):
        try:
            same = isinstance(result, (list, tuple, np.ndarray)) and [*result] == wanted
        except (TypeError, ValueError):  # an array without elements, or of arrays
            same = False
        return None if same else f"the result is {_short(result)} and should be {_short(wanted)}"
    try:
        numbers = np.asarray(result, float)
    except (TypeError, ValueError, OverflowError):
        return f"the result is {_short(result)} and should be numbers"
    shape = np.shape(wanted)
    if numbers.shape != shape:
        return f"the result has the shape {list(numbers.shape)} and should have {list(shape)}"
    far = ~np.isclose(numbers, wanted, rtol=CLOSE, atol=CLOSE)
    if not far.any():
        return None
    place = tuple(int(i) for i in np.argwhere(far)[0])
    where = f"[{', '.join(map(str, place))}]" if place else ""
    many = f"; {far.sum()} of {far.size} numbers differ" if far.size > 1 else ""
    number, right = float(numbers[place]), float(np.asarray(wanted)[place])
    return f"result{where} is {number:.6g} and should be {right:.6g}{many}"


def _call(function: Function, case: tuple[Any, ...], path: str) -> Any:
    """The function's result for a case; `_FailedError` reports what it raised, and where."""
    given = [copy.deepcopy(value) if not callable(value) else value for value in case]
    try:
        with np.errstate(all="ignore"):
            return function(*given)
    except NotImplementedError:
        raise
    except (Exception, SystemExit) as error:
        raise _FailedError(f"the function raised {_describe(error, Path(path))}") from None


def _describe(error: BaseException, path: Path) -> str:
    """An error message with the line of the learner's file that raised it."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    where = f" in line {lines[-1]} of {path}" if lines else ""
    return f"{type(error).__name__}{where}: {error}"


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
