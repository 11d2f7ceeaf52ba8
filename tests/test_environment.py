"""tools/environment.sh names what a bare machine lacks, before anything is downloaded."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT


def set_up(path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it with nothing but ``path`` to find programs in."""
    script = [shutil.which("sh") or "/bin/sh", str(ROOT / "tools" / "environment.sh")]
    return subprocess.run(
        [*script, "never-made", ".", "nothing"],
        env={"PATH": str(path), **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder of programs with a shell's few and no Python and no compiler."""
    for name in ("dirname", "cat", "cksum"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    return tmp_path


def test_a_missing_python_is_named(bare: Path) -> None:
    done = set_up(bare)
    assert done.returncode == 1
    assert "Python is not installed" in done.stderr
    assert "apt-get install python3" in done.stderr


def test_a_missing_compiler_is_told(bare: Path, tmp_path: Path) -> None:
    """And pip goes on with the one of the ziglang wheel; here it stops before pip."""
    python = tmp_path / "stops"
    python.write_text('#!/bin/sh\n[ "$1" = -c ] || exit 3\n')
    python.chmod(0o755)
    done = set_up(bare, PYTHON=str(python))
    assert done.returncode == 3
    assert "no C++ compiler is installed: the ziglang wheel's builds the core" in done.stderr
    assert "no C++ compiler" not in set_up(bare, PYTHON=str(python), CXX="c++").stderr
    assert not (ROOT / ".venv" / "never-made").exists()
