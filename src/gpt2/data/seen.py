"""Exact deduplication: hashes of earlier documents, kept on the disk so that memory is bounded."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from gpt2.errors import WriteError


class Seen:
    """The hashes of the documents kept so far.

    ``count`` is their number. If the database holds more (the program was killed between two
    saves), the later ones are removed. Raises `WriteError`.
    """

    def __init__(self, path: Path, count: int = 0) -> None:
        self.path, self.count = path, count
        with self._report_errors():
            self._data = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._data.execute("PRAGMA cache_size = -65536")  # 64 MiB
            self._data.execute(
                "CREATE TABLE IF NOT EXISTS seen (hash BLOB PRIMARY KEY, at INTEGER) WITHOUT ROWID"
            )
            self._data.execute("DELETE FROM seen WHERE at >= ?", (count,))
            self._data.execute("BEGIN")

    def add(self, digest: bytes) -> bool:
        """Add a document; returns whether it is new."""
        with self._report_errors():
            done = self._data.execute(
                "INSERT OR IGNORE INTO seen VALUES (?, ?)", (digest, self.count)
            )
        self.count += done.rowcount
        return done.rowcount == 1

    def save(self) -> int:
        """Fsync the database; returns the count to resume from."""
        with self._report_errors():
            self._data.execute("COMMIT")
            self._data.execute("BEGIN")
        return self.count

    def close(self) -> None:
        """Close the database; unsaved hashes are lost."""
        self._data.close()

    @contextlib.contextmanager
    def _report_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise WriteError(
                f"{self.path} could not be written: {error}. Is the disk full?"
            ) from error
