"""Standard input, output and error as they may be: closed, full, or in an encoding of little."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from gpt2.errors import GPT2Error, InputError


def standard_input() -> bytes:
    """All of standard input. Raises `InputError` where it is closed or cannot be read."""
    if sys.stdin is None:
        raise InputError("standard input is closed.")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise InputError(f"standard input cannot be read: {error.strerror}.") from None


def standard_text() -> str:
    """Standard input as text. Raises `InputError` where it is no UTF-8."""
    try:
        return standard_input().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"standard input is not UTF-8: {error}.") from error


@contextlib.contextmanager
def flushing() -> Iterator[None]:
    """Let what the block printed arrive, so that an error of it is met here, and once."""
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except OSError:
        _drop_output()
        raise


def _drop_output() -> None:
    """What is still held goes nowhere: at its end Python would try once more to write it."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def surviving() -> Iterator[None]:
    """Let nothing that fails in the block change how the command ends: standard error is full."""
    with contextlib.suppress(OSError, ValueError):
        yield


def words(error: BaseException) -> str:
    """An error in a line, what to do with it."""
    if isinstance(error, GPT2Error):
        return str(error).replace("\n", "\\n").replace("\r", "\\r")  # of a name that holds one
    if isinstance(error, UnicodeEncodeError):
        if "\ud800" <= error.object[error.start] <= "\udfff":  # how Python holds such bytes
            return "an argument, or a name in a file, is not UTF-8."
        return (
            f"the encoding {error.encoding} has no {error.object[error.start]!a}, which is to be "
            "written: set PYTHONIOENCODING=utf-8."
        )
    if isinstance(error, MemoryError):
        return "there is not enough memory for this."
    if isinstance(error, RecursionError):
        return "something in the input nests too deeply."
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}."
    return f"{type(error).__name__}: {error}"
