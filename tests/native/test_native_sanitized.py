"""The core's own tests in C++ (``*_test.cc`` here), built under sanitizers and without threads.

The builds stay below ``build/``: after the first run, of which the kernels under the address
sanitizer alone take ten minutes on a busy machine, only what has changed is compiled.
``pytest -m slow tests/native`` runs them.
"""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.conftest import ROOT
from tests.native.models import kernels_here

# Name of the build -> its CMake options, the parts of core_test it runs (none named: all).
BUILDS = {
    "address": (["-DGPT2_SANITIZE=address,undefined"], []),
    "thread": (["-DGPT2_SANITIZE=thread", "-DGPT2_KERNELS="], ["team", "choosing", "asking"]),
    "no-threads": (["-DGPT2_USE_THREADS=OFF", "-DGPT2_KERNELS="], []),
}


def run(*command: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=3600,  # seconds: to end a hang; a build on a busy machine took 634
    )


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("cmake"), reason="cmake is not installed")
@pytest.mark.parametrize("name", BUILDS)
def test_the_core_is_clean(name: str) -> None:
    options, parts = BUILDS[name]
    vectors = ";".join(k for k in kernels_here() if k != "generic")
    folder = ROOT / "build" / f"test-{name}"
    done = run("cmake", "-S", ROOT, "-B", folder, f"-DGPT2_KERNELS={vectors}", *options)
    assert done.returncode == 0, done.stderr
    done = run("cmake", "--build", folder, "--target", "core_test", "-j", 2)
    if "cannot find" in done.stderr and "san" in done.stderr:
        pytest.skip(f"this compiler came without its sanitizers: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stdout + done.stderr
    done = run(folder / "core_test", *parts, UBSAN_OPTIONS="print_stacktrace=1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "good" in done.stdout
