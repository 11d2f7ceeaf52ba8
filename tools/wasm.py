"""Builds the C++ core for WebAssembly: ``python tools/wasm.py [OUTPUT]``.

The compiler is zig, from the ``ziglang`` wheel (``pip install -r tools/wasm.txt``). The result
needs SIMD and exceptions of its engine, and nothing else: one thread, no files, no clock. Beside it
lies what it was made from, ``core.wasm.json``: a digest of the sources and the compiler's version.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "src/gpt2/explain/web/core.wasm"
OTHERS = ("avx2", "avx512", "amx", "neon")  # kernels of other processors
TARGET = ("-target", "wasm32-wasi", "-fwasm-exceptions", "-mexception-handling", "-msimd128", "-O3")
CORE = (
    *("-std=c++17", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden"),
    *("-ffunction-sections", "-fdata-sections", "-DGPT2_THREADS=0", "-DGPT2_WASM=1"),
)
# zig's own C++ library has these, and leaves them out for this target.
EXCEPTIONS = {
    "libcxxabi/src/cxa_exception.cpp": (
        *("-std=c++20", "-D_LIBCXXABI_BUILDING_LIBRARY", "-D_LIBCPP_BUILDING_LIBRARY"),
        *("-DLIBCXXABI_NON_DEMANGLING_TERMINATE", "-D_LIBCXXABI_HAS_NO_THREADS"),
        *("-Ilibcxxabi/include", "-Ilibcxxabi/src", "-Ilibcxx/src", "-Ilibcxx/include"),
        "-Ilibunwind/include",
    ),
    "libunwind/src/Unwind-wasm.c": (
        *("-D_LIBUNWIND_HAS_NO_THREADS", "-D_LIBUNWIND_HIDE_SYMBOLS", "-DNDEBUG"),
        *("-Ilibunwind/include", "-Ilibunwind/src"),
    ),
}
EXCEPTIONS["libcxxabi/src/cxa_personality.cpp"] = EXCEPTIONS["libcxxabi/src/cxa_exception.cpp"]


def sources() -> list[Path]:
    """The core's files for this target, with what it needs there beside them."""
    found = sorted((ROOT / "csrc").glob("*.cc"))
    core = [path for path in found if not any(name in path.name for name in OTHERS)]
    return [*core, *sorted((ROOT / "csrc/wasm").glob("*.cc"))]


def digest() -> str:
    """SHA-256 over the names and contents of all that the result is made from."""
    files = [*sources(), *sorted((ROOT / "csrc").glob("*.h")), Path(__file__)]
    state = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        state.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode() + content)
    return state.hexdigest()


def exported() -> list[str]:
    """The functions of the C interface, but those that a page cannot use."""
    header = (ROOT / "csrc/gpt2.h").read_text("utf-8")
    names = set(re.findall(r"\b(gpt2_[a-z_0-9]+)\(", header))
    names -= {name for name in names if "fork" in name} | {"gpt2_probe"}
    return [*sorted(names), "malloc", "free"]


Job = tuple[str, Path, tuple[str, ...], Path]  # compiler, source, flags, folder to run it in


def compile_all(generic: bool) -> list[Path]:
    """An object file for every source; the generic kernels are there for tests to compare with."""
    from ziglang import __file__ as home

    library = Path(home).parent / "lib"
    flags = CORE if generic else (*CORE, "-DGPT2_NO_GENERIC=1")
    named = [p for p in sources() if generic or p.stem != "kernels_generic"]
    jobs: list[Job] = [("c++", path, flags, ROOT) for path in named]
    jobs += [
        ("c++" if name.endswith("pp") else "cc", library / name, ("-w", *flags), library)
        for name, flags in EXCEPTIONS.items()
    ]
    folder = ROOT / "build" / ("wasm-tests" if generic else "wasm")
    folder.mkdir(parents=True, exist_ok=True)

    def compile_one(job: Job) -> Path:
        compiler, source, flags, home = job
        to = folder / f"{source.stem}.o"
        zig(compiler, *TARGET, *flags, "-c", str(source), "-o", str(to), folder=home)
        return to

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(compile_one, jobs))


def zig(*arguments: str, folder: Path = ROOT) -> None:
    """Runs the compiler; CalledProcessError where it fails."""
    subprocess.run([sys.executable, "-m", "ziglang", *arguments], cwd=folder, check=True)


def build(output: Path = OUTPUT, *, tests: tuple[Path, ...] = ()) -> None:
    """Writes the library for a page; with tests, a program that runs them."""
    objects = [str(path) for path in compile_all(generic=bool(tests))]
    exports = [f"-Wl,--export={name}" for name in exported()]
    kind = ("-mexec-model=reactor", *exports, "-Wl,--export-table", "-Wl,--gc-sections", "-s")
    output.parent.mkdir(parents=True, exist_ok=True)
    more = ("-Wl,-z,stack-size=1048576", "-o", str(output))
    if tests:
        flags = (*CORE, "-Icsrc", *map(str, tests))
        zig("c++", *TARGET, *flags, *objects, *more)
        return
    zig("c++", *TARGET, *objects, *kind, *more)
    about = {
        "sources": digest(),
        "compiler": (ROOT / "tools/wasm.txt").read_text("utf-8").strip(),
        "sha256": hashlib.sha256(output.read_bytes()).hexdigest(),
    }
    output.with_suffix(".wasm.json").write_text(json.dumps(about, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else OUTPUT)
