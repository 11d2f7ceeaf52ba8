"""`Journal`: what finished work gave, a JSON value a line, so that a killed process resumes.

One process at a time has it. A line is there whole or not at all: half of one, where a kill or a
full disk came in between, is taken off when the file is opened again. A file that is no journal of
this work is an error and stays as it is.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any

from gpt2.errors import CorruptFileError
from gpt2.files.locks import lock
from gpt2.files.reading import parse_json
from gpt2.files.writing import reported

LONGEST = 256 << 20  # bytes of a line


def no_journal(path: Path) -> CorruptFileError:
    """What to tell the user of a file that someone else wrote."""
    return CorruptFileError(f"{path} is no journal of this work: remove it, or write elsewhere.")


class Journal:
    """A journal on the disk, begun or gone on with.

    Args:
        path: the file; its folder is made where there is none.
        take: is given each entry that is there with its number from 0. It raises what is wrong with
            one, and returns False where this and all after it are to be cut off.
        begins: how the first line begins, for a file that has no whole line yet.

    Raises:
        OptionError: another process has it, or what ``take`` raises.
        CorruptFileError: what is there is no journal.
        WriteError: it cannot be written, or is a link.
    """

    def __init__(self, path: Path, take: Callable[[int, Any], bool], begins: str) -> None:
        self.path = path
        with reported(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._file = lock(path, f"Another process is writing to {path}.")
        self.cut = 0  # lines that were cut off
        self._unended = False  # the last line that stays lacks its end
        try:
            self._size = self._read(take, begins.encode())
            with reported(path):
                self._file.truncate(self._size)
                self._file.seek(self._size)
            if self._unended:
                self._write(b"\n")
        except BaseException:
            self._file.close()
            raise

    @property
    def empty(self) -> bool:
        """Whether nothing is in it yet."""
        return self._size == 0

    def add(self, entry: Any) -> None:
        """Write an entry to the file. Raises `WriteError`; the file is as it was then."""
        self._write(json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace") + b"\n")

    def _write(self, content: bytes) -> None:
        with reported(self.path):
            try:
                rest = memoryview(content)
                while rest:
                    rest = rest[self._file.write(rest) :]
            except BaseException:
                with contextlib.suppress(OSError):
                    self._file.truncate(self._size)
                    self._file.seek(self._size)
                raise
        self._size += len(content)

    def close(self) -> None:
        """Let others have it."""
        self._file.close()

    def remove(self) -> None:
        """It is not needed any more."""
        self.path.unlink(missing_ok=True)
        self.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, take: Callable[[int, Any], bool], begins: bytes) -> int:
        """The bytes of the lines that stay."""
        size = 0
        for number, line in enumerate(self._lines()):
            where = self._where(number)
            if not line.endswith(b"\n"):
                if number == 0 and not (begins.startswith(line) or line.startswith(begins)):
                    raise no_journal(self.path)
                stays = not self.cut and _is_whole(line) and take(number, parse_json(line, where))
                self._unended = stays
            else:
                stays = take(number, parse_json(line, where, nan=True)) and not self.cut
            self.cut += not stays
            size += len(line) if stays else 0
        return size

    def _lines(self) -> Iterator[bytes]:
        self._file.seek(0)
        file = BufferedReader(self._file)
        try:
            for number in range(1 << 63):
                line = file.readline(LONGEST)
                if len(line) == LONGEST:
                    raise CorruptFileError(f"{self._where(number)} has over {LONGEST:,} bytes.")
                if not line:
                    return
                yield line
        finally:
            file.detach()

    def _where(self, number: int) -> str:
        return f"{self.path}, line {number + 1}"


def _is_whole(line: bytes) -> bool:
    """Whether a line lacks nothing but its end."""
    try:
        parse_json(line, "")
    except CorruptFileError:
        return False
    return True
