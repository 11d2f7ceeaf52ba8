"""The sources named on the command line and their documents, in a fixed order.

A `Position` in that order is a number of completed files and a number of documents of the next
file. Reading can start at any position, so a killed preparation can resume.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from gpt2.data import containers, formats, hub_sets
from gpt2.data.formats import Document, Reading
from gpt2.errors import CorruptFileError, InputError, MissingFileError, OptionError
from gpt2.files import exists, is_same, path_of, remote, sha256
from gpt2.files.reading import not_regular

if TYPE_CHECKING:
    from gpt2.data.cut import Cut

STDIN = "-"


@dataclasses.dataclass(frozen=True)
class File:
    """One source file: a path, standard input, or a data set of the hub."""

    name: str
    size: int | None = None  # bytes; None if unknown
    named: bool = True  # given on the command line, not found in a folder

    @property
    def remote(self) -> bool:
        """Whether this is a URL that fsspec reads."""
        return remote.is_remote(self.name)

    @property
    def shown(self) -> str:
        """The name for messages; its extension decides how the file is read."""
        return remote.public(self.name)


@dataclasses.dataclass(frozen=True)
class Position:
    """A reading position, and a checksum of the last document read (0 before the first)."""

    file: int = 0
    documents: int = 0
    check: int = 0

    def __post_init__(self) -> None:
        if min(self.file, self.documents) < 0:
            raise CorruptFileError("a position must not be negative.")


def find(sources: Sequence[str], written: Path | None = None) -> list[File]:
    """The files of the sources, without hidden ones; files of a folder are ordered by path.

    Links to folders are followed, each folder once. Files in ``written``, the folder that is being
    written, are skipped when a folder that contains it is a source.

    Raises `MissingFileError` for a missing source, `InputError` for an empty folder or a pipe, and
    `OptionError` for the folder that is being written.
    """
    files: list[File] = []
    for source in sources:
        path = path_of(source)
        if is_stream(source):
            files.append(File(source))
        elif remote.is_remote(source):
            files += _remote(source)
        elif not exists(path):
            raise MissingFileError(
                f"there is no file or folder {source}. To read a dataset from the hub, write "
                f"hub:{source}."
            )
        elif path.is_dir():
            if written is not None and is_same(path, written):
                raise OptionError(f"{source} is the output folder: choose another folder with -o.")
            within = _folder(path, written)
            if not within:
                raise InputError(f"the folder {source} contains no files.")
            files += within
        elif not path.is_file():
            raise InputError(
                f"{not_regular(source, path.stat().st_mode)} For standard input, write -."
            )
        else:
            files.append(File(source, path.stat().st_size))
    return files


def _remote(source: str) -> list[File]:
    """The file at a URL, or the files below it."""
    listing = [
        File(name, size, named=name == source)
        for name, size in remote.list_files(source)
        if not containers.hidden(name.removeprefix(source))
    ]
    if not listing:
        raise InputError(f"{remote.public(source)} contains no files.")
    return listing


def is_stream(source: str) -> bool:
    """Whether a source is not a path but standard input or a data set of the hub."""
    return source == STDIN or source.startswith(hub_sets.PREFIX)


def _folder(folder: Path, written: Path | None) -> list[File]:
    paths: list[Path] = []
    seen = {os.path.realpath(written)} if written is not None else set()
    waiting = [folder]  # folders, then the targets of links
    while waiting:
        for root, folders, names in os.walk(waiting.pop(0)):
            place, real = Path(root), os.path.realpath(root)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            waiting += sorted(place / name for name in folders if (place / name).is_symlink())
            paths += [place / name for name in names]
    shown = [p for p in paths if not containers.hidden(str(p.relative_to(folder))) and p.is_file()]
    return [File(str(p), p.stat().st_size, named=False) for p in sorted(shown)]


def fingerprint(files: Sequence[File]) -> str:
    """A hash of the contents of the files, in order; names and times do not count."""
    return hash_of([identify(file) for file in files])


def identify(file: File) -> list[str]:
    """Identifies a file by its kind and the hash of its contents.

    The kind is its extension, which decides how it is read. A stream that can be read only once and
    a data set of the hub are identified by their name.
    """
    if file.size is None and not file.remote:
        return [file.name]
    with containers.readable(file.shown):
        return [_kind(file), remote.sha256(file.name) if file.remote else sha256(file.name)]


def listing(files: Sequence[File]) -> str:
    """A hash of the kinds and sizes of the files, without reading them."""
    return hash_of([[f.name] if f.size is None else [_kind(f), f.size] for f in files])


def hash_of(value: Any) -> str:
    """The SHA-256 of a value that JSON can represent."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _kind(file: File) -> str:
    return "".join(PurePosixPath(file.shown).suffixes[-2:]).lower()


class Reader:
    """Reads the documents of files from a position on: all of them, or those of a `Cut`.

    Attributes:
        total: the total bytes of the files, or None if a size is unknown.
    """

    def __init__(
        self,
        files: Sequence[File],
        reading: Reading,
        streaming: bool = True,
        cut: Cut | None = None,
    ) -> None:
        self.files, self.reading, self.streaming, self.cut = files, reading, streaming, cut
        self.read = [index for index in range(len(files)) if not cut or cut.touches(index)]
        sizes = [files[index].size for index in self.read]
        self.total = None if None in sizes else sum(size or 0 for size in sizes)
        self._before = 0
        self._open: IO[bytes] | None = None

    def documents(self, start: Position) -> Iterator[tuple[Document, int, int]]:
        """Yield (document, number of its file, its number in that file from 1).

        Raises `InputError` if the document before ``start`` has changed.
        """
        left = [index for index in self.read if index >= start.file]
        self._before = sum(self.files[i].size or 0 for i in self.read[: len(self.read) - len(left)])
        for index in left:
            file = self.files[index]
            done = start.documents if index == start.file else 0
            documents = self._file(file, max(0, done - 1))
            if done and check_of(next(documents, "")) != start.check:
                raise InputError(_describe_change(file.shown))
            for number, document in enumerate(documents, done + 1):
                if not self.cut or self.cut.has(index, number):
                    yield document, index, number
            self._before += file.size or 0

    def read_so_far(self) -> int:
        """The number of bytes read from the files, before decompression."""
        here = self._open.tell() if self._open and not self._open.closed else 0
        return self._before + here

    def _file(self, file: File, skip: int) -> Iterator[Document]:
        if file.name.startswith(hub_sets.PREFIX):
            yield from hub_sets.documents(file.name, self.reading, self.streaming, skip)
            return
        with containers.readable(file.shown):
            if file.name == STDIN:
                if sys.stdin is None:
                    raise InputError("standard input is closed.")
                documents = formats.documents(STDIN, sys.stdin.buffer, self.reading)
                yield from islice(documents, skip, None)
                self._refuse(STDIN, "Standard input")
                return
            with _open(file) as stream:
                self._open = stream
                yield from islice(self._plain(file, stream), skip, None)
                self._open = None

    def _plain(self, file: File, stream: IO[bytes]) -> Iterator[Document]:
        for name, inner in containers.members(file.shown, stream):
            with containers.readable(name):
                yield from formats.documents(name, inner, self.reading)
                if file.named and name == file.shown:
                    self._refuse(name, name)

    def _refuse(self, name: str, shown: str) -> None:
        """Raise `InputError` if a file that the user named turns out not to be text."""
        if name in self.reading.skipped:
            raise InputError(f"{shown} is not text: {self.reading.skipped[name]}.")


def texts(files: Sequence[File], reading: Reading) -> Iterator[str]:
    """All documents of the files as text."""
    for document, _, _ in Reader(files, reading).documents(Position()):
        yield formats.page_text(document) if isinstance(document, formats.HTML) else document


def _open(file: File) -> IO[bytes]:
    return remote.open_file(file.name) if file.remote else Path(file.name).open("rb")


def check_of(document: Document) -> int:
    """A checksum of a document, never 0."""
    content = document if isinstance(document, bytes) else document.encode("utf-8", "surrogatepass")
    return zlib.crc32(content) or 1


def _describe_change(name: str) -> str:
    return (
        f"{name} has changed since the preparation began: restore it, or use --overwrite to start "
        "over."
    )
