"""The walks of docs/architecture.md: each file's function is reached from the file before it."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCE = ROOT / "src" / "gpt2"
MOST = {"gpt2 generate": 5, "gpt2 train": 6}  # Python files


def walk(command: str) -> list[tuple[str, str]]:
    """The rows (file, function) of a command's table."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    table = re.search(rf"^\| `{command}` \| enters by \|\n\|[-|]+\n((?:\|.*\n)+)", text, re.M)
    assert table, f"no walk of {command}"
    return re.findall(r"`([^`]+)` \| `(\w+)` \|", table[1])


def reached(path: Path, function: str) -> set[str]:
    """The names that a function mentions, and those of the functions of its file among them."""
    tree = ast.parse(path.read_text("utf-8"))
    bodies = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert function in bodies, f"{path} has no function {function}"
    names, new = set[str](), {function}
    while new:
        inner = [node for name in new & set(bodies) for node in ast.walk(bodies[name])]
        mentioned = {n.attr for n in inner if isinstance(n, ast.Attribute)}
        mentioned |= {n.id for n in inner if isinstance(n, ast.Name)}
        new = mentioned - names
        names |= mentioned
    return names


@pytest.mark.parametrize("command", MOST)
def test_each_file_leads_to_the_next(command: str) -> None:
    rows = walk(command)
    files = [file for file, _ in rows if file.endswith(".py")]
    assert 3 < len(files) <= MOST[command]
    for (file, function), (_, following) in pairwise(rows):
        assert following in reached(SOURCE / file, function), f"{file}: no way to {following}"
    file, function = rows[-1]
    end = (SOURCE if file.endswith(".py") else ROOT) / file
    assert re.search(rf"\b{function}\(", end.read_text("utf-8"))


def test_a_way_that_is_not_there_is_seen() -> None:
    names = reached(SOURCE / "cli/generate.py", "command")
    assert {"stream", "_stream"} <= names
    assert not {"gpt2_extend_top", "update"} & names
