"""Files elsewhere: addresses that fsspec reads, as s3://, gs://, hf://, http://, memory://.

What is read from beginning to end is streamed. All other work is on this machine's disk, in a
folder of its own for each address, and is sent when it is whole, a manifest last; so what is begun
here resumes here, and elsewhere there is all of it or nothing that a reader takes for it.
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
from typing import IO, Any

from gpt2.errors import (
    CorruptFileError,
    GPT2Error,
    InputError,
    MissingDependencyError,
    MissingFileError,
    ModelFileError,
    reason,
    shown,
)
from gpt2.extras import need
from gpt2.files.reading import read_text
from gpt2.files.writing import write_text

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://")
WITHIN = re.compile(ADDRESS.pattern + r"[^\s'\"<>()]+")  # an address that a message quotes
BLOCK = 1 << 20  # bytes read at a time
LAST = "manifest.json"  # by which a reader finds the rest
_ADDRESSES: dict[Path, str] = {}  # of the places here that stand for them


def is_remote(name: str | os.PathLike[str]) -> bool:
    """Whether a name is an address, and no path."""
    return bool(ADDRESS.match(os.fspath(name)))


def public(address: str) -> str:
    """An address without what is secret in it: a password, and the query, which may be a signature.

    It is what messages and files that are passed on may say; a path is as it was.
    """
    if not is_remote(address):
        return address
    text = re.sub(r"(://[^/@:]*):[^/@]*@", r"\1@", address)
    return text.partition("?")[0] if text.startswith("http") else text


@contextlib.contextmanager
def _files(address: str) -> Iterator[tuple[Any, str]]:
    """What reads an address, and its name there; what that raises becomes an error of ours."""
    fsspec = need("fsspec", f"Reading {public(address)}")
    with _errors(address):
        yield fsspec.core.url_to_fs(address)


@contextlib.contextmanager
def _errors(address: str) -> Iterator[None]:
    """Raise what a protocol's library raises as an error of ours, without what is secret."""
    name = public(address)

    def why(error: Exception) -> str:
        return reason(Exception(WITHIN.sub(lambda found: public(found[0]), str(error))))

    try:
        yield
    except GPT2Error:
        raise
    except ImportError as error:
        raise MissingDependencyError(f"{name}: {why(error)}.") from None
    except FileNotFoundError:
        raise MissingFileError(f"{name} is not there.") from None
    except ValueError as error:
        raise InputError(f"{name}: {why(error)}.") from None
    except Exception as error:  # each protocol has errors of its own
        raise ModelFileError(f"{name} could not be reached: {why(error)}.") from None


def listed(address: str) -> list[tuple[str, int | None]]:
    """The address of a file or of those below a folder, in the order of their names, with sizes."""
    with _files(address) as (files, name):
        if files.isfile(name):
            return [(address, files.size(name))]
        found = files.find(name, detail=True)
        return [(files.unstrip_protocol(path), found[path]["size"]) for path in sorted(found)]


def exists(address: str) -> bool:
    """Whether something is there."""
    with _files(address) as (files, name):
        return bool(files.exists(name))


def opened(address: str) -> IO[bytes]:
    """A file, to be read from its beginning."""
    with _files(address) as (files, name):
        return io.BufferedReader(_File(files.open(name, "rb"), address), BLOCK)


class _File(io.RawIOBase):
    """A protocol's own kind of file, which need not have all that a file has."""

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
    total = hashlib.sha256()
    with _files(address), opened(address) as stream:
        while block := stream.read(1 << 20):
            total.update(block)
    return total.hexdigest()


def scratch(address: str) -> Path:
    """The folder of this machine for work on an address; it is the user's own."""
    folder = Path(tempfile.gettempdir()) / f"gpt2-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise ModelFileError(f"{folder} belongs to someone else: set TMPDIR.")
    return folder / hashlib.sha256(address.rstrip("/").encode()).hexdigest()[:32]


def fetch(address: str, target: Path) -> None:
    """A file or a folder with all below it, to this machine; the target is there when it is whole.

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
    """The files below a folder there, and where each goes in ``folder``: never outside of it, a key
    of an object store may hold any text."""
    start = f"{name.rstrip('/')}/"
    for path in files.find(name):
        at = path.removeprefix(start)
        if at.endswith("/"):  # what some stores keep for a folder
            continue
        if {"", ".", ".."} & set(at.split("/")):
            raise CorruptFileError(f"{public(name)} names a file outside its folder: {shown(at)}.")
        yield path, folder / at


def send(source: Path, address: str) -> None:
    """A file, or a folder's files with the manifest last, to an address."""
    paths = [p for p in source.rglob("*") if p.is_file()] if source.is_dir() else [source]
    with _files(address) as (files, name):
        manifest = f"{name.rstrip('/')}/{LAST}"
        if (source / LAST).is_file() and files.exists(manifest):
            files.rm_file(manifest)  # until all is there, nothing is
        for path in sorted(paths, key=lambda path: (path.name == LAST, path)):
            at = path.relative_to(source).as_posix()
            target = name if path == source else f"{name.rstrip('/')}/{at}"
            files.makedirs(target.rpartition("/")[0], exist_ok=True)
            files.put_file(str(path), target)


def remove(address: str) -> None:
    """What is at an address, with all below it, if anything is."""
    with _files(address) as (files, name):
        if files.exists(name):
            files.rm(name, recursive=True)


@contextlib.contextmanager
def local(address: str) -> Iterator[Path]:
    """A path for what is to be written to an address, which is sent when the block ends well, or
    with a code of its own.

    What is there already is there in the block too; of a folder, only its manifest.
    """
    place = scratch(address) / "output" / (address.rstrip("/").rpartition("/")[2] or "output")
    stands_for(place, address)
    there = scratch(address) / "there"
    if not place.exists():
        manifest = f"{address.rstrip('/')}/{LAST}"
        if exists(manifest):
            fetch(manifest, place / LAST)
        elif exists(address):
            fetch(address, place)
        write_text(there, _state(place))
    # what a run that ended before all was sent has left is none of what is there
    before = read_text(there) if there.exists() else ""
    ended: SystemExit | None = None
    try:
        yield place
    except SystemExit as error:  # a code that tells of rows that failed: all is written
        ended = error
    if _state(place) != before:
        send(place, address)
    shutil.rmtree(scratch(address), ignore_errors=True)
    if ended:
        raise ended


def stands_for(place: Path, address: str) -> None:
    """Let messages call a place of this machine by its address."""
    _ADDRESSES[place] = public(address)


def address_of(text: str | Path) -> str:
    """A path or a message, with addresses for the places that stand for them."""
    text = str(text)
    for place, address in _ADDRESSES.items():
        text = text.replace(str(place), address)
    return text


def _state(place: Path) -> str:
    """A hash of what is in a place, by names, sizes and times."""
    paths = [place, *place.rglob("*")] if place.exists() else []
    found = [(str(p), p.stat()) for p in paths if p.is_file()]
    state = sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in found)
    return hashlib.sha256(repr(state).encode()).hexdigest()
