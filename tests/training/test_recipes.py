"""The recipes' commands are ours: every option they use is there."""

from __future__ import annotations

import importlib
import re
import shlex

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
