"""Reading files that others wrote: whatever lies there ends in a value or in a `GPT2Error`.

Only regular files are read (links to them too): a folder, pipe or device in a file's place is an
error at once, so nothing hangs and nothing is read without end. JSON is one function, `parse_json`.
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
from pathlib import Path
from typing import Any, BinaryIO

from gpt2.errors import CorruptFileError, GPT2Error, MissingFileError, ModelFileError

LARGEST_JSON = 128 << 20  # bytes; the largest tokenizer.json known has 35 MB
DEEPEST = 100  # lists and objects within one another: far from Python's own limit
LONGEST = 40  # digits of an integer: more than 128 bits, and any float can hold it

_LONG = re.compile(rf"\d{{{LONGEST + 1}}}")
_HUGE = re.compile(r"[eE]\+?\d{3}")  # an exponent that may be beyond a float's
_NESTED = (list, dict)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a link",
}


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file, or a link to one, for reading.

    Raises `MissingFileError`; `CorruptFileError` for a folder, pipe, device or socket;
    `ModelFileError` where the system refuses (permission, input or output).
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
    """A pipe without a writer must not hold us up. `open` refuses a folder of itself."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def not_regular(path: str | os.PathLike[str], mode: int) -> str:
    """What to tell the user of a folder, pipe or device where a file should be."""
    return f"{path} is {_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a regular file."


def read_error(path: str | os.PathLike[str], error: OSError | ValueError) -> GPT2Error:
    """What to tell the user when ``path`` could not be read."""
    number = error.errno if isinstance(error, OSError) else errno.ENOENT  # a NUL in a name
    if number in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        return MissingFileError(f"{path} is not there.")
    if number == errno.EISDIR:
        return CorruptFileError(not_regular(path, stat.S_IFDIR))
    if number == errno.ENXIO:
        return CorruptFileError(not_regular(path, stat.S_IFSOCK))
    if number == errno.ELOOP:
        return CorruptFileError(f"{path} is a link that leads back to itself.")
    advice = " Check its permissions." if number in (errno.EACCES, errno.EPERM) else ""
    reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
    return ModelFileError(f"{path} could not be read: {reason}.{advice}")


def is_same(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Whether two paths lead to one place; a link that leads to itself is a place of its own."""
    return os.path.realpath(one) == os.path.realpath(other)


def exists(path: str | os.PathLike[str]) -> bool:
    """Whether anything is there. A name that no file can have is not; raises `ModelFileError` where
    the system does not let us see."""
    try:
        Path(path).stat()
    except (OSError, ValueError) as error:
        found = read_error(path, error)
        if isinstance(found, MissingFileError):
            return False
        raise found from None
    return True


def read_bytes(path: str | os.PathLike[str], limit: int | None = None) -> bytes:
    """All of a regular file. Raises what `open_regular` does, and `CorruptFileError` for more than
    ``limit`` bytes."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if limit is not None and size > limit:
            raise CorruptFileError(
                f"{path} has {size:,} bytes; at most {limit:,} are read of such a file."
            )
        try:
            return file.read()
        except OSError as error:
            raise read_error(path, error) from None


def read_text(path: str | os.PathLike[str], limit: int | None = None) -> str:
    """UTF-8 text, its line ends as one sign. Raises what `read_bytes` does, and `CorruptFileError`
    for other encodings."""
    text = _decoded(read_bytes(path, limit), str(path))
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _decoded(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorruptFileError(
            f"{what} is not UTF-8 text: {error.reason} at byte {error.start}."
        ) from None


def read_json(path: str | os.PathLike[str], *, nan: bool = False, limit: int = LARGEST_JSON) -> Any:
    """The value in a JSON file. Raises what `read_text` and `parse_json` do."""
    return parse_json(read_text(path, limit), str(path), nan=nan)


def read_json_object(
    path: str | os.PathLike[str], *, nan: bool = False, limit: int = LARGEST_JSON
) -> dict[str, Any]:
    """The object in a JSON file; raises `CorruptFileError` for any other value."""
    value = read_json(path, nan=nan, limit=limit)
    if not isinstance(value, dict):
        kinds = {list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
        found = kinds.get(type(value), "a number")
        raise CorruptFileError(f"{path} must hold a JSON object, found {found}.")
    return value


def json_lines(name: str, lines: Iterable[str | bytes]) -> Iterator[tuple[str, Any]]:
    """The values of JSON lines, each with where it stands; blank lines count as lines only.

    Raises `CorruptFileError`.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            where = f"{name}, line {number}"
            yield where, parse_json(line, where, loose=True)


def parse_json(text: str | bytes, what: str, *, nan: bool = False, loose: bool = False) -> Any:
    """The value of a JSON text.

    Args:
        text: the text, or its UTF-8 bytes.
        what: what it is, for the message: a path, or "FILE, line 3".
        nan: take NaN and infinities, as programs write them that JSON does not allow to.
        loose: take them, a byte order mark, and what may stand in a field that nobody asks for:
            halves of UTF-16 pairs, integers of any length, the long ones as floats.

    Raises:
        CorruptFileError: no JSON; more than `DEEPEST` levels; integers of more than `LONGEST`
            digits; numbers that are not finite; half a character, which no UTF-8 file can hold.
    """
    if isinstance(text, bytes):
        text = _decoded(text, what)
    if loose:
        text = text.removeprefix("\ufeff")
    if text.startswith("\ufeff"):
        raise CorruptFileError(f"{what} begins with a byte order mark: save it as plain UTF-8.")
    try:
        value = json.loads(text, **_hooks(text, nan or loose, loose))
        if text.count("[") + text.count("{") > DEEPEST:
            _check_depth(value)
        if not loose and _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise CorruptFileError(f"{what} nests deeper than {DEEPEST} levels.") from None
    except UnicodeEncodeError:
        raise CorruptFileError(f"{what} has half a UTF-16 pair, which is no character.") from None
    except json.JSONDecodeError as error:
        raise CorruptFileError(f"{what} is not JSON: {error}.") from None
    except ValueError as error:  # of a hook
        raise CorruptFileError(f"{what} is not JSON that is read here: {error}.") from None
    return value


def _hooks(text: str, nan: bool, loose: bool) -> dict[str, Any]:
    """What `json.loads` calls for numbers: only where it must, since it is slow."""
    found: dict[str, Any] = {} if nan else {"parse_constant": _finite}
    long = _LONG.search(text)
    if long:
        found["parse_int"] = _any_whole if loose else _whole
    if not nan and (long or _HUGE.search(text)):
        found["parse_float"] = _finite
    return found


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
    """Raise `RecursionError` beyond `DEEPEST` levels: what takes the value may recurse."""
    level = [value] if isinstance(value, _NESTED) else []
    for _ in range(DEEPEST):
        within = (v.values() if isinstance(v, dict) else v for v in level)
        level = [child for children in within for child in children if isinstance(child, _NESTED)]
    if level:
        raise RecursionError


def stand_in(path: str | os.PathLike[str], head: bytes) -> None:
    """Raise `CorruptFileError` where a file's first bytes show what came in place of a large file:
    a pointer of Git LFS, a web page."""
    if head.startswith(b"version https://git-lfs"):
        raise CorruptFileError(
            f"{path} is a pointer of Git LFS, not the file itself: run `git lfs pull` there."
        )
    if head.lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise CorruptFileError(
            f"{path} is a web page, not the file itself: download it again by its direct address."
        )


def sha256(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a regular file, in hexadecimal. Raises what `open_regular` does."""
    total = hashlib.sha256()
    with open_regular(path) as file:
        try:
            while block := file.read(1 << 20):
                total.update(block)
        except OSError as error:
            raise read_error(path, error) from None
    return total.hexdigest()
