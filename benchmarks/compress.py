"""Measures the size and speed of gpt2 compress next to xz, zstd and brotli.

    python -m benchmarks.compress [FILE...] [--data ../shared/data] [--model NAME] [--bytes N]

Writes benchmarks/results/compress.json. Without files, it uses the first 200 kB of each text in
`HELD_OUT`, which the bundled model never read. Peers run at their strongest settings, everything on
one thread; zstandard and brotli are included only if installed (pip install zstandard brotli).
Sizes do not depend on the machine; --sizes-only skips the speeds.
"""

from __future__ import annotations

import argparse
import bz2
import importlib.util
import lzma
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.common import machine, table, write

from gpt2.compression import compress, compressing_model, decompress

HELD_OUT = ("simple/tinystories_eval.txt.xz", "eval/wikitext-2/wiki.test.raw")
Pack = Callable[[bytes], bytes]


def peers() -> dict[str, tuple[Pack, Pack]]:
    """Name and setting -> its functions to compress and decompress."""
    found: dict[str, tuple[Pack, Pack]] = {
        "bzip2 -9": (bz2.compress, bz2.decompress),
        "xz -9e": (lambda data: lzma.compress(data, preset=9 | lzma.PRESET_EXTREME),
                   lzma.decompress),
    }  # fmt: skip
    for name, make in {"zstandard": _zstd, "brotli": _brotli}.items():
        try:
            found.update(make(importlib.import_module(name)))
        except ImportError:
            print(f"{name} is not installed")
    return found


def _installed() -> list[str]:
    return [name for name in ("zstandard", "brotli") if importlib.util.find_spec(name)]


def _zstd(library: Any) -> dict[str, tuple[Pack, Pack]]:
    return {"zstd -22": (library.ZstdCompressor(level=22).compress,
                         library.ZstdDecompressor().decompress)}  # fmt: skip


def _brotli(library: Any) -> dict[str, tuple[Pack, Pack]]:
    return {"brotli -q 11": (lambda data: library.compress(data, quality=11, lgwin=24),
                             library.decompress)}  # fmt: skip


def ours(name: str) -> dict[str, tuple[Pack, Pack]]:
    """gpt2 compress with one model, on one thread like its peers."""
    model, identity = compressing_model(name, threads=1)

    def pack(data: bytes) -> bytes:
        return compress(model, identity, data)

    def unpack(data: bytes) -> bytes:
        return decompress(model, identity, data)

    return {f"gpt2 {name} {model.dtype}": (pack, unpack)}


def measured(data: bytes, pack: Pack, unpack: Pack, sizes_only: bool) -> dict[str, Any]:
    """Size and, if requested, seconds both ways; the decompressed data is checked."""
    begin = time.perf_counter()
    packed = pack(data)
    middle = time.perf_counter()
    assert unpack(packed) == data
    end = time.perf_counter()
    found: dict[str, Any] = {"bytes": len(packed), "bits_a_byte": 8 * len(packed) / len(data)}
    if not sizes_only:
        found |= {"pack_seconds": middle - begin, "unpack_seconds": end - middle}
    return found


def describe(found: Mapping[str, Any]) -> str:
    """The section of docs/results.md."""
    parts = [
        f"The beginnings of held-out texts, compressed with {found['model']} and with "
        "general-purpose compressors at their strongest settings, on one thread. Sizes do not "
        "depend on the machine; gpt2's do not include the model, which decompression needs. Speeds "
        "are of one run."
    ]
    for name, text in found["texts"].items():
        rows = [
            [way, f"{one['bytes']:,}", f"{one['bits_a_byte']:.3f}", *_speeds(one, text["bytes"])]
            for way, one in text["packed"].items()
        ]
        timed = any("pack_seconds" in one for one in text["packed"].values())
        speeds = ["compression, kB/s", "decompression, kB/s"] if timed else []
        head = ["", "bytes", "bits per byte", *speeds]
        parts += [f"{name}, {text['bytes']:,} bytes:", table(head, rows)]
    return "\n\n".join(parts)


def _speeds(one: Mapping[str, float], size: int) -> list[str]:
    if "pack_seconds" not in one:
        return []
    rates = [size / 1e3 / one[f"{way}_seconds"] for way in ("pack", "unpack")]
    return [f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}" for rate in rates]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", default="gpt2-mini")
    parser.add_argument("--bytes", type=int, default=200_000, help="of each file, at most")
    parser.add_argument("--sizes-only", action="store_true", help="no speeds: the machine is busy")
    asked = parser.parse_args()
    ways, results = {**ours(asked.model), **peers()}, {}
    for file in asked.files or [asked.data / name for name in HELD_OUT]:
        with lzma.open(file) if file.suffix == ".xz" else file.open("rb") as text:
            data = text.read(asked.bytes)
        found = {name: measured(data, *way, asked.sizes_only) for name, way in ways.items()}
        results[file.name.removesuffix(".xz")] = {"bytes": len(data), "packed": found}
        print(f"{file.name}: {len(data):,} bytes")
        lines = [
            [name, str(one["bytes"]), f"{one['bits_a_byte']:.3f}"] for name, one in found.items()
        ]
        print(table(["", "bytes", "bits per byte"], lines))
    write("compress", {"machine": machine(_installed()), "model": asked.model, "texts": results})


if __name__ == "__main__":
    main()
