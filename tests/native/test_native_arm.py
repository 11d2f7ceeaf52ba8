"""The core on another processor: built for 64-bit ARM and run in an emulator.

Needs a cross compiler and qemu's user mode (Debian: ``g++-aarch64-linux-gnu qemu-user``); without
them these tests are skipped. ``pytest -m slow tests/native/test_native_arm.py`` runs them; the
builds stay below ``build/``.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gpt2.native.library import PATH
from tests.conftest import ROOT
from tests.native.models import kernels_here
from tests.native.test_native_sanitized import run

TOOLS = ("cmake", "aarch64-linux-gnu-g++", "qemu-aarch64")
MISSING = [tool for tool in TOOLS if not shutil.which(tool)]
CROSS = (
    "-DCMAKE_SYSTEM_NAME=Linux",
    "-DCMAKE_SYSTEM_PROCESSOR=aarch64",
    "-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++",
    "-DCMAKE_EXE_LINKER_FLAGS=-static",
)
# Emulated processors with and without the dot product of bytes, and what is best on them.
BEST = {"neoverse-n1": "neon", "cortex-a72": "neon_base"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]


def build(name: str, *targets: str, options: tuple[str, ...] = ()) -> Path:
    """A folder with the targets built for ARM."""
    folder = ROOT / "build" / f"test-{name}"
    done = run("cmake", "-S", ROOT, "-B", folder, *CROSS, *options)
    assert done.returncode == 0, done.stderr
    done = run("cmake", "--build", folder, "-j", 2, "--target", *targets)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def arm() -> Path:
    return build("aarch64", "core_test", "fingerprints")


def emulate(processor: str, *command: object) -> str:
    done = run("qemu-aarch64", "-cpu", processor, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fingerprints(text: str) -> tuple[str, dict[tuple[str, ...], str]]:
    """The best kernels; (kernels, weights, keys and values) -> hash."""
    best, *lines = (line.split() for line in text.splitlines())
    return best[1], {(table, dtype, kv): found for table, dtype, _, kv, found in lines}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], str]:
    """What this processor computes: the same program around the library that Python uses."""
    program = tmp_path_factory.mktemp("native") / "fingerprints"
    compiler = os.environ.get("CXX", "c++")
    source = ROOT / "tests/native/fingerprints.cc"
    flags = ("-std=c++17", "-I", ROOT / "csrc", f"-Wl,-rpath,{PATH.parent}")
    done = run(compiler, *flags, source, PATH, "-o", program)
    assert done.returncode == 0, done.stderr
    done = run(program)
    assert done.returncode == 0, done.stderr
    _, found = fingerprints(done.stdout)
    assert {table for table, *_ in found} == set(kernels_here())
    return found


@pytest.mark.parametrize("processor", BEST)
def test_the_same_bits_as_here(arm: Path, here: dict[tuple[str, ...], str], processor: str) -> None:
    best, there = fingerprints(emulate(processor, arm / "fingerprints"))
    assert best == BEST[processor]
    assert {table for table, *_ in there} == {"generic", "neon_base", best}
    fuses = {table for table, *_ in here} - {"generic"}
    for (table, dtype, kv), found in there.items():
        whole = dtype in ("int8", "int4")
        for other in {"generic", *fuses} if whole else fuses:  # see Floats in kernels.h
            assert found == here[other, dtype, kv], (table, other, dtype, kv)


@pytest.mark.parametrize("part", ["kernels", "model", "damage", "choosing", "logprob", "team"])
def test_the_cores_own_tests(arm: Path, part: str) -> None:
    said = emulate("neoverse-n1", arm / "core_test", part)
    assert f"{part}: good" in said
    if part == "kernels":
        assert "kernels: neon\n" in said


def test_without_threads(arm: Path) -> None:
    alone = build("aarch64-no-threads", "fingerprints", options=("-DGPT2_USE_THREADS=OFF",))
    with_threads, without = (
        fingerprints(emulate("neoverse-n1", folder / "fingerprints")) for folder in (arm, alone)
    )
    assert with_threads == without
