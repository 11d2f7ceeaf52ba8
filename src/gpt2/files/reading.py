"""Reading untrusted files: any contents result in a value or a `GPT2Error`.

Only regular files and links to them are read: a folder, pipe or device in place of a file is an
immediate error, so nothing hangs or is read endlessly. All JSON goes through `parse_json`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import stat
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any

from gpt2.errors import CorruptFileError, GPT2Error, MissingFileError, ModelFileError

LARGEST_JSON = 128 << 20  # bytes; the largest known tokenizer.json has 35 MB
DEEPEST = 100  # nesting levels of lists and objects, far below Python's own limit
LONGEST = 40  # digits of an integer: over 128 bits, and within the range of a float

_LONG = re.compile(rf"\d{{{LONGEST + 1}}}")
_HUGE = re.compile(r"[eE]\+?\d{3}")  # an exponent that may exceed a float's range
_NESTED = (list, dict)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a symbolic link",
}


def open_regular(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a regular file, or a link to one, for reading.

    Raises `MissingFileError`; `CorruptFileError` for a folder, pipe, device or socket;
    `ModelFileError` for a system error (permission, I/O).
    """
    try:
        file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115
    except (OSError, ValueError) as error:
        raise read_error(path, error) from None
    mode = os.fstat(file.fileno()).st_mode
    if not stat.S_ISREG(mode):
        file.close()
        raise CorruptFileError(not_regular(path, mode))
    return file


def _without_waiting(path: str, flags: int) -> int:
    """Open without blocking on a pipe that has no writer. `open` itself rejects folders."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def not_regular(path: str | os.PathLike[str], mode: int) -> str:
    """The message for a folder, pipe or device in place of a file."""
    return f"{path} is {_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a regular file."


def read_error(path: str | os.PathLike[str], error: OSError | ValueError) -> GPT2Error:
    """The error to raise if ``path`` could not be read."""
    number = error.errno if isinstance(error, OSError) else errno.ENOENT  # a NUL in a name
    if number in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        return MissingFileError(f"{path} does not exist.")
    if number == errno.EISDIR:
        return CorruptFileError(not_regular(path, stat.S_IFDIR))
    if number == errno.ENXIO:
        return CorruptFileError(not_regular(path, stat.S_IFSOCK))
    if number == errno.ELOOP:
        return CorruptFileError(f"{path} is a symbolic link that leads back to itself.")
    advice = " Check its permissions." if number in (errno.EACCES, errno.EPERM) else ""
    reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
    return ModelFileError(f"{path} could not be read: {reason}.{advice}")


def is_same(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Whether two paths refer to the same file; a link to itself is distinct from others."""
    return os.path.realpath(one) == os.path.realpath(other)


def exists(path: str | os.PathLike[str]) -> bool:
    """Whether a path exists; False for an impossible name. Raises `ModelFileError` if the system
    denies access."""
    try:
        Path(path).stat()
    except (OSError, ValueError) as error:
        failure = read_error(path, error)
        if isinstance(failure, MissingFileError):
            return False
        raise failure from None
    return True


def read_bytes(path: str | os.PathLike[str], limit: int | None = None) -> bytes:
    """Read a regular file. Raises the errors of `open_regular`, and `CorruptFileError` for more
    than ``limit`` bytes."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if limit is not None and size > limit:
            raise CorruptFileError(
                f"{path} has {size:,} bytes; the limit for such a file is {limit:,}."
            )
        try:
            return file.read()
        except OSError as error:
            raise read_error(path, error) from None


def read_text(path: str | os.PathLike[str], limit: int | None = None) -> str:
    """Read UTF-8 text with normalised line ends. Raises the errors of `read_bytes`, and
    `CorruptFileError` for other encodings."""
    text = _decode(read_bytes(path, limit), str(path))
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _decode(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorruptFileError(
            f"{what} is not UTF-8 text: {error.reason} at byte {error.start}."
        ) from None


def read_json(path: str | os.PathLike[str], *, nan: bool = False, limit: int = LARGEST_JSON) -> Any:
    """Read the value in a JSON file. Raises the errors of `read_text` and `parse_json`."""
    return parse_json(read_text(path, limit), str(path), nan=nan)


def read_json_object(
    path: str | os.PathLike[str], *, nan: bool = False, limit: int = LARGEST_JSON
) -> dict[str, Any]:
    """Read the object in a JSON file. Raises `CorruptFileError` for any other value."""
    return parse_json_object(read_text(path, limit), str(path), nan=nan)


def json_lines(name: str, lines: Iterable[str | bytes]) -> Iterator[tuple[str, Any]]:
    """Yield the location and the value of each JSON line; blank lines are skipped but counted.

    Raises `CorruptFileError`.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            where = f"{name}, line {number}"
            yield where, parse_json(line, where, loose=True)


def parse_json(text: str | bytes, what: str, *, nan: bool = False, loose: bool = False) -> Any:
    """Parse a JSON text.

    Args:
        text: the text, or its UTF-8 bytes.
        what: what the text is, for error messages: a path, or "FILE, line 3".
        nan: accept NaN and infinities, which some programs write although JSON forbids them.
        loose: also accept a byte order mark and contents that may occur in unused fields: lone
            surrogates, and integers of any length, with long ones converted to floats.

    Raises:
        CorruptFileError: invalid JSON; more than `DEEPEST` levels; integers of more than `LONGEST`
            digits; NaN or infinite numbers; lone surrogates, which UTF-8 cannot represent.
    """
    if isinstance(text, bytes):
        text = _decode(text, what)
    if loose:
        text = text.removeprefix("\ufeff")
    if text.startswith("\ufeff"):
        raise CorruptFileError(
            f"{what} begins with a byte order mark: save it as UTF-8 without one."
        )
    try:
        value = json.loads(text, **_hooks(text, nan or loose, loose))
        if text.count("[") + text.count("{") > DEEPEST:
            _check_depth(value)
        if not loose and _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise CorruptFileError(f"{what} is nested more than {DEEPEST} levels deep.") from None
    except UnicodeEncodeError:
        raise CorruptFileError(f"{what} contains an unpaired UTF-16 surrogate.") from None
    except json.JSONDecodeError as error:
        raise CorruptFileError(f"{what} is not JSON: {error}.") from None
    except ValueError as error:  # raised by a hook
        raise CorruptFileError(f"{what} contains unsupported JSON: {error}.") from None
    return value


def parse_json_object(text: str | bytes, what: str, *, nan: bool = False) -> dict[str, Any]:
    """`parse_json` for a text that must be an object. Raises `CorruptFileError` for any other."""
    value = parse_json(text, what, nan=nan)
    if not isinstance(value, dict):
        kinds = {list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
        kind = kinds.get(type(value), "a number")
        raise CorruptFileError(f"{what} must contain a JSON object, found {kind}.")
    return value


def is_json(text: str | bytes, *, loose: bool = False) -> bool:
    """Whether `parse_json` accepts the text."""
    try:
        parse_json(text, "", loose=loose)
    except CorruptFileError:
        return False
    return True


def _hooks(text: str, nan: bool, loose: bool) -> dict[str, Any]:
    """The number hooks of `json.loads`; only those necessary, since they are slow."""
    hooks: dict[str, Any] = {} if nan else {"parse_constant": _finite}
    long = _LONG.search(text)
    if long:
        hooks["parse_int"] = _any_whole if loose else _whole
    if not nan and (long or _HUGE.search(text)):
        hooks["parse_float"] = _finite
    return hooks


def _whole(digits: str) -> int:
    if len(digits) > LONGEST + 1:
        raise ValueError(f"an integer of {len(digits):,} digits")
    return int(digits)


def _any_whole(digits: str) -> float:
    return int(digits) if len(digits) <= LONGEST + 1 else float(digits)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"the number {number[:20]} is not finite")
    return value


def _check_depth(value: Any) -> None:
    """Raise `RecursionError` beyond `DEEPEST` levels, since users of the value may recurse."""
    level = [value] if isinstance(value, _NESTED) else []
    for _ in range(DEEPEST):
        within = (v.values() if isinstance(v, dict) else v for v in level)
        level = [child for children in within for child in children if isinstance(child, _NESTED)]
    if level:
        raise RecursionError


def stand_in(path: str | os.PathLike[str], head: bytes) -> None:
    """Raise `CorruptFileError` if a file's first bytes show a stand-in for a large file: a Git LFS
    pointer or a web page."""
    if head.startswith(b"version https://git-lfs"):
        raise CorruptFileError(
            f"{path} is a Git LFS pointer, not the file itself: run `git lfs pull` in its "
            "repository."
        )
    if head.lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise CorruptFileError(
            f"{path} is a web page, not the file itself: download it again from its direct URL."
        )


def sha256(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a regular file, in hexadecimal. Raises the errors of `open_regular`."""
    with open_regular(path) as file:
        try:
            return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise read_error(path, error) from None
