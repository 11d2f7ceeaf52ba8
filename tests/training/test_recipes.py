"""The recipes' commands are ours: every option they use is there."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from gpt2.cli import COMMANDS
from tests.conftest import ROOT

PAGES = [*ROOT.glob("recipes/*.md"), ROOT / "docs/reference/finetuning.md",
         ROOT / "docs/reference/planning.md"]  # fmt: skip
LINES = [
    (page.stem, line.strip())
    for page in PAGES
    for line in page.read_text("utf-8").splitlines()
    if re.match(r"\s*(gpt2|torchrun) .*", line)
]


@pytest.mark.parametrize(("page", "line"), LINES, ids=[f"{page}: {ln}" for page, ln in LINES])
def test_a_recipes_command_can_be_parsed(page: str, line: str) -> None:
    words = shlex.split(line)
    words = words[words.index("gpt2") + 1 :]
    name = words[0]
    assert name in COMMANDS, f"there is no gpt2 {name}"
    command = importlib.import_module(f"gpt2.cli.{name.replace('-', '_')}").command
    command.make_context(name, words[1:])


def test_there_are_some() -> None:
    assert len(LINES) > 8


@pytest.fixture
def shakespeare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The recipe as a module, with runs of a few steps."""
    spec = importlib.util.spec_from_file_location("run", ROOT / "recipes/shakespeare/run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for options in (*module.RECIPES.values(), module.PUBLISHED):
        options.update(steps=2, warmup=1, threads=1)
    monkeypatch.setattr(module, "SHAPE", {**module.SHAPE, "n_layer": 1, "n_embd": 32})
    grid = {"steps": [2], "lr": [1e-2]}
    monkeypatch.setattr(module, "GRIDS", dict.fromkeys(module.GRIDS, grid))
    (tmp_path / "text.txt").write_text("To be, or not to be: that is the question.\n" * 60)
    return module


def test_shakespeare_searches_goes_on_and_writes_its_result(
    shakespeare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["run", "--text", tmp_path / "text.txt", "--out", tmp_path / "out", "--seeds", 1,
             "--output", tmp_path]  # fmt: skip
    monkeypatch.setattr(sys, "argv", [str(word) for word in [*asked, "--most", 3]])
    with pytest.raises(SystemExit, match="the same command resumes"):
        shakespeare.main()
    before = (tmp_path / "out" / "runs.jsonl").read_text()
    monkeypatch.setattr(sys, "argv", [str(word) for word in asked])
    shakespeare.main()
    after = (tmp_path / "out" / "runs.jsonl").read_text()
    assert (len(before.splitlines()), len(after.splitlines())) == (1, 3)
    assert after.startswith(before)
    result = json.loads((tmp_path / "shakespeare.json").read_text())
    assert set(result["recipes"]) == {"adamw", "adamw-tuned", "muon"}
    assert [len(one["tried"]) for one in result["search"].values()] == [1, 1]
    assert len(result["recipes"]["muon"]["runs"]) == 1


def test_shakespeare_takes_the_shortest_run_that_reaches_the_goal(shakespeare: Any) -> None:
    runs = [
        {"options": {"steps": steps, "lr": lr}, "loss": loss}
        for steps, lr, loss in [(9, 1.0, 1.9), (9, 2.0, 1.89), (10, 1.0, 1.87), (12, 1.0, 1.8)]
    ]
    assert shakespeare.chosen(runs) == {"steps": 10, "lr": 1.0}
    assert shakespeare.chosen(runs[:2]) == {"steps": 9, "lr": 2.0}
