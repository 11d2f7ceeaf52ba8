"""Command-line options derived from an options dataclass; no option is written a second time."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from gpt2.options import Option, bounds, spec_of

DEFAULT_MODEL = "gpt2-mini"  # it comes with the package
F = TypeVar("F", bound=Callable[..., Any])


def options_of(
    cls: type,
    defaults: Mapping[str, Any] | None = None,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> Callable[[F], F]:
    """A decorator that adds an option for each field of ``cls`` that is meant for the command line.

    An option that was not said arrives as None, so that the dataclass's default holds.

    Args:
        cls: an options dataclass.
        defaults: values the command sets itself; shown in the help as the default.
        aliases: further spellings, such as ``{"num_return_sequences": ["-n"]}``.
    """
    hints = typing.get_type_hints(cls)
    own, names = defaults or {}, aliases or {}

    def decorate(function: F) -> F:
        for field in reversed(dataclasses.fields(cls)):
            spec = spec_of(field)
            if spec.cli:
                default = own.get(field.name, field.default)
                more = names.get(field.name, ())
                function = _option(field.name, hints[field.name], spec, default, more)(function)
        return function

    return decorate


def said(values: Mapping[str, Any]) -> dict[str, Any]:
    """The options the user gave: without those that are None or an empty list."""
    listed = {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}
    return {name: v for name, v in listed.items() if v is not None and v != []}


def _option(
    name: str, hint: Any, spec: Option, default: Any, aliases: Sequence[str]
) -> Callable[[F], F]:
    kind, many = _click_type(hint, spec)
    flag = "--" + name.replace("_", "-")
    if spec.flag:
        return click.option(flag, name, is_flag=True, help=spec.help)
    spelling = f"{flag}/--no-{flag[2:]}" if kind is click.BOOL else flag
    return click.option(
        *aliases,
        spelling,
        name,
        type=None if kind is click.BOOL else kind,
        default=None,
        multiple=many,
        help=_help(spec, default, kind),
    )


def _click_type(hint: Any, spec: Option) -> tuple[Any, bool]:
    """The click type of an annotation, and whether the option may be repeated."""
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    parts = [p for p in (typing.get_args(hint) if union else (hint,)) if p is not type(None)]
    many = str in parts and any(typing.get_origin(p) is list for p in parts)
    first = parts[0]
    if typing.get_origin(first) is typing.Literal:
        return click.Choice([str(choice) for choice in typing.get_args(first)]), many
    simple = {int: click.INT, float: click.FLOAT, bool: click.BOOL, str: click.STRING}
    if spec.choices is not None:
        return click.Choice([str(choice) for choice in spec.choices]), many
    return simple[first], many


def _help(spec: Option, default: Any, kind: Any) -> str:
    notes = [] if kind is click.BOOL else [bounds(spec)]
    if default is not None and default != () and not (kind is click.BOOL and default is False):
        shown = {True: "yes", False: "no"}[default] if isinstance(default, bool) else default
        notes.append(f"default {shown}")
    said_notes = ", ".join(note for note in notes if note)
    return f"{spec.help} ({said_notes})" if said_notes else spec.help
