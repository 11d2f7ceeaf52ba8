"""scikit-build-core's hooks for pip, plus a C++ compiler if the machine has none.

The native core is C++. If CXX is not set and neither c++, g++ nor clang++ is found, the build
requires the ``ziglang`` wheel, which contains a complete C++ compiler, and compiles with it. It
also does so if GPT2_GLIBC names a version of the C library, such as 2.17: zig can link against any
version and puts its own C++ library into the core, so the wheel runs on systems with this version
or a newer one.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scikit_build_core import build as core
from scikit_build_core.build import *  # noqa: F403  (the unchanged hooks)

COMPILERS = ("c++", "g++", "clang++")
# By default zig compiles for the host processor, and in debug mode without -O; its C++ library is
# built once for each mode, which takes longest.
SCRIPT = """#!/bin/sh
exec "{zig}" c++ {target} -mcpu=baseline -O3 "$@"
"""


def takes_zig() -> bool:
    """Whether to compile with zig: there is no C++ compiler, or an older glibc is requested.

    On Windows CMake finds the compiler.
    """
    found = os.environ.get("CXX") or next(filter(None, map(shutil.which, COMPILERS)), None)
    return bool(os.environ.get("GPT2_GLIBC")) or (found is None and os.name != "nt")


def target() -> str:
    """The option for the C library that GPT2_GLIBC names; empty for this machine's."""
    glibc = os.environ.get("GPT2_GLIBC")
    return f"-target {platform.machine()}-linux-gnu.{glibc}" if glibc else ""


@contextlib.contextmanager
def compiler(settings: Any) -> Iterator[Any]:
    """Within the block CMake finds a compiler, zig if there is no other; yields the settings.

    CMake records the compiler in its build folder, so zig has a separate folder.
    """
    if not takes_zig():
        yield settings
        return
    import ziglang

    folder = Path(f"build/zig{os.environ.get('GPT2_GLIBC', '')}").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "c++"
    script.write_text(SCRIPT.format(zig=Path(ziglang.__file__).with_name("zig"), target=target()))
    script.chmod(0o755)
    before = os.environ.get("CXX")
    os.environ["CXX"] = str(script)
    try:
        yield {"build-dir": str(folder / "core"), **(settings or {})}
    finally:
        del os.environ["CXX"]
        if before is not None:
            os.environ["CXX"] = before


def _wheels() -> list[str]:
    return ["ziglang>=0.13"] if takes_zig() else []


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    """The requirements of scikit-build-core, plus the compiler."""
    return [*core.get_requires_for_build_wheel(config_settings), *_wheels()]


def get_requires_for_build_editable(config_settings: Any = None) -> list[str]:
    """The requirements of scikit-build-core, plus the compiler."""
    return [*core.get_requires_for_build_editable(config_settings), *_wheels()]


def build_wheel(
    wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None
) -> str:
    """Build with the available compiler."""
    with compiler(config_settings) as settings:
        return core.build_wheel(wheel_directory, settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None
) -> str:
    """Build with the available compiler."""
    with compiler(config_settings) as settings:
        return core.build_editable(wheel_directory, settings, metadata_directory)
