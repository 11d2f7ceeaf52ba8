"""Every option of every command with values that cannot be: a line, exit code 2, no traceback."""

from __future__ import annotations

import dataclasses
import math
import typing
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from click.types import StringParamType

from gpt2.adapters import LoraConfig
from gpt2.cli import COMMANDS
from gpt2.cli import gpt2 as group
from gpt2.cli.streams import words
from gpt2.data import PrepareConfig
from gpt2.errors import GPT2Error, OptionError
from gpt2.generation.config import GenerationConfig
from gpt2.options import validate
from gpt2.tasks import TASKS
from gpt2.training.config import FinetuneConfig, TrainingConfig
from gpt2.training.planning.new_model import ModelShape
from gpt2.training.planning.plan import PlanConfig, shape_of
from tests.tiny import write_tiny

CLASSES: list[Any] = [
    *(GenerationConfig, TrainingConfig, FinetuneConfig, LoraConfig, PrepareConfig, PlanConfig),
    *(ModelShape, *(task.options for task in TASKS.values())),
]
FIELDS = [(cls, field) for cls in CLASSES for field in dataclasses.fields(cls)]
NUMBERS = ("x", "", "nan", "1e999", "-7", "0x10", "99999999999999999999999999")


def commands() -> list[tuple[str, click.Command]]:
    context = click.Context(group)
    return [(name, typing.cast(Any, group.get_command(context, name))) for name in COMMANDS]


OPTIONS = [
    (name, command, parameter)
    for name, command in commands()
    for parameter in command.params
    if isinstance(parameter, click.Option) and not parameter.is_flag
    and (isinstance(parameter.type, (click.Choice, click.IntRange, click.FloatRange))
         or parameter.type in (click.INT, click.FLOAT))
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "command", "option"), OPTIONS, ids=[f"{n}{o.opts[-1]}" for n, _, o in OPTIONS]
)
def test_a_wrong_value_is_one_clear_line(
    name: str,
    command: click.Command,
    option: click.Option,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What else is asked for is not there either, so a value that can be ends in another line."""
    monkeypatch.setenv("GPT2_THREADS", "1")  # --threads sets it
    nothing = str(tmp_path / "nothing")
    needed = [a for p in command.params for a in _needed(p, nothing)]
    choice = isinstance(option.type, click.Choice)
    for value in ("nonsense",) if choice else NUMBERS:
        asked = [name, *needed, f"{option.opts[-1]}={value}"]
        done = CliRunner().invoke(group, asked, input="text")
        error = done.exception
        assert isinstance(error, (SystemExit, GPT2Error)), (asked, repr(error))
        assert done.exit_code != 0, asked
        if isinstance(error, GPT2Error):
            assert "\n" not in str(error)
        elif choice or value in ("x", "", "0x10"):
            assert done.exit_code == 2, asked
            assert option.opts[-1] in done.output


TEXTS = [
    (name, command, parameter)
    for name, command in commands()
    for parameter in command.params
    if isinstance(parameter, click.Option) and not parameter.is_flag
    and isinstance(parameter.type, (click.Path, StringParamType))
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "command", "option"), TEXTS, ids=[f"{n}{o.opts[-1]}" for n, _, o in TEXTS]
)
def test_a_text_or_a_path_that_cannot_be_is_one_clear_line(
    name: str,
    command: click.Command,
    option: click.Option,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable, value in (("GPT2_THREADS", "1"), ("HF_HUB_OFFLINE", "1")):
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    needed = [a for p in command.params if p is not option for a in _needed(p, "nothing")]
    for value in ("", " ", "a\nb", "\udcff", "x" * 5000, "folder", "loop", "folder/x/y", "~nobody",
                  "/dev/null", "/proc/nothing/x", ",", "狐狸 ñ", "hub:", "--", "%s{}"):  # fmt: skip
        asked = [name, *needed, f"{option.opts[-1]}={value}"]
        done = CliRunner().invoke(group, asked, input="text")
        error = done.exception
        assert error is None or isinstance(error, (SystemExit, GPT2Error, UnicodeEncodeError)), (
            asked,
            repr(error),
        )
        if isinstance(error, GPT2Error):
            assert "\n" not in words(error)


FREE = {"prompt", "text", "title", "question", "points"}  # what is written of may be empty
NAMED = [
    (name, command, parameter)
    for name, command in commands()
    for parameter in command.params
    if isinstance(parameter.type, (click.Path, StringParamType)) and parameter.name not in FREE
]


@pytest.mark.parametrize(("name", "command", "parameter"), NAMED,
                         ids=[f"{n}-{p.name}" for n, _, p in NAMED])  # fmt: skip
def test_an_empty_name_is_not_the_current_folder(
    name: str,
    command: click.Command,
    parameter: click.Parameter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`-o "$UNSET"` wrote there: `Path("")` is ".", which is there, so all went on."""
    monkeypatch.chdir(tmp_path)
    for file in ("model.safetensors", "a.txt"):
        (tmp_path / file).write_text("Once upon a time.\n")
    said = [a for p in command.params if p is not parameter for a in _needed(p, "a.txt")]
    one = [""] if isinstance(parameter, click.Argument) else [f"{parameter.opts[-1]}="]
    before = isinstance(parameter, click.Argument) and parameter is _arguments(command)[0]
    done = CliRunner().invoke(group, [name, *(one + said if before else said + one)])
    assert done.exit_code == 2, done.output
    assert "it is empty" in done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "model.safetensors"]


def _arguments(command: click.Command) -> list[click.Parameter]:
    return [p for p in command.params if isinstance(p, click.Argument)]


def _needed(parameter: click.Parameter, nothing: str) -> list[str]:
    if isinstance(parameter, click.Argument):
        return [nothing]
    if parameter.name in ("model", "tokenizer"):
        return [f"{parameter.opts[-1]}={nothing}"]
    return [f"{parameter.opts[-1]}={nothing}"] if parameter.required else []


@pytest.mark.parametrize(
    ("cls", "field"), FIELDS, ids=[f"{cls.__name__}.{field.name}" for cls, field in FIELDS]
)
def test_a_value_of_another_type_is_refused(cls: Any, field: Any) -> None:
    for value in (object(), math.nan, {"a": 1}, b"bytes"):
        with pytest.raises(OptionError, match=field.name):
            validate(cls(**{field.name: value}))


def test_known_ones() -> None:
    for size in ("6by384", "6*384", "6X384", "6 x 384"):
        with pytest.raises(OptionError, match="write LAYERSxWIDTH, such as 6x384"):
            shape_of(size)
    with pytest.raises(OptionError, match="seed must be"):
        TrainingConfig(seed=2**64)
    assert TrainingConfig(seed=2**64 - 1).seed == 2**64 - 1


@pytest.mark.parametrize("line", ["prepare folder -o loop", "quantize model --dtype int8 -o loop"])
def test_a_link_that_leads_back_to_itself_is_no_place_to_write(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("A text.\n")
    (tmp_path / "loop").symlink_to("loop")
    write_tiny(tmp_path / "model")
    done = CliRunner().invoke(group, line.split())
    assert isinstance(done.exception, GPT2Error), repr(done.exception)
    assert "loop" in str(done.exception)
