"""Checks of the values in a tokenizer's files; the errors name the location."""

from __future__ import annotations

from typing import Any

from gpt2.errors import TokenizerError, show


def check_object(value: Any, where: str) -> dict[str, Any]:
    """Return the value if it is an object. Raises `TokenizerError`."""
    if not isinstance(value, dict):
        raise TokenizerError(f"{where} must be an object, found {show(value)}.")
    return value


def check_list(value: Any, where: str) -> list[Any]:
    """Return the value if it is a list. Raises `TokenizerError`."""
    if not isinstance(value, list):
        raise TokenizerError(f"{where} must be a list, found {show(value)}.")
    return value


def check_id(value: Any) -> int:
    """Check an id of a file. Raises `ValueError`."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 32:
        raise ValueError(value)
    return value


def read_id(value: Any, where: str) -> int:
    """Read an id of a file. Raises `TokenizerError` with the location."""
    try:
        return check_id(value)
    except ValueError:
        raise TokenizerError(
            f"{where}: an id must be an integer from 0 to 2^32 - 1, found {show(value)}."
        ) from None
