"""Training texts."""

from __future__ import annotations

import io
import struct
import zipfile

from tools.fuzz.corpus.spoil import (
    Spoil,
    everywhere,
    json_of,
    put,
)


def archive(method: int) -> bytes:
    """A zip whose member has an unknown compression method."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.txt", "hello")
    data = bytearray(out.getvalue())
    struct.pack_into("<H", data, 8, method)
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + 10, method)
    return bytes(data)


def renamed(length: int) -> bytes:
    """A zip whose member has a different, longer name in its own header than in the directory."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.txt", "hello" * length)
    data = bytearray(out.getvalue())
    struct.pack_into("<H", data, 26, length)
    return bytes(data)


def footless(data: bytes) -> bytes:
    """A Parquet file with an invalid list of columns."""
    (length,) = struct.unpack("<I", data[-8:-4])
    return data[: -8 - length] + b"\xff" * length + data[-8:]


CORPUS: dict[str, dict[str, Spoil]] = {
    "pairs": {
        **everywhere("a.jsonl"),
        **json_of("a.json"),
        **everywhere("a.csv"),
        "one quote": put("a.csv", 'prompt,completion\n"a,b\n' + "x" * 300_000),
        "no names": put("a.tsv", "\n\n"),
        "NULs": put("a.csv", b"prompt,completion\na\0b,c\n"),
        "deep line": put("a.jsonl", "[" * 100_000 + "]" * 100_000 + "\n"),
    },
    "prepare-json": json_of("a.json"),
    "prepare-html": {
        "nested": put("a.html", "<div>" * 130_000),
        "attributes": put("a.html", "<p " + "".join(f"a{n} " for n in range(100_000)) + ">x</p>"),
        "attributes and slashes": put("a.html", "<p " + "a/" * 100_000 + ">x</p>"),
        "attributes after a sign": put("a.html", '<p b=">"' + " a" * 100_000 + ">x</p>"),
    },
    "prepare-zip": {
        **{f"packed by {m}": put("a.zip", archive(m)) for m in (1, 97, 6000)},
        "another, longer name": put("a.zip", renamed(4000)),
    },
    "prepare-parquet": {
        "not text": put("a.parquet", b"PAR1" + b"\xff" * 100 + b"PAR1"),
        "footer": lambda case: put("a.parquet", footless((case / "a.parquet").read_bytes()))(case),
    },
}  # fmt: skip
