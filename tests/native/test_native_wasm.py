"""The core's sources compile for WebAssembly: 32-bit addresses, one thread, generic kernels.

Needs clang and the headers of a WASI library (Debian: ``clang wasi-libc libc++-dev-wasm32``);
without them the test is skipped. Nothing is linked or run: that library has no exceptions.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.native.test_native_sanitized import run

INCLUDE = Path("/usr/include/wasm32-wasi")
OTHERS = ("avx2", "avx512", "neon")  # of other processors
SOURCES = [p for p in sorted((ROOT / "csrc").glob("*.cc")) if not any(n in p.name for n in OTHERS)]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("clang++") or not (INCLUDE / "c++/v1/vector").exists(),
        reason="no clang with the headers of a WASI library",
    ),
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_compiles(source: Path) -> None:
    libraries = ("-isystem", INCLUDE / "c++/v1", "-isystem", INCLUDE)
    done = run(
        *("clang++", "--target=wasm32-wasi", "-fsyntax-only", "-std=c++17", *libraries),
        *("-DGPT2_THREADS=0", "-fwasm-exceptions", "-ffp-contract=off", source),
    )
    assert done.returncode == 0, done.stderr
