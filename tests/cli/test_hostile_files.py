"""Files that are none of what a command reads, beside a model that is good: one line, no traceback,
nothing left behind. tests/cli/test_wrong_values.py has the options, tests/cli/test_bench.py what
measures in a process of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gpt2.cli import gpt2 as group
from gpt2.cli.streams import words
from gpt2.errors import GPT2Error
from tests.tiny import TEXT, write_tiny

# Each with the file at the place of FILE; what is written goes to out.
COMMANDS = {
    "finetune": "finetune m FILE -o out --steps 1 --length 8 --batch-size 1",
    "finetune --from a file": "finetune FILE t.txt -o out --steps 1 --length 8",
    "plan": "plan FILE --device h100",
    "evaluate": "evaluate m --on coqa --data FILE -q -o out",
    "evaluate a file": "evaluate FILE --on coqa --data sets -q -o out",
    "verify": "verify m --data FILE",
    "overlap": "overlap FILE t.txt",
    "overlap with a file": "overlap tok FILE",
    "scaling": "scaling FILE",
    "quantize": "quantize FILE -o out -q",
    "quantize --text": "quantize m -o out --rounding nearest --text FILE -q",
    "quantize --calibrate": "quantize m -o out --tokens 0 --calibrate FILE -q",
    "convert": "convert FILE -o out -q",
    "serve": "serve FILE --port 0",
    "serve --api-keys": "serve m --port 0 --api-keys FILE",
}
# What a file like that may be read as: a text, names of sets that are not there, and the like.
READ = {
    "finetune": {"latin"},
    "overlap with a file": {"binary", "latin", "deep.json", "list.json"},
    "quantize --text": {"deep.json", "list.json"},
    "quantize --calibrate": {"deep.json", "list.json"},
    "verify": {"folder"},
    "serve --api-keys": {"deep.json", "list.json"},
}
KINDS = ("nothing", "empty", "binary", "latin", "deep.json", "list.json", "folder", "loop",
         "t.txt/x", "x" * 300, *(("fifo",) if hasattr(os, "mkfifo") else ()))  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    write_tiny(folder / "m")
    (folder / "t.txt").write_text(TEXT * 200, "utf-8")
    (folder / "empty").write_bytes(b"")
    (folder / "binary").write_bytes(bytes(range(256)) * 40)
    (folder / "latin").write_bytes("café naïve ".encode("latin-1") * 50)
    (folder / "deep.json").write_text("[" * 100_000)
    (folder / "list.json").write_text("[1]")
    for name in ("folder", "sets"):
        (folder / name).mkdir()
    (folder / "loop").symlink_to("loop")
    if "fifo" in KINDS:
        os.mkfifo(folder / "fifo")
    turns: dict[str, Any] = {"story": "A cat.", "questions": [], "answers": []}
    (folder / "sets" / "coqa-dev-v1.0.json").write_text(json.dumps({"data": [turns]}))
    asked = ["prepare", folder / "t.txt", "-o", folder / "tok", "--tokenizer", folder / "m", "-q"]
    assert CliRunner().invoke(group, [str(a) for a in asked]).exit_code == 0
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_that_is_none_of_these_is_one_clear_line(
    name: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("GPT2_THREADS", "1")
    before = sorted(place.rglob("*"))
    for kind in KINDS:
        if kind in READ.get(name, ()):
            continue
        asked = [kind if part == "FILE" else part for part in COMMANDS[name].split()]
        done = CliRunner().invoke(group, asked)
        error = done.exception
        if isinstance(error, SystemExit):
            assert done.exit_code in (1, 2), asked
            assert len(done.output.strip().splitlines()[-1]) < 400
        else:
            assert isinstance(error, (GPT2Error, OSError)), (asked, repr(error))
            assert "\n" not in words(error)
            assert len(words(error)) < 700, words(error)
        assert sorted(place.rglob("*")) == before, asked


@pytest.mark.parametrize(
    "asked",
    ["plan 6x384 --device h100 --utilisation 1e-320", "plan 6x384 --device h100 --tokens 1e308T",
     "plan 6x384 --device h100 --gpus 99999999999999999999", "plan 6x384 --price inf",
     "plan 9999999999x1", f"plan {'9' * 5000}x1", "quantize m --shard-size " + "9" * 400,
     "convert m -o out --shard-size " + "9" * 400, "serve m --memory inf", "serve m --slots 1e9",
     "serve m --host " + "x" * 300, "serve m --host nowhere.invalid", "serve m --port 65536",
     "serve m --alias a", "serve m --api-keys /dev/null", "evaluate m --on " + "x" * 300],
    ids=lambda asked: asked[:40],
)  # fmt: skip
def test_a_value_beyond_everything_is_one_clear_line(
    asked: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    before = sorted(place.rglob("*"))
    done = CliRunner().invoke(group, asked.split())
    error = done.exception
    if not isinstance(error, SystemExit):
        assert isinstance(error, GPT2Error), repr(error)
        assert "\n" not in words(error)
        assert len(words(error)) < 700, words(error)
    assert done.exit_code != 0
    assert sorted(place.rglob("*")) == before
