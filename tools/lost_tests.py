"""Finds tests that a revision has and the working tree lacks, by file and function.

``tests/moved.txt`` lists tests that moved or were renamed: a line ``old -> new``, of two files or
of two tests (``file::name``).

    python -m tools.lost_tests 37c4d0f

prints the lost tests, and exits with 1 if there are any.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOVED = ROOT / "tests" / "moved.txt"


def names_of(source: str) -> set[str]:
    """The names of the test functions in a file."""
    nodes = ast.walk(ast.parse(source))
    return {n.name for n in nodes if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")}


def read_moves(text: str) -> dict[str, str]:
    """Parse old file or test -> new one; lines that start with # are comments."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split(" -> ") for line in lines)


def names_at(revision: str, root: Path = ROOT) -> set[str]:
    """``file::name`` of every test in a revision."""
    listed = _git(root, "ls-tree", "-r", "--name-only", revision, "tests").splitlines()
    return _named((file, _git(root, "show", f"{revision}:{file}")) for file in listed
                  if file.endswith(".py"))  # fmt: skip


def names_here(root: Path = ROOT) -> set[str]:
    """``file::name`` of every test in the working tree."""
    paths = sorted((root / "tests").rglob("*.py"))
    return _named((path.relative_to(root).as_posix(), path.read_text("utf-8")) for path in paths)


def lost(before: Iterable[str], now: set[str], moves: dict[str, str]) -> list[str]:
    """The earlier tests that exist neither under their name nor under that in ``moves``."""
    missing = []
    for test in sorted(before):
        file, name = test.split("::")
        there = moves.get(test, f"{moves.get(file, file)}::{name}")
        if there not in now:
            missing.append(f"{test} (looked for {there})" if there != test else test)
    return missing


def _named(files: Iterable[tuple[str, str]]) -> set[str]:
    return {f"{file}::{name}" for file, source in files for name in names_of(source)}


def _git(root: Path, *command: str) -> str:
    done = subprocess.run(["git", *command], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


def main(revision: str) -> int:
    """Print the tests lost since a revision; returns 1 if there are any."""
    before = names_at(revision)
    missing = lost(before, names_here(), read_moves(MOVED.read_text("utf-8")))
    print(*missing, f"{len(before)} tests at {revision}, {len(missing)} lost", sep="\n")
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
