"""Derives command-line options from an options dataclass, so that none is declared twice."""

from __future__ import annotations

import dataclasses
import functools
import re
import shlex
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from gpt2.cli.places import NAME, Place
from gpt2.errors import OptionError
from gpt2.options import Option, bounds, spec_of
from gpt2.precision import short

DEFAULT_MODEL = "gpt2-mini"  # bundled with the package
F = TypeVar("F", bound=Callable[..., Any])

MODEL_HELP = "Model: a folder, a file, or the name of a bundled or Hugging Face Hub model."
MODEL = click.option(
    "-m", "--model", default=DEFAULT_MODEL, type=NAME, show_default=True, help=MODEL_HELP
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
QUIET = click.option("-q", "--quiet", is_flag=True, help="Suppress progress and notes.")


def model_argument(default: str | None = None, *, required: bool = False) -> Callable[[F], F]:
    """MODEL as an argument, which -m can also set."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def call(model: str | None, named: str | None, **values: Any) -> Any:
            if model is not None and named is not None:
                raise click.UsageError("name the model either as MODEL or with -m, not both.")
            model = model or named or default
            if model is None and required:
                raise click.UsageError("name the model, as MODEL or with -m.")
            return function(model=model, **values)

        option = click.option("-m", "--model", "named", metavar="MODEL", type=NAME, help=MODEL_HELP)
        argument = click.argument("model", required=False, type=NAME)
        return argument(option(call))  # type: ignore[return-value]

    return decorate


def together(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Combine decorators, for options that several commands share."""

    def decorate(function: F) -> F:
        for add in reversed(decorators):
            function = add(function)
        return function

    return decorate


def say(line: str, quiet: bool = False) -> None:
    """Print a line to standard error."""
    if not quiet:
        click.echo(line, err=True)


def next_step(line: str, *paths: object, quiet: bool = False) -> None:
    """Print to standard error the command to run next.

    Each {} in ``line`` stands for one of ``paths``, quoted for the shell.
    """
    say(f"next: {line.format(*map(in_shell, paths))}", quiet)


def in_shell(path: object) -> str:
    """A path or name as one word of a shell command."""
    return shlex.quote(str(path))


DATA = click.option(
    "--data",
    type=Place(exists=True, file_okay=False, remote=True),
    envvar="GPT2_DATA",
    help="Folder with the published or recorded files, at most four folders deep. "
    "[env var: GPT2_DATA]",
)


def data_folder(data: Path | None) -> Path:
    """The data folder: the option or `DATA`; raises `OptionError` if neither is set."""
    if data is None:
        raise OptionError(
            "name the folder with the published files: --data FOLDER, or set GPT2_DATA."
        )
    return data


class Precision(click.Choice):  # type: ignore[type-arg]  # no parameter before click 8.2
    """A choice that accepts every spelling of a number format: float32 is fp32."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Normalise the spelling."""
        return super().convert(short(value) if short(value) in self.choices else value, param, ctx)


def options_of(
    cls: type,
    defaults: Mapping[str, Any] | None = None,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> Callable[[F], F]:
    """A decorator that adds an option for each command-line field of ``cls``.

    An option that is not given is None, so that the default of the dataclass applies.

    Args:
        cls: an options dataclass.
        defaults: defaults of the command itself, which the help shows.
        aliases: additional spellings, such as ``{"num_return_sequences": ["-n"]}``.
    """
    hints = typing.get_type_hints(cls)
    shown, names = defaults or {}, aliases or {}

    def decorate(function: F) -> F:
        for field in reversed(dataclasses.fields(cls)):
            spec = spec_of(field)
            if spec.cli:
                default = shown.get(field.name, field.default)
                more = names.get(field.name, ())
                function = _option(field.name, hints[field.name], spec, default, more)(function)
        return function

    return decorate


def drop_unset(values: Mapping[str, Any]) -> dict[str, Any]:
    """The options that the user gave: without None and empty lists."""
    listed = {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}
    return {name: v for name, v in listed.items() if v is not None and v != []}


def take(cls: type, values: dict[str, Any]) -> dict[str, Any]:
    """Remove the options of ``cls`` from ``values`` and return those that the user gave."""
    names = [field.name for field in dataclasses.fields(cls) if field.name in values]
    return drop_unset({name: values.pop(name) for name in names})


def in_options(message: str) -> str:
    """Reword a library message for the command line: ``long='window'`` becomes --long window."""
    from gpt2.generation.config import GenerationConfig
    from gpt2.loading import LoadOptions

    shown = [field for cls in (GenerationConfig, LoadOptions) for field in dataclasses.fields(cls)]
    names = "|".join(field.name for field in shown if spec_of(field).cli)

    def flag(match: re.Match[str]) -> str:
        name, value = match["name"].replace("_", "-"), match["value"]
        switch = {"True": f"--{name}", "False": f"--no-{name}", None: f"--{name}"}
        return switch.get(value, f"--{name} {value}")

    message = re.sub(rf"(?<![-\w])(?P<name>{names})='?(?P<value>\w+(?:\.\d+)?)'?", flag, message)
    bare = "|".join(name for name in names.split("|") if "_" in name)
    rest = rf"^(?:{names})(?= must )|(?<![-\w])({bare})(?!\w)"
    return re.sub(rest, lambda match: "--" + match[0].replace("_", "-"), message)


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
        help=_help(spec, default, kind, many),
    )


def _click_type(hint: Any, spec: Option) -> tuple[Any, bool]:
    """The click type of an annotation, and whether the option may be repeated."""
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    parts = [p for p in (typing.get_args(hint) if union else (hint,)) if p is not type(None)]
    many = str in parts and any(typing.get_origin(p) is list for p in parts)
    first = parts[0]
    if typing.get_origin(first) is typing.Literal:
        return Precision([str(choice) for choice in typing.get_args(first)]), many
    simple = {
        int: click.INT,
        float: click.FLOAT,
        bool: click.BOOL,
        str: click.STRING if spec.blank else NAME,
    }
    if spec.choices is not None:
        return Precision([str(choice) for choice in spec.choices]), many
    return simple[first], many


def _help(spec: Option, default: Any, kind: Any, many: bool) -> str:
    """The help in click's style: ``[default: 5; at least 1]``."""
    notes = []
    default = default if default is not None else spec.unset or None
    if default is not None and default != () and not (kind is click.BOOL and default is False):
        shown = {True: "yes", False: "no"}[default] if isinstance(default, bool) else default
        shown = repr(shown) if isinstance(shown, str) and shown.isspace() else shown
        notes.append(f"default: {shown}")
    notes += [] if kind is click.BOOL else [bounds(spec)]
    notes += ["repeatable"] if many else []
    shown_notes = "; ".join(note for note in notes if note)
    return f"{spec.help}  [{shown_notes}]" if shown_notes else spec.help
