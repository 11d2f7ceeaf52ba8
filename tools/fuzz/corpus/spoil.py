"""Makes named cases from a valid folder."""

from __future__ import annotations

import json
import operator
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.fuzz.box import empty
from tools.fuzz.damage import outside, text

Change = Callable[[Any], Any]
Spoil = Callable[[Path], Any]


def put(name: str, content: bytes | str) -> Spoil:
    """Write a file with this content."""
    data = content.encode() if isinstance(content, str) else content

    def spoil(case: Path) -> None:
        empty(case / name)
        (case / name).write_bytes(data)

    return spoil


def gone(name: str) -> Spoil:
    """Remove a file."""
    return lambda case: empty(case / name)


def instead(name: str, make: Callable[[Path], Any]) -> Spoil:
    """Replace a file by something else."""

    def spoil(case: Path) -> None:
        empty(case / name)
        make(case / name)

    return spoil


def link(name: str, target: str) -> Spoil:
    """Replace a file by a link; {} stands for the folder outside."""
    return instead(name, lambda path: path.symlink_to(target.format(outside())))


def values(name: str, change: Change) -> Spoil:
    """Change values in a JSON file; ``change`` may return a new top-level value."""

    def spoil(case: Path) -> None:
        path = case / name
        content = json.loads(path.read_text("utf-8")) if path.exists() else {}
        changed = change(content)
        put(name, text(content if changed is None else changed))(case)

    return spoil


def header(name: str, change: Change) -> Spoil:
    """Change values in the header of a safetensors file."""

    def spoil(case: Path) -> None:
        data = (case / name).read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        content = json.loads(data[8 : 8 + length])
        changed = change(content)
        written = text(content if changed is None else changed).encode()
        put(name, struct.pack("<Q", len(written)) + written + data[8 + length :])(case)

    return spoil


def line(name: str, number: int, change: Change) -> Spoil:
    """Change values in one line of a JSON Lines file."""

    def spoil(case: Path) -> None:
        lines = (case / name).read_text("utf-8").splitlines()
        content = json.loads(lines[number])
        changed = change(content)
        lines[number] = text(content if changed is None else changed)
        put(name, "\n".join(lines) + "\n")(case)

    return spoil


def pickled(name: str, make: Callable[[], Any], **options: Any) -> Spoil:
    """Write a file with torch.save."""

    def spoil(case: Path) -> None:
        import torch

        empty(case / name)
        torch.save(make(), case / name, **options)

    return spoil


def everywhere(name: str) -> dict[str, Spoil]:
    """Replacements for any file."""
    return {
        f"{name} a folder": instead(name, os.mkdir),
        f"{name} a pipe": instead(name, os.mkfifo),
        f"{name} zeros": link(name, "/dev/zero"),
        f"{name} itself": link(name, Path(name).name),
        f"{name} gone": gone(name),
        f"{name} empty": put(name, b""),
        f"{name} a pointer": put(
            name, "version https://git-lfs.github.com/spec/v1\noid sha256:a\n"
        ),
        f"{name} a page": put(name, "<!DOCTYPE html><html>Log in</html>"),
    }


def json_of(name: str) -> dict[str, Spoil]:
    """Damage for any JSON file."""
    return {
        **everywhere(name),
        f"{name} deep": put(name, "[" * 100_000 + "]" * 100_000),
        f"{name} deep within": put(name, '{"a": ' * 100_000 + "1" + "}" * 100_000),
        f"{name} long number": put(name, '{"a": ' + "9" * 5_000 + "}"),
        f"{name} huge number": put(name, '{"a": 1e99999}'),
        f"{name} a list": put(name, "[]"),
        f"{name} a number": put(name, "3"),
        f"{name} not text": put(name, b'{"a": "\xff"}'),
        f"{name} half a character": put(name, '{"\\ud800": "\\udfff"}'),
    }


def set_to(name: str, key: str, *odd: Any) -> dict[str, Spoil]:
    """Set an entry of a JSON file to each of these values."""
    return {
        f"{name} {key} {value!r:.30}": values(name, operator.methodcaller("update", {key: value}))
        for value in odd
    }
