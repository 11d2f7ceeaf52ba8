"""Without the optional packages a command runs, or ends in one line that names the extra."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gpt2.extras import EXTRAS, install
from tests.warm import WarmPython

ABSENT = sorted(module for modules in EXTRAS.values() for module in modules)
CODE = f"""
import sys
sys.modules.update(dict.fromkeys({ABSENT}))  # as if none of them were installed
from gpt2.cli import main
main()
"""

Run = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def python() -> Iterator[WarmPython]:
    warm = WarmPython("numpy", "click", "rich.console", "regex", "tiktoken")
    yield warm
    warm.close()


@pytest.fixture
def gpt2(python: WarmPython, folder: Path) -> Run:
    code = f"import os\nos.chdir({str(folder)!r})\n{CODE}"
    return lambda line: python.run(code, *line.split(), env=dict(os.environ))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("To be, or not to be, that is the question.\n\n" * 40, "utf-8")
    (tmp_path / "a.html").write_text("<p>To be</p>")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("train a.txt -o run --vocab-size 300 --layers 2 --width 64 --steps 2", "torch"),
        ("finetune gpt2-mini a.txt -o tuned", "torch"),
        ("finetune gpt2-mini a.txt -o tuned --lora", "torch"),
        ("plan 6x384 --measure", "torch"),
        ("convert gpt2-mini -o out --to bin", "torch"),
        ("convert gpt2-mini -o out --to nanogpt", "torch"),
        ("convert gpt2-mini -o out --to gguf", "gguf"),
        ("generate Hi --engine torch", "torch"),
        ("prepare a.html -o data", "data"),
        ("serve", "serve"),
        ("generate Hi --choice a", "structured"),
    ],
)
def test_one_line_names_the_extra(command: str, extra: str, folder: Path, gpt2: Run) -> None:
    before = set(folder.rglob("*"))
    done = gpt2(command)
    assert done.returncode == 1, done.stderr
    *notes, line = done.stderr.splitlines()
    assert line.startswith("gpt2: ")
    assert all(note.startswith("note: ") for note in notes)
    assert install(extra) in line
    assert done.stdout == ""
    left = {path for path in folder.rglob("*") if ".partial" not in path.parts}
    assert left - {folder / "data"} == before  # prepare goes on from data/.partial


@pytest.mark.parametrize("device", ["a100", "here"])
def test_a_plan_needs_no_torch(device: str, gpt2: Run) -> None:
    done = gpt2(f"plan 6x384 --device {device}")
    assert done.returncode == 0, done.stderr
    assert "gpt2 train DATA -o RUN --layers 6 --width 384" in done.stdout
    assert ("without PyTorch" in done.stdout) is (device == "here")
