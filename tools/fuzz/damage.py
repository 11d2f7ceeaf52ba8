"""Random damage from a seed: to bytes, to values in JSON and archives, and to entire files."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import lzma
import os
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.fuzz.box import CANARIES, empty

DEEP, LONG = "\ue000deep", "\ue000long"  # placeholders for what json.dumps cannot write
RAW = {DEEP: "[" * 50_000 + "]" * 50_000, LONG: "9" * 5_000}
ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 7, 2**31 - 1, 2**31, 2**32 + 16, 2**53 + 1, 2**63, 2**64),
    *(10**8, 10**30, -(10**9), 0.0, 1.5, -0.5, 1e-300, 1e308, float("nan"), float("inf")),
    *("", "text", "\0", "é", "\ud800", "a\nb", "x" * 300, "0", "false", "O", "<f4", "/dev/zero"),
    *([], {}, [[1]], [None], {"a": None}, ["text"], [1, 2, 3], [True], {"0": {}}, [[[]]]),
    *(DEEP, LONG, [DEEP], {"a": LONG}),
]


def damage(case: Path, files: list[Path], rng: random.Random) -> str:
    """Damage one or two files of a case; returns a description."""
    done = []
    for _ in range(1 if rng.random() < 0.85 else 2):
        path = rng.choice(files)
        if rng.random() < 0.06 or not path.is_file() or path.is_symlink():
            done.append(f"{path.relative_to(case)}: {replaced(path, files, rng)}")
            continue
        data = path.read_bytes()
        path.unlink()  # not truncated: an earlier case may still have it mapped
        path.write_bytes(damaged(data, path.name, rng))
        done.append(f"{path.relative_to(case)}: damaged")
    return "; ".join(done)


def replaced(path: Path, files: list[Path], rng: random.Random) -> str:
    """Replace a file by something else."""
    kinds: dict[str, Callable[[], Any]] = {
        "a folder": path.mkdir,
        "a pipe": lambda: os.mkfifo(path),
        "a link outside": lambda: path.symlink_to(outside() / CANARIES[0]),
        "a link to /dev/zero": lambda: path.symlink_to("/dev/zero"),
        "a link to itself": lambda: path.symlink_to(path.name),
        "a link to nothing": lambda: path.symlink_to("nothing"),
        "nothing": lambda: None,
        "an empty file": lambda: path.write_bytes(b""),
        "a pointer of Git LFS": lambda: path.write_text("version https://git-lfs.github.com/spec"),
        "another of the files": lambda: path.write_bytes(other),
    }
    kind = rng.choice(list(kinds))
    there = [file for file in files if file.is_file() and not file.is_symlink()]
    other = rng.choice(there).read_bytes() if there else b""
    empty(path)
    kinds[kind]()
    return kind


def damaged(data: bytes, name: str, rng: random.Random) -> bytes:
    """Damage the content of a file, most often within the structure of its format."""
    if rng.random() < 0.75:
        with contextlib.suppress(Exception):  # it is not in the format that its name implies
            for endings, inside in INSIDE.items():
                if name.endswith(endings):
                    return inside(data, rng)
    return rough(data, rng)


def rough(data: bytes, rng: random.Random) -> bytes:
    """Change bytes (often at the front, where the structure is), cut, duplicate or insert some."""
    out = bytearray(data)
    kind = rng.randrange(6)
    if kind == 0 or not out:
        return bytes(out[: rng.randrange(len(out) + 1)])
    if kind == 1:
        start = rng.randrange(len(out))
        piece = out[start : start + rng.randrange(1, 200)]
        at = rng.randrange(len(out) + 1)
        return bytes(out[:at] + piece * rng.choice((1, 1, 1, 300)) + out[at:])
    if kind == 2:
        start = rng.randrange(len(out))
        del out[start : start + rng.randrange(1, 100)]
        return bytes(out)
    near = len(out) if kind == 3 else min(len(out), 600)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(near)
        if kind == 5:
            out[at] ^= 1 << rng.randrange(8)
        else:
            out[at] = rng.choice((0, 0xFF, 0x7F, 0x80, rng.randrange(256)))
    return bytes(out)


def values(value: Any, rng: random.Random) -> Any:
    """Replace, remove, duplicate or rename a value in JSON."""
    spots = places(value)
    if not spots:
        return rng.choice(ODD)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        spots = places(value)
        if not spots:
            break
        holder, key = rng.choice(spots)
        kind = rng.random()
        if kind < 0.12:
            del holder[key]
        elif kind < 0.2:
            other, at = rng.choice(spots)
            holder[key] = json.loads(json.dumps(other[at]))
        elif kind < 0.26 and isinstance(holder, dict):
            holder[rng.choice(["", "../x", "__class__", "a.b", *map(str, holder)])] = holder[key]
        elif kind < 0.4 and isinstance(holder[key], (int, float)):
            holder[key] = holder[key] + rng.choice((1, -1, 0.5, 2**32)) * rng.choice((1, 1, -3))
        else:
            holder[key] = rng.choice([*ODD, *leading_out()])
    return value


def outside() -> Path:
    """The folder that nothing may touch."""
    return Path(os.environ["GPT2_FUZZ_BOX"]) / "outside"


def leading_out() -> list[str]:
    """Names of files outside."""
    near = [f"{up}outside/{name}" for up in ("../", "../../") for name in CANARIES]
    return near + [str(outside() / name) for name in CANARIES]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Each value within JSON, as its container and its key or index."""
    if not isinstance(value, (dict, list)):
        return []
    found = []
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        found.append((value, key))
        found += places(item)
    return found


def text(value: Any) -> str:
    """Write JSON, expanding the placeholders."""
    out = json.dumps(value)
    for mark, raw in RAW.items():
        out = out.replace(json.dumps(mark), raw)
    return out


def _json(data: bytes, rng: random.Random) -> bytes:
    return text(values(json.loads(data), rng)).encode("utf-8", "surrogatepass")


def _lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    if rng.random() < 0.3:
        lines.insert(at, rng.choice(lines) if rng.random() < 0.5 else lines.pop(at)[:-1])
    else:
        lines[at] = _json(lines[at], rng) + b"\n"
    return b"".join(lines)


def _safetensors(data: bytes, rng: random.Random) -> bytes:
    (length,) = struct.unpack("<Q", data[:8])
    header, rest = json.loads(data[8 : 8 + length]), data[8 + length :]
    if rng.random() < 0.2:  # an invalid number
        at = 4 * rng.randrange(len(rest) // 4)
        rest = (
            rest[:at] + struct.pack("<f", rng.choice((float("nan"), 3e38, -1e-40))) + rest[at + 4 :]
        )
    else:
        header = values(header, rng)
    written = text(header).encode()
    return struct.pack("<Q", len(written)) + written + rest


def _zip(data: bytes, rng: random.Random) -> bytes:
    """Damage a member and make the checksums valid again."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        members = old.namelist()
        victim = next((n for n in members if n.endswith("data.pkl")), members[0])
        victim = victim if rng.random() < 0.7 else rng.choice(members)
        for name in members:
            content = old.read(name)
            new.writestr(name, rough(content, rng) if name == victim else content)
    return out.getvalue()


def _packed(module: Any) -> Callable[[bytes, random.Random], bytes]:
    return lambda data, rng: module.compress(rough(module.decompress(data), rng))


INSIDE: dict[tuple[str, ...], Callable[[bytes, random.Random], bytes]] = {
    (".json",): _json,
    (".jsonl", ".journal"): _lines,
    (".safetensors",): _safetensors,
    (".bin", ".pt", ".zip"): _zip,
    (".gz",): _packed(gzip),
    (".xz",): _packed(lzma),
    (".bz2",): _packed(bz2),
}
