"""A single declaration for each option.

A field of an options dataclass (``GenerationConfig``, ``TrainingConfig``) holds its help text, its
bounds and its off value. Validation, the command line and the table in the documentation are all
derived from that field; nothing about an option is written twice.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

from gpt2.errors import OptionError, nearest

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Option:
    """The metadata of one option other than its name, type and default."""

    help: str
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None  # exclusive lower bound
    below: float | None = None  # exclusive upper bound
    choices: tuple[Any, ...] | None = None
    off: Any = None  # the value at which the option has no effect
    cli: bool = True  # shown on the command line
    blank: bool = False  # a string that may be empty
    flag: bool = False  # a one-time switch: the command line has no --no-... form
    unset: str = ""  # the default in words, if the field's default is None


def option(default: T, help: str, **facts: Any) -> T:
    """Declare a field of an options dataclass. The default must be immutable; ``facts`` are the
    fields of `Option`."""
    field: T = dataclasses.field(default=default, metadata={"option": Option(help, **facts)})
    return field


def spec_of(field: dataclasses.Field[Any]) -> Option:
    """The `Option` of a field."""
    return typing.cast(Option, field.metadata["option"])


def check_names(cls: type, names: Iterable[str]) -> None:
    """Raise `OptionError` for the first name that is not a field of ``cls``, with a suggestion."""
    known = [f.name for f in dataclasses.fields(cls)]
    for name in names:
        if name not in known:
            near = nearest(name, known)
            hint = f" Did you mean {near!r}?" if near else ""
            raise OptionError(f"{cls.__name__} has no option {name!r}.{hint}")


def fields_of(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """The subset of the values that are fields of ``cls``."""
    return {f.name: values[f.name] for f in dataclasses.fields(cls) if f.name in values}


class Checked:
    """An options dataclass that is validated when it is created. Raises `OptionError`."""

    def __post_init__(self) -> None:
        validate(self)


def validate(options: Any) -> None:
    """Check every field of an options dataclass: its type, bounds and choices.

    Raises `OptionError` with the option, the value and the allowed values.
    """
    hints = _type_hints(options.__class__)
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if value is None and type(None) in typing.get_args(hints[field.name]):
            continue
        _check(field.name, value, hints[field.name], spec_of(field))


def _check(name: str, value: Any, hint: Any, spec: Option) -> None:
    if not is_a(value, hint):
        raise OptionError(f"{name} must be {describe(hint)}, found {value!r}.")
    if spec.choices is not None and value not in spec.choices:
        raise OptionError(f"{name} must be one of {list(spec.choices)}, found {value!r}.")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low = spec.minimum is not None and not value >= spec.minimum
        if (
            low
            or (spec.above is not None and not value > spec.above)
            or (spec.maximum is not None and not value <= spec.maximum)
            or (spec.below is not None and not value < spec.below)
        ):
            raise OptionError(f"{name} must be {bounds(spec)}, found {value!r}.")
        if math.isnan(value):
            raise OptionError(f"{name} must be a number, found nan.")


def bounds(spec: Option) -> str:
    """The allowed interval in words: 'at least 0 and at most 1'."""
    parts = []
    if spec.minimum is not None:
        parts.append(f"at least {spec.minimum}")
    if spec.above is not None:
        parts.append(f"above {spec.above}")
    if spec.maximum is not None:
        parts.append(f"at most {spec.maximum}")
    if spec.below is not None:
        parts.append(f"below {spec.below}")
    return " and ".join(parts)


def describe(hint: Any) -> str:
    """Describe a type in words for users."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return " or ".join(describe(a) for a in typing.get_args(hint) if a is not type(None))
    words = {int: "an integer", float: "a number", bool: "True or False", str: "a string"}
    if hint in words:
        return words[hint]
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(repr(a) for a in typing.get_args(hint))
    if typing.get_origin(hint) in (list, tuple):
        of = _plural(typing.get_args(hint)[0])
        return f"a list of {of}" if of else "a list"
    return "a mapping" if typing.get_origin(hint) in (dict, Mapping) else str(hint)


def _plural(hint: Any) -> str:
    """The items of a list in words; empty if they may have any type."""
    words = {int: "integers", float: "numbers", str: "strings"}
    if typing.get_origin(hint) is list:
        of = _plural(typing.get_args(hint)[0])
        return f"lists of {of}" if of else "lists"
    return words.get(hint, "")


def is_a(value: Any, hint: Any) -> bool:
    """Whether a value has a type, by the rules for options and files: a bool is not a number."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return True
    if origin in (typing.Union, types.UnionType):
        return any(is_a(value, a) for a in args)
    if origin is typing.Literal:
        return any(value == a and type(value) is type(a) for a in args)
    if origin is list:
        return isinstance(value, (list, tuple)) and all(is_a(v, args[0]) for v in value)
    if origin is dict:
        return isinstance(value, Mapping)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


@cache
def _type_hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def markdown_table(cls: type) -> str:
    """The table of a dataclass's options for the documentation: name, default, bounds, help."""
    lines = ["| option | default | allowed | what it does |", "|---|---|---|---|"]
    for field in dataclasses.fields(cls):
        spec = spec_of(field)
        hint = _type_hints(cls)[field.name]
        allowed = ", ".join(part for part in (describe(hint), bounds(spec)) if part)
        default = spec.unset if field.default is None else f"`{field.default!r}`"
        lines.append(f"| `{field.name}` | {default} | {allowed} | {spec.help} |")
    return "\n".join(lines) + "\n"
