"""Dataclasses from JSON values, checked for missing fields, unknown fields and types."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Hashable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from gpt2.errors import CorruptFileError
from gpt2.files.reading import read_json_object
from gpt2.options import describe

T = TypeVar("T")
MOST = 1 << 63  # larger than any count, size or step in a file


def record(cls: type[T], value: Any, where: str) -> T:
    """Convert a JSON object to a dataclass, including nested dataclasses and containers.

    Args:
        cls: the dataclass; its ``__post_init__`` may check the values against each other.
        where: the file and the location in it, for error messages.

    Raises `CorruptFileError` with the field, its type and the value found.
    """
    if not isinstance(value, dict):
        raise CorruptFileError(f"{where} must be an object, found {_short(value)}.")
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    if unknown := [name for name in value if name not in fields]:
        raise CorruptFileError(f"{where} has an unknown field {_short(unknown[0])}.")
    hints, values = _hints(typing.cast(Hashable, cls)), {}
    for name, field in fields.items():
        if name in value:
            values[name] = _convert(value[name], hints[name], f"{where}: {name}")
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise CorruptFileError(f"{where} lacks the required field {name!r}.")
    try:
        return cls(**values)
    except CorruptFileError as error:  # the class's own check does not know the location
        raise CorruptFileError(f"{where}: {error}") from None


def read_record(cls: type[T], path: Path, form: str | None = None) -> T:
    """Read a dataclass from a JSON file, whose ``format`` must be ``form`` if that is given.

    Raises what `read_json_object` and `record` do, and `CorruptFileError` for another format.
    """
    content = read_json_object(path)
    if form and content.get("format") != form:
        raise CorruptFileError(
            f"{path} has the format {content.get('format')!r}, but this version reads {form!r}."
        )
    return record(cls, content, str(path))


def _convert(value: Any, hint: Any, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return record(typing.cast(type, hint), value, where)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        (only,) = (arg for arg in args if arg is not type(None))
        return _convert(value, only, where)
    if origin is list and isinstance(value, list):
        return [_convert(item, args[0], f"{where}[{i}]") for i, item in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        return {key: _convert(item, args[1], f"{where}.{key}") for key, item in value.items()}
    if hint is Any or _is_plain(value, hint):
        return value
    raise CorruptFileError(f"{where} must be {describe(hint)}, found {_short(value)}.")


def _is_plain(value: Any, hint: Any) -> bool:
    if hint not in (str, int, float, bool) or isinstance(value, bool) is not (hint is bool):
        return False
    if isinstance(value, int) and hint is not bool and not -MOST <= value < MOST:
        return False
    return isinstance(value, (int, float) if hint is float else hint)


def _short(value: Any) -> str:
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)
