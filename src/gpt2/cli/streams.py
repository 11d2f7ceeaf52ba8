"""Handles standard streams that are closed, full, or in a limited encoding."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from gpt2.errors import GPT2Error, InputError


def standard_input() -> bytes:
    """Read all of standard input. Raises `InputError` if it is closed or cannot be read."""
    if sys.stdin is None:
        raise InputError("standard input is closed.")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise InputError(f"standard input cannot be read: {error.strerror}.") from None


def standard_text() -> str:
    """Read standard input as text. Raises `InputError` if it is not UTF-8."""
    return decode(standard_input(), "standard input")


def decode(data: bytes, what: str) -> str:
    """Decode the bytes of a file or standard input. Raises `InputError` if they are not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{what} is not UTF-8 text ({error.reason} at byte {error.start}): convert it to "
            "UTF-8, for example with iconv."
        ) from None


@contextlib.contextmanager
def flushing() -> Iterator[None]:
    """Flush the output of the block, so that a write error is raised here, and only once."""
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
    """Discard buffered output, which Python would otherwise try to write again at exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def surviving() -> Iterator[None]:
    """Ignore failures in the block, such as a full standard error, so the exit code stays."""
    with contextlib.suppress(OSError, ValueError):
        yield


def words(error: BaseException) -> str:
    """An error as one line that says what to do."""
    if isinstance(error, GPT2Error):
        return str(error).replace("\n", "\\n").replace("\r", "\\r")  # a name may contain one
    if isinstance(error, UnicodeEncodeError):
        if "\ud800" <= error.object[error.start] <= "\udfff":  # how Python represents such bytes
            return "an argument, or a name in a file, is not UTF-8."
        return (
            f"the output encoding {error.encoding} cannot represent "
            f"{error.object[error.start]!a}: set PYTHONIOENCODING=utf-8."
        )
    if isinstance(error, MemoryError):
        return "there is not enough memory for this command."
    if isinstance(error, RecursionError):
        return "something in the input is nested too deeply."
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}."
    return f"{type(error).__name__}: {error}"
