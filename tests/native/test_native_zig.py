"""Without a compiler on the machine pip builds the core with the one in the ``ziglang`` wheel.

Needs a package index, or a place where pip finds the wheels of the build; ``pytest -m slow
tests/native/test_native_zig.py`` runs it, in a few minutes. What pip says is in the skip's message.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gpt2.native.library import PATH
from tests.conftest import ROOT

COMPILERS = ("cc", "gcc", "clang", "c++", "g++", "clang++")
TOOLS = ("sh", "uname", "cmake", "ninja")  # the last two come as wheels where they are missing
SOURCES = ("csrc", "tools", "CMakeLists.txt", "pyproject.toml", "README.md", "LICENSE")
# Prints a line for each table of kernels and kind of weights: a hash of a small model's logits.
FINGERPRINTS = """
import hashlib
from gpt2.native import NativeEngine
from tests.native.models import AWKWARD, kernels_here, random_weights
for kernels in kernels_here():
    for dtype in ("fp32", "fp16", "bf16", "int8", "int4"):
        one = NativeEngine(random_weights(AWKWARD), AWKWARD, dtype=dtype, kernels=kernels)
        logits = one.extend(one.new_cache(1), [range(30)], logits="all")
        print(kernels, dtype, hashlib.sha256(logits.tobytes()).hexdigest())
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="on Windows CMake looks for the compiler itself"),
]


def without_compiler(folder: Path) -> dict[str, str]:
    """The variables here, with a PATH that has no compiler."""
    folder.mkdir()
    for tool in TOOLS:
        if found := shutil.which(tool):
            (folder / tool).symlink_to(found)
    variables = {**os.environ, "PATH": str(folder)}
    assert not any(shutil.which(name, path=str(folder)) for name in COMPILERS)
    return {name: value for name, value in variables.items() if name not in ("CC", "CXX")}


def copied_sources(folder: Path) -> Path:
    """What a wheel is made of, away from this checkout's builds."""
    for name in SOURCES:
        take = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        take(ROOT / name, folder / name)
    ignored = shutil.ignore_patterns("__pycache__", "core.so*")
    shutil.copytree(ROOT / "src", folder / "src", ignore=ignored)
    return folder


def build_wheel(tmp_path: Path, variables: dict[str, str], compiler: str) -> Path:
    """The wheel, by a compiler below build/; skips where what the build needs cannot be had."""
    sources = tmp_path / "gpt2"
    sources.mkdir()
    made = subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=False)
    if made.returncode != 0:
        pytest.skip("this Python cannot make an environment with pip")
    pip = [tmp_path / "venv" / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    command = [*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path / "wheels"]
    done = subprocess.run(
        [str(word) for word in [*command, copied_sources(sources)]],
        env=variables,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    said = done.stdout + done.stderr
    if any(line in said for line in ("No matching distribution", "Could not fetch URL")):
        pytest.skip(f"pip finds no ziglang, scikit-build-core, cmake or ninja here: {said[-400:]}")
    assert done.returncode == 0, said
    assert (sources / "build" / compiler / "c++").exists()
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    return wheel


def fingerprints(core: Path) -> list[str]:
    """What the core in this file computes."""
    done = subprocess.run(
        [sys.executable, "-c", FINGERPRINTS],
        env={**os.environ, "GPT2_CORE": str(core), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def core_of(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract("gpt2/native/core.so", folder))


def test_the_core_is_built_and_computes_the_same_bits(tmp_path: Path) -> None:
    core = core_of(build_wheel(tmp_path, without_compiler(tmp_path / "bin"), "zig"), tmp_path)
    found = fingerprints(core)
    assert len(found) >= 5
    assert found == fingerprints(PATH)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_the_core_runs_with_the_glibc_that_is_named(tmp_path: Path) -> None:
    """As `make wheel` builds it: it asks for nothing newer, and for no C++ library."""
    core = core_of(build_wheel(tmp_path, {**os.environ, "GPT2_GLIBC": "2.17"}, "zig2.17"), tmp_path)
    content = core.read_bytes()
    versions = {int(found[1]) for found in re.finditer(rb"GLIBC_2\.(\d+)", content)}
    assert versions
    assert max(versions) <= 17
    assert b"libstdc++" not in content
    assert fingerprints(core) == fingerprints(PATH)
