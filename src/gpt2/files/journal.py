"""`Journal`: results of finished work, one JSON value per line, so that a killed process resumes.

Only one process at a time may use it. An incomplete line, left by a kill or a full disk, is removed
when the file is opened again. A file that is not a journal of this work is an error and is left
unchanged.
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
from gpt2.files.reading import is_json, parse_json
from gpt2.files.writing import reported

LONGEST = 256 << 20  # the most bytes of a line


def no_journal(path: Path) -> CorruptFileError:
    """The error for a file that is not a journal of this work."""
    return CorruptFileError(
        f"{path} is not a journal of this run: remove it, or write to another file."
    )


class Journal:
    """A new or resumed journal file.

    Args:
        path: the file; its folder is created if necessary.
        take: called with the number (from 0) of each existing entry and the entry. It raises an
            error for an invalid one, and returns False to discard it and all later ones.
        begins: the beginning of the first line, to recognise a file without a complete line.

    Raises:
        OptionError: another process uses the file, or an error raised by ``take``.
        CorruptFileError: the existing file is not a journal.
        WriteError: the file cannot be written, or is a link.
    """

    def __init__(self, path: Path, take: Callable[[int, Any], bool], begins: str) -> None:
        self.path = path
        with reported(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._file = lock(path, f"Another process is writing to {path}.")
        self.cut = 0  # the number of discarded lines
        self._unended = False  # whether the last kept line lacks its newline
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
        """Whether the journal has no entries."""
        return self._size == 0

    def add(self, entry: Any) -> None:
        """Append an entry. Raises `WriteError`, leaving the file unchanged."""
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
        """Close and unlock the file."""
        self._file.close()

    def remove(self) -> None:
        """Delete the file, when it is no longer needed."""
        self.path.unlink(missing_ok=True)
        self.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, take: Callable[[int, Any], bool], begins: bytes) -> int:
        """Read the entries; returns the size in bytes of the lines to keep."""
        size = 0
        for number, line in enumerate(self._lines()):
            where = self._where(number)
            if not line.endswith(b"\n"):
                if number == 0 and not (begins.startswith(line) or line.startswith(begins)):
                    raise no_journal(self.path)
                # complete except for its newline?
                stays = not self.cut and is_json(line) and take(number, parse_json(line, where))
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
                    raise CorruptFileError(
                        f"{self._where(number)} exceeds the limit of {LONGEST:,} bytes."
                    )
                if not line:
                    return
                yield line
        finally:
            file.detach()

    def _where(self, number: int) -> str:
        return f"{self.path}, line {number + 1}"
