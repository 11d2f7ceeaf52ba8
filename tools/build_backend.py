"""scikit-build-core's hooks for pip, and a C++ compiler where the machine has none.

The native core is C++. Where CXX is not set and neither c++, g++ nor clang++ is found, the build
asks for the ``ziglang`` wheel, which holds a whole C++ compiler, and compiles with that.
"""

from __future__ import annotations

import contextlib
import os
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
exec "{zig}" c++ -mcpu=baseline -O3 "$@"
"""


def lacks_compiler() -> bool:
    """Whether this machine has no C++ compiler of its own; on Windows CMake knows where one is."""
    found = os.environ.get("CXX") or next(filter(None, map(shutil.which, COMPILERS)), None)
    return found is None and os.name != "nt"


@contextlib.contextmanager
def compiler(settings: Any) -> Iterator[Any]:
    """Within the block CMake finds a compiler, zig's where there is no other; gives settings.

    CMake keeps in its folder which compiler it used, so zig has a folder of its own.
    """
    if not lacks_compiler():
        yield settings
        return
    import ziglang  # type: ignore[import-not-found]

    folder = Path("build/zig").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "c++"
    script.write_text(SCRIPT.format(zig=Path(ziglang.__file__).with_name("zig")))
    script.chmod(0o755)
    os.environ["CXX"] = str(script)
    try:
        yield {"build-dir": str(folder / "core"), **(settings or {})}
    finally:
        del os.environ["CXX"]


def _wheels() -> list[str]:
    return ["ziglang>=0.13"] if lacks_compiler() else []


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
