"""What commands print as a table fits 80 columns, and --json has its numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gpt2.cli import gpt2
from gpt2.cli.tables import WIDTH
from tests.tiny import write_tiny

COMMANDS = [
    ["scaling", "--paper"],
    ["plan", "gpt2", "--device", "a100", "--nodes", "2"],
    ["plan", "6x384", "--device", "a100"],
    ["quantize", "MODEL", "--dtype", "int8", "--dtype", "int4", "--tokens", "64"],
    ["info", "MODEL"],
    ["verify"],
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_tiny(folder)
    return folder


def call(*arguments: str) -> str:
    done = CliRunner().invoke(gpt2, arguments)
    assert done.exit_code == 0, done.output + str(done.exception)
    return done.stdout


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from numbers(inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_tables_fit_80_columns(command: list[str], model: Path) -> None:
    shown = call(*(str(model) if word == "MODEL" else word for word in command))
    lines = shown.splitlines()[:-1]  # the last is a command to copy, or a sentence on all
    assert not [line for line in lines if len(line) > WIDTH and str(model) not in line]


@pytest.mark.parametrize("command", COMMANDS[:-1], ids=" ".join)
def test_json_has_the_numbers(command: list[str], model: Path) -> None:
    shown = call(*(str(model) if word == "MODEL" else word for word in command), "--json")
    parts = shown.splitlines() if command[0] == "quantize" else [shown]  # a line a precision
    assert all(len(list(numbers(json.loads(part)))) > 3 for part in parts)
