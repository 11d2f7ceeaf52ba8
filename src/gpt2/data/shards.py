"""Writes the files of a split: tokens, and the ends of documents.

A shard is two files of numbers without a header. ``train-00000.bin`` holds the concatenated tokens
of the documents (uint16 or uint32). ``train-00000.ends`` holds, for each document, the number of
tokens up to and including its last one (uint64). No document is split between shards.

The files on the disk are valid up to the state that `Writer.save` returned; a writer made from that
state cuts off everything after it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gpt2.errors import CorruptFileError
from gpt2.files import reported
from gpt2.files.locks import open_own

ENDS = np.dtype("<u8")
NAME = re.compile(r"[a-z]+-[0-9]{5,}\.bin")  # the only form of shard names in this folder


@dataclasses.dataclass
class Shard:
    """A pair of files, or the part written so far."""

    file: str  # the tokens; the ends are in a file next to it
    tokens: int = 0
    documents: int = 0
    sha256: str = ""  # of the token file, once it is complete
    ends_sha256: str = ""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.file):
            raise CorruptFileError(
                f"{self.file!r:.80} is not a valid shard name such as train-00000.bin."
            )
        if self.tokens < 0 or self.documents < 0:
            raise CorruptFileError(f"{self.file} has a negative number of tokens or documents.")

    @property
    def ends(self) -> str:
        """The name of the file with the ends of documents."""
        return str(Path(self.file).with_suffix(".ends"))


@dataclasses.dataclass
class Written:
    """What a `Writer` needs to resume: its shards and the bytes of text in them."""

    bytes: int
    shards: list[Shard]


class Writer:
    """Appends documents to the shards of a split.

    Args:
        folder: the folder of the files.
        split: the prefix of their names.
        dtype: of the tokens.
        limit: the number of tokens after which the next document starts a new shard.
        saved: what `save` returned; without it the split starts empty.
    """

    def __init__(
        self,
        folder: Path,
        split: str,
        dtype: np.dtype[Any],
        limit: int,
        saved: Written | None = None,
    ) -> None:
        self.folder, self.split, self.dtype, self.limit = folder, split, dtype, limit
        self.bytes = saved.bytes if saved else 0
        self.shards = list(saved.shards) if saved else []
        self._tokens: list[np.ndarray] = []
        self._ends: list[int] = []
        self._files: tuple[_HashedFile, _HashedFile] | None = None
        if self.shards and not self.shards[-1].sha256:
            self._open(self.shards[-1])

    def append(self, ids: np.ndarray, size: int) -> None:
        """Add a document of ``size`` bytes of text. Raises `WriteError`."""
        if self._files is None:
            self.shards.append(Shard(f"{self.split}-{len(self.shards):05d}.bin"))
            self._open(self.shards[-1])
        shard = self.shards[-1]
        shard.tokens += len(ids)
        shard.documents += 1
        self.bytes += size
        self._tokens.append(ids)
        self._ends.append(shard.tokens)
        if shard.tokens >= self.limit:
            self.finish()

    def save(self) -> Written:
        """Fsync everything and return what a new writer needs to resume here."""
        self.flush()
        for file in self._files or ():
            file.sync()
        return Written(self.bytes, self.shards)

    def flush(self) -> None:
        """Pass the appended documents to the operating system."""
        if self._files and self._tokens:
            self._files[0].write(np.concatenate(self._tokens).astype(self.dtype, copy=False))
            self._files[1].write(np.array(self._ends, ENDS))
            self._tokens, self._ends = [], []

    def finish(self) -> None:
        """Close the open shard, if any, and compute its hashes."""
        if self._files is not None:
            self.flush()
            shard = self.shards[-1]
            shard.sha256, shard.ends_sha256 = (file.close() for file in self._files)
            self._files = None

    def abandon(self) -> None:
        """Close the files without writing buffered documents."""
        for file in self._files or ():
            file.abandon()
        self._files = None

    def _open(self, shard: Shard) -> None:
        self._files = (
            _HashedFile(self.folder / shard.file, shard.tokens * self.dtype.itemsize),
            _HashedFile(self.folder / shard.ends, shard.documents * ENDS.itemsize),
        )


class _HashedFile:
    """A file truncated to ``size`` bytes for appending, with a hash of its full content."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        with reported(path):
            self.file = open_own(path, os.O_RDWR | os.O_CREAT)
            bytes_there = os.fstat(self.file.fileno()).st_size
        if bytes_there < size:
            self.file.close()
            raise CorruptFileError(
                f"{path} has {bytes_there} bytes, but {size} were written: start over with "
                "--overwrite."
            )
        with reported(path):
            self.file.truncate(size)
            self.hash = hashlib.file_digest(self.file, "sha256")

    def write(self, numbers: np.ndarray) -> None:
        content = memoryview(numbers.data).cast("B")
        self.hash.update(content)
        with reported(self.path):
            while content:
                content = content[self.file.write(content) :]

    def sync(self) -> None:
        with reported(self.path):
            os.fsync(self.file.fileno())

    def close(self) -> str:
        self.sync()
        self.file.close()
        return self.hash.hexdigest()

    def abandon(self) -> None:
        self.file.close()


def remove_others(folder: Path, kept: Sequence[Shard]) -> None:
    """Remove shards in ``folder`` that are not in ``kept``: they were begun after the last save."""
    names = {name for shard in kept for name in (shard.file, shard.ends)}
    for pattern in ("*.bin", "*.ends"):
        for path in folder.glob(pattern):
            if path.name not in names:
                path.unlink()
