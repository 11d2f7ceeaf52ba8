"""A model or vocabulary is not written where something is, unless that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gpt2.checkpoint import read_checkpoint, write_checkpoint
from gpt2.cli import gpt2
from gpt2.errors import OptionError
from gpt2.loading import find_tokenizer
from tests.tiny import random_weights, tiny_config, tiny_tokenizer, write_tiny


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


def test_every_output_file_that_is_there_needs_overwrite(tmp_path: Path) -> None:
    model, text, out = tmp_path / "model", tmp_path / "a.txt", tmp_path / "out"
    write_tiny(model)
    text.write_text("The cat sat.\n")
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "One."}\n{"text": "Two."}\n')
    batch = ["summarize", "-m", model, "--batch", rows, "-q"]
    occupations = ["evaluate", model, "--on", "occupations", "--data", tmp_path, "--limit", 2, "-q"]
    parts = {kind: [tmp_path / f"{kind}-{n}" for n in (1, 2)] for kind in ("rows", "figures")}
    for kind, command in (("rows", batch), ("figures", occupations)):
        for number, part in enumerate(parts[kind], 1):
            assert call(*command, "--shard", f"{number}/2", "-o", part).exit_code == 0
    for command in (
        ["summarize", "-m", model, text],
        ["write", "-m", model, "The cat", "--length", 5],
        ["explain", "-m", model],
        ["compress", "-m", model, text],
        occupations,
        ["merge", *parts["rows"]],
        ["merge", *parts["figures"]],
    ):
        out.write_bytes(b"mine")
        refused = call(*command, "-o", out)
        assert isinstance(refused.exception, OptionError), command
        assert "already exists: choose another name, or use --overwrite" in str(refused.exception)
        assert out.read_bytes() == b"mine"
        assert call(*command, "-o", out, "--overwrite").exit_code == 0, command
        assert out.read_bytes() != b"mine"


def test_a_batch_starts_over_if_that_is_asked_for(tmp_path: Path) -> None:
    model, rows, out = tmp_path / "model", tmp_path / "rows.jsonl", tmp_path / "out"
    write_tiny(model)
    rows.write_text('{"text": "One."}\n')
    batch = ["summarize", "-m", model, "--batch", rows, "-q"]
    assert call(*batch, "-o", out).exit_code == 0
    first = out.read_bytes()
    refused = call(*batch, "--seed", 3, "-o", out)
    assert "or use --overwrite to start over" in str(refused.exception)
    assert out.read_bytes() == first
    assert call(*batch, "--seed", 3, "-o", out, "--overwrite").exit_code == 0
    assert out.read_bytes() != first
    refused = call(*batch, "-o", rows, "--overwrite")
    assert "holds the rows" in str(refused.exception)
    assert rows.read_text() == '{"text": "One."}\n'
    refused = call("write", "A title", "-m", model, "--overwrite")
    assert "--overwrite is only for --output" in str(refused.exception)


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


@pytest.mark.parametrize("command", ["convert", "convert --to nanogpt", "quantize --tokens 0"])
def test_nothing_of_an_old_model_is_left(command: str, tmp_path: Path) -> None:
    model, place = tmp_path / "model", tmp_path / "out"
    config = tiny_config(n_layer=1, eos_token_id=5)
    write_checkpoint(model, config, random_weights(config))  # no tokenizer, no settings
    write_checkpoint(place, tiny_config(), random_weights(tiny_config()), max_shard_size="100KB",
                     generation_config={"eos_token_id": 7}, sidecar={"licence": "MIT"})  # fmt: skip
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["<x>"])
    tokenizer.chat_template = {"default": "{{ messages }}", "tool_use": "{{ tools }}"}
    tokenizer.save_pretrained(place)
    (place / "notes.txt").write_text("mine")
    done = call(*command.split(), model, "-o", place, "--overwrite")
    assert done.exit_code == 0, done.exception
    found = read_checkpoint(place)
    assert found.config.n_layer == 1
    assert found.generation_config is None
    assert "licence" not in found.sidecar
    assert find_tokenizer(place, place) is None
    written = {
        "convert": {"model.safetensors", "config.json"},
        "convert --to nanogpt": {"ckpt.pt"},
        "quantize --tokens 0": {"model.safetensors", "config.json", "gpt2.json"},
    }
    assert {path.name for path in place.iterdir()} == {"notes.txt", *written[command]}


def test_a_model_converted_in_its_own_folder_keeps_its_other_files(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert (
        call("convert", tmp_path, "-o", tmp_path, "--to", "nanogpt", "--overwrite").exit_code == 0
    )
    assert {path: path.read_bytes() for path in before} == before
