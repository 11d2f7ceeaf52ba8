"""scikit-build-core's hooks for pip, and a C++ compiler where the machine has none.

The native core is C++. Where CXX is not set and neither c++, g++ nor clang++ is found, the build
asks for the ``ziglang`` wheel, which holds a whole C++ compiler, and compiles with that. The same
where GPT2_GLIBC names a version of the C library, such as 2.17: zig links against any, and its own
C++ library goes into the core, so the wheel runs on systems that have this version or a newer one.
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
from scikit_build_core.build import *  # noqa: F403  (the hooks that stay as they are)

COMPILERS = ("c++", "g++", "clang++")
# Zig compiles for this very processor if not told otherwise, and in its debug mode without -O; its
# C++ library is built once for each mode, which takes longest.
SCRIPT = """#!/bin/sh
exec "{zig}" c++ {target} -mcpu=baseline -O3 "$@"
"""


def takes_zig() -> bool:
    """Whether zig compiles: the machine has no C++ compiler, or an older glibc is asked for.

    On Windows CMake knows where a compiler is.
    """
    found = os.environ.get("CXX") or next(filter(None, map(shutil.which, COMPILERS)), None)
    return bool(os.environ.get("GPT2_GLIBC")) or (found is None and os.name != "nt")


def target() -> str:
    """The option for the C library that GPT2_GLIBC names; none is for this machine's."""
    glibc = os.environ.get("GPT2_GLIBC")
    return f"-target {platform.machine()}-linux-gnu.{glibc}" if glibc else ""


@contextlib.contextmanager
def compiler(settings: Any) -> Iterator[Any]:
    """Within the block CMake finds a compiler, zig's where there is no other; gives settings.

    CMake keeps in its folder which compiler it used, so zig has a folder of its own.
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
    """What scikit-build-core needs, and the compiler."""
    return [*core.get_requires_for_build_wheel(config_settings), *_wheels()]


def get_requires_for_build_editable(config_settings: Any = None) -> list[str]:
    """What scikit-build-core needs, and the compiler."""
    return [*core.get_requires_for_build_editable(config_settings), *_wheels()]


def build_wheel(
    wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None
) -> str:
    """Build with the compiler there is."""
    with compiler(config_settings) as settings:
        return core.build_wheel(wheel_directory, settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None
) -> str:
    """Build with the compiler there is."""
    with compiler(config_settings) as settings:
        return core.build_editable(wheel_directory, settings, metadata_directory)
