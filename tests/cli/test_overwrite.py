"""A model or vocabulary is not written where something is, unless that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gpt2.cli import gpt2
from gpt2.errors import OptionError
from tests.tiny import write_tiny


def call(*arguments: object) -> Result:
    return CliRunner().invoke(gpt2, [str(argument) for argument in arguments])


@pytest.mark.parametrize("command", ["quantize", "convert", "tokenizer-train"])
def test_a_folder_that_holds_something_needs_overwrite(command: str, tmp_path: Path) -> None:
    model, text, place = tmp_path / "model", tmp_path / "a.txt", tmp_path / "out"
    write_tiny(model)
    text.write_text("a text of some words, and a few more.\n" * 50, encoding="utf-8")
    asked = {
        "quantize": ["quantize", model, "--tokens", 0],
        "convert": ["convert", model],
        "tokenizer-train": ["tokenizer-train", text, "--vocab-size", 270],
    }[command]
    place.mkdir()
    assert call(*asked, "-o", place).exit_code == 0  # empty
    (place / "notes.txt").write_text("mine")
    before = {path: path.read_bytes() for path in place.iterdir()}
    refused = call(*asked, "-o", place)
    assert isinstance(refused.exception, OptionError)
    assert "already contains files: choose another name, or use --overwrite" in str(
        refused.exception
    )
    assert {path: path.read_bytes() for path in place.iterdir()} == before
    assert call(*asked, "-o", place, "--overwrite").exit_code == 0
    assert (place / "notes.txt").read_text() == "mine"


def test_a_file_that_is_there_needs_overwrite(tmp_path: Path) -> None:
    model, file = tmp_path / "model", tmp_path / "a.gguf"
    write_tiny(model)
    file.write_bytes(b"mine")
    assert "already exists" in str(call("convert", model, "-o", file).exception)
    assert file.read_bytes() == b"mine"


def test_a_file_beside_another_models_files_needs_overwrite(tmp_path: Path) -> None:
    model, place = tmp_path / "model", tmp_path / "other"
    write_tiny(model)
    place.mkdir()
    for name in ("vocab.json", "chat_template.jinja", "generation_config.json"):
        (place / name).write_text("{}")
        refused = call("convert", model, "-o", place / "a.pt")
        assert isinstance(refused.exception, OptionError)
        assert f"contains {name}, which would be overwritten or read with a.pt" in str(
            refused.exception
        )
        assert [path.name for path in place.iterdir()] == [name]
        (place / name).unlink()
    (place / "config.json").write_text("{}")  # nanoGPT's file has its own
    assert call("convert", model, "-o", place / "a.pt").exit_code == 0
    assert call("convert", model, "-o", place / "b.pt").exit_code == 1
    assert call("convert", model, "-o", place / "b.pt", "--overwrite").exit_code == 0
    assert call("convert", model, "-o", place / "b.gguf").exit_code == 0  # complete in itself
