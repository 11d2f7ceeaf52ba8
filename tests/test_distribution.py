"""What is packed is what git has: a wheel and an sdist, made beside everything that lies about."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT, listed

pytest.importorskip("scikit_build_core", reason="`make test` installs it")

BUILD_FILES = {
    "CMakeLists.txt",
    "LICENSE",
    "README.md",
    "README.zh-CN.md",
    "constraints.txt",
    "pyproject.toml",
    "tools/build_backend.py",
}
LITTER = [  # what builds, tests and people leave in a checkout
    "build/py3-none-linux_x86_64/CMakeFiles/core.dir/csrc/api.cc.o",
    "build/src/gpt2/old.py",
    "dist/src/gpt2/old.py",
    ".venv/run/lib/src/gpt2/cli.py",
    ".venv/run/LICENSE",
    "notes/README.md",
    "src/gpt2/__pycache__/files.cpython-311.pyc",
    "src/gpt2/native/core.so",
    "src/gpt2/native/core.so.1.part",
    "tests/native/__pycache__/check.pyc",
]
HOOK = """
import os, sys
sys.path.insert(0, "tools")
import build_backend
os.environ["CXX"] = "never-run"
print(build_backend.build_{}(sys.argv[1], {{"wheel.cmake": "false"}}))
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git has, with litter."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in listed():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for name in LITTER:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("litter")
    return folder


def build(kind: str, source: Path, into: Path) -> Path:
    """Run the hook that pip runs; nothing is compiled."""
    command = [sys.executable, "-c", HOOK.format(kind), str(into)]
    done = subprocess.run(
        command, cwd=source, capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return into / done.stdout.splitlines()[-1]


def test_a_wheel_is_what_git_has_of_the_package(checkout: Path, tmp_path: Path) -> None:
    assert in_wheel(build("wheel", checkout, tmp_path)) == of_the_package()


def test_an_sdist_is_that_and_what_builds_it(checkout: Path, tmp_path: Path) -> None:
    archive = build("sdist", checkout, tmp_path)
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path)  # our own: Python before 3.11.4 has no filter
    folder = tmp_path / archive.name.removesuffix(".tar.gz")
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    core = {name for name in listed() if name.startswith("csrc/")}
    assert found - {"PKG-INFO"} == {f"src/{name}" for name in of_the_package()} | core | BUILD_FILES
    # and the wheel of an sdist is the wheel of the checkout
    assert in_wheel(build("wheel", folder, tmp_path)) == of_the_package()


def of_the_package() -> set[str]:
    return {name.removeprefix("src/") for name in listed() if name.startswith("src/gpt2/")}


def in_wheel(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_git_ignores_nothing_within_the_package_but_what_is_built() -> None:
    """`build/` in .gitignore would hide a module of that name at any depth."""
    names = ["build/a.py", "dist/a.py", "out/a.py", "benchmarks/a.py", "native/kernels.so.py"]
    paths = [f"src/gpt2/{name}" for name in names]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "--", *paths, "src/gpt2/native/core.so"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["src/gpt2/native/core.so"], done.stderr
