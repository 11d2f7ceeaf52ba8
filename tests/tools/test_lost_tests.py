"""A test that is gone is told, one that moved is looked for where the list says."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools.lost_tests import MOVED, lost, names_at, names_here, read_moves

from tests.conftest import ROOT


def test_a_lost_test_is_told_and_a_moved_one_is_not(tmp_path: Path) -> None:
    def git(*command: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *who, *command], cwd=tmp_path, check=True, capture_output=True)

    tests = tmp_path / "tests"
    tests.mkdir()
    names = ("stays", "moves", "goes", "changes")
    (tests / "test_a.py").write_text("".join(f"def test_{name}(): pass\n" for name in names))
    git("init")
    git("add", ".")
    git("commit", "-m", "a")
    (tests / "test_a.py").write_text("def test_stays(): pass\ndef test_renamed(): pass\n")
    (tests / "test_b.py").write_text("def test_moves(): pass\n")
    moves = {
        "tests/test_a.py::test_moves": "tests/test_b.py::test_moves",
        "tests/test_a.py::test_changes": "tests/test_a.py::test_renamed",
    }
    before = names_at("HEAD", tmp_path)
    assert len(before) == 4
    assert lost(before, names_here(tmp_path), moves) == ["tests/test_a.py::test_goes"]
    elsewhere = lost(before, names_here(tmp_path), {"tests/test_a.py": "tests/test_b.py"})
    assert "tests/test_a.py::test_stays (looked for tests/test_b.py::test_stays)" in elsewhere


def test_what_the_list_names_is_there() -> None:
    moves = read_moves(MOVED.read_text("utf-8"))
    here = names_here()
    assert len(moves) > 20
    for new in moves.values():
        assert new in here if "::" in new else (ROOT / new).is_file(), new
