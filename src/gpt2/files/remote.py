"""Remote files: URLs that fsspec supports, such as s3://, gs://, hf://, http://, memory://.

Sequential reads are streamed. All other work happens on the local disk, in a separate folder per
URL, and is uploaded when it is complete, with the manifest last. So interrupted work resumes
locally, and the remote has either the complete result or nothing that a reader would use.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gpt2.errors import (
    CorruptFileError,
    GPT2Error,
    InputError,
    MissingDependencyError,
    MissingFileError,
    ModelFileError,
    reason,
    show,
)
from gpt2.extras import need
from gpt2.files.reading import read_text
from gpt2.files.writing import write_text

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://")
WITHIN = re.compile(ADDRESS.pattern + r"[^\s'\"<>()]+")  # a URL quoted in a message
BLOCK = 1 << 20  # bytes read at a time
LAST = "manifest.json"  # the file from which a reader finds the others
_ADDRESSES: dict[Path, str] = {}  # local path -> the URL it stands for


def is_remote(name: str | os.PathLike[str]) -> bool:
    """Whether a name is a URL rather than a path."""
    return bool(ADDRESS.match(os.fspath(name)))


def public(address: str) -> str:
    """Remove the secrets from a URL: a password, and the query, which may be a signature.

    The result may appear in messages and shared files; a path is returned unchanged.
    """
    if not is_remote(address):
        return address
    text = re.sub(r"(://[^/@:]*):[^/@]*@", r"\1@", address)
    return text.partition("?")[0] if text.startswith("http") else text


@contextlib.contextmanager
def _files(address: str) -> Iterator[tuple[Any, str]]:
    """The fsspec file system of a URL and the path in it; errors are converted to ours."""
    fsspec = need("fsspec", f"Reading {public(address)}")
    with _errors(address):
        yield fsspec.core.url_to_fs(address)


@contextlib.contextmanager
def _errors(address: str) -> Iterator[None]:
    """Convert errors of a protocol's library to ours, without secrets."""
    name = public(address)

    def why(error: Exception) -> str:
        return reason(Exception(WITHIN.sub(lambda match: public(match[0]), str(error))))

    try:
        yield
    except GPT2Error:
        raise
    except ImportError as error:
        raise MissingDependencyError(f"{name}: {why(error)}.") from None
    except FileNotFoundError:
        raise MissingFileError(f"{name} does not exist.") from None
    except ValueError as error:
        raise InputError(f"{name}: {why(error)}.") from None
    except Exception as error:  # each protocol has its own errors
        raise ModelFileError(f"{name} could not be reached: {why(error)}.") from None


def list_files(address: str) -> list[tuple[str, int | None]]:
    """The URLs and sizes of a file, or of all files below a folder, sorted by name."""
    with _files(address) as (files, name):
        if files.isfile(name):
            return [(address, files.size(name))]
        entries = files.find(name, detail=True)
        return [(files.unstrip_protocol(path), entries[path]["size"]) for path in sorted(entries)]


def exists(address: str) -> bool:
    """Whether the URL exists."""
    with _files(address) as (files, name):
        return bool(files.exists(name))


def open_file(address: str) -> io.BufferedReader:
    """Open a file for reading from its beginning."""
    with _files(address) as (files, name):
        return io.BufferedReader(_File(files.open(name, "rb"), address), BLOCK)


class _File(io.RawIOBase):
    """Wraps a protocol's file object, which may lack methods of a regular file."""

    def __init__(self, file: Any, address: str) -> None:
        self.file, self.address = file, address

    def readinto(self, buffer: Any) -> int:
        with _errors(self.address):
            block = self.file.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self.file.seekable())

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with _errors(self.address):
            return int(self.file.seek(offset, whence))

    def tell(self) -> int:
        return int(self.file.tell())

    def close(self) -> None:
        self.file.close()
        super().close()


def sha256(address: str) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with _files(address), open_file(address) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def scratch(address: str) -> Path:
    """The local working folder for a URL, owned by the user."""
    folder = Path(tempfile.gettempdir()) / f"gpt2-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise ModelFileError(
            f"{folder} belongs to another user: set TMPDIR to a folder of your own."
        )
    return folder / hashlib.sha256(address.rstrip("/").encode()).hexdigest()[:32]


def fetch(address: str, target: Path) -> None:
    """Download a file, or a folder recursively; the target only appears when it is complete.

    Raises `MissingFileError`.
    """
    part = target.with_name(target.name + ".part")
    with _files(address) as (files, name):
        if part.is_dir():
            shutil.rmtree(part)
        target.parent.mkdir(parents=True, exist_ok=True)
        if files.isdir(name):
            part.mkdir()
            for path, at in _below(files, name, part):
                at.parent.mkdir(parents=True, exist_ok=True)
                files.get_file(path, str(at))
        else:
            files.get_file(name, str(part))
        part.replace(target)


def _below(files: Any, name: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files below a remote folder and their paths in ``folder``. Paths outside it are
    rejected, since a key in an object store may be any text."""
    start = f"{name.rstrip('/')}/"
    for path in files.find(name):
        at = path.removeprefix(start)
        if at.endswith("/"):  # a folder marker of some object stores
            continue
        if {"", ".", ".."} & set(at.split("/")):
            raise CorruptFileError(f"{public(name)} names a file outside its folder: {show(at)}.")
        yield path, folder / at


def send(source: Path, address: str) -> None:
    """Upload a file, or a folder's files with the manifest last."""
    paths = [p for p in source.rglob("*") if p.is_file()] if source.is_dir() else [source]
    with _files(address) as (files, name):
        manifest = f"{name.rstrip('/')}/{LAST}"
        if (source / LAST).is_file() and files.exists(manifest):
            files.rm_file(manifest)  # hide the folder until the upload is complete
        for path in sorted(paths, key=lambda path: (path.name == LAST, path)):
            at = path.relative_to(source).as_posix()
            target = name if path == source else f"{name.rstrip('/')}/{at}"
            files.makedirs(target.rpartition("/")[0], exist_ok=True)
            files.put_file(str(path), target)


def remove(address: str) -> None:
    """Delete a file, or a folder recursively, if it exists."""
    with _files(address) as (files, name):
        if files.exists(name):
            files.rm(name, recursive=True)


@contextlib.contextmanager
def local(address: str) -> Iterator[Path]:
    """Yield a local path for output to a URL, which is uploaded if the block succeeds or exits with
    a status code.

    An existing file is downloaded first; of a folder, only the manifest.
    """
    place = scratch(address) / "output" / (address.rstrip("/").rpartition("/")[2] or "output")
    call_by_address(place, address)
    there = scratch(address) / "there"
    if not place.exists():
        manifest = f"{address.rstrip('/')}/{LAST}"
        if exists(manifest):
            fetch(manifest, place / LAST)
        elif exists(address):
            fetch(address, place)
        write_text(there, _state(place))
    # the state as downloaded: results of a run that ended before the upload differ from it
    before = read_text(there) if there.exists() else ""
    ended: SystemExit | None = None
    try:
        yield place
    except SystemExit as error:  # a status for failed rows: the output is complete
        ended = error
    if _state(place) != before:
        send(place, address)
    shutil.rmtree(scratch(address), ignore_errors=True)
    if ended:
        raise ended


def call_by_address(place: Path, address: str) -> None:
    """Register a local path so that messages show its URL instead."""
    _ADDRESSES[place] = public(address)


def address_of(text: str | Path) -> str:
    """Replace the local paths in a path or a message by the URLs they stand for."""
    text = str(text)
    for place, address in _ADDRESSES.items():
        text = text.replace(str(place), address)
    return text


def _state(place: Path) -> str:
    """A hash of the contents of a path, from names, sizes and modification times."""
    paths = [place, *place.rglob("*")] if place.exists() else []
    files = [(str(p), p.stat()) for p in paths if p.is_file()]
    state = sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in files)
    return hashlib.sha256(repr(state).encode()).hexdigest()
