"""Unpacks compressed files and archives, nested to any depth, into plain files."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import shutil
import struct
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import IO, Any

from gpt2.errors import CorruptFileError, GPT2Error, InputError, reason
from gpt2.extras import need

Stream = IO[bytes]
DEEPEST = 30  # nesting depth of containers
SHORT = {".tgz": ".tar.gz", ".txz": ".tar.xz", ".tbz2": ".tar.bz2", ".tzst": ".tar.zst"}


ARCHIVES = (".tar", ".zip")


def _zstd(stream: Stream) -> Stream:
    module = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    return need(module, "Reading .zst").open(stream)


COMPRESSED: dict[str, Callable[[Stream], Any]] = {
    ".gz": lambda stream: gzip.GzipFile(fileobj=stream, mode="rb"),
    ".xz": lzma.LZMAFile,
    ".bz2": bz2.BZ2File,
    ".zst": _zstd,
}


def members(name: str, stream: Stream, depth: int = 0) -> Iterator[tuple[str, Stream]]:
    """Yield the plain files in ``stream`` with their names, without hidden files.

    The stream of a member is valid until the next member is requested. Raises `InputError` beyond
    `DEEPEST`.
    """
    if depth > DEEPEST:
        raise InputError(f"{name:.200} is nested in more than {DEEPEST} files: unpack it first.")
    name = _long(name)
    lower = name.lower()
    for suffix, opened in COMPRESSED.items():
        if lower.endswith(suffix):
            yield from members(name[: -len(suffix)], opened(stream), depth + 1)
            return
    if lower.endswith(".tar"):
        yield from _tar(name, stream, depth + 1)
    elif lower.endswith(".zip"):
        yield from _zip(name, stream, depth + 1)
    else:
        yield name, stream


def plain_ending(name: str) -> str:
    """The extension of a name before compression: ".jsonl" for a.jsonl.gz, ".tar" for a.tgz."""
    path = PurePosixPath(_long(name).lower())
    while path.suffix in COMPRESSED:
        path = path.with_suffix("")
    return path.suffix


def _long(name: str) -> str:
    """Expand a short extension such as .tgz to .tar.gz."""
    short = next((ending for ending in SHORT if name.lower().endswith(ending)), None)
    return name if short is None else name[: -len(short)] + SHORT[short]


def _tar(name: str, stream: Stream, depth: int) -> Iterator[tuple[str, Stream]]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            inner = archive.extractfile(member) if member.isfile() else None
            if inner is not None and not hidden(member.name):
                yield from members(f"{name}/{member.name}", inner, depth)
    while stream.read(1 << 20):
        pass  # read to the end, so that a checksum there is verified


def _zip(name: str, stream: Stream, depth: int) -> Iterator[tuple[str, Stream]]:
    with zipfile.ZipFile(seekable(stream)) as archive:
        for member in archive.infolist():
            if member.is_dir() or hidden(member.filename):
                continue
            if member.flag_bits & 1:
                raise InputError(f"{name}: {member.filename} is encrypted; unpack it first.")
            with archive.open(member) as inner:
                yield from members(f"{name}/{member.filename}", inner, depth)


def hidden(path: str) -> bool:
    """Whether a file or a folder on its path begins with a dot or is macOS metadata."""
    parts = path.replace("\\", "/").split("/")
    return any(p.startswith(".") and p not in (".", "..") for p in parts) or "__MACOSX" in parts


def seekable(stream: Stream) -> Stream:
    """The stream itself if it is a file, else a temporary file on the disk with its content."""
    plain = isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO)
    if plain and stream.seekable():
        return stream
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed, and so removed, with its last user
    shutil.copyfileobj(stream, copy, 1 << 20)
    copy.seek(0)
    return copy


# What the libraries raise for damaged files: cut headers, unknown methods, invalid sizes and texts.
# `ValueError` includes `UnicodeDecodeError`.
DAMAGE = (EOFError, IndexError, KeyError, NotImplementedError, OverflowError, RecursionError,
          ValueError, struct.error)  # fmt: skip


@contextlib.contextmanager
def readable(name: str) -> Iterator[None]:
    """Turn what the readers raise for a damaged file into a `CorruptFileError` that names it."""
    try:
        yield
    except GPT2Error:
        raise
    except (*DAMAGE, tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error) as error:
        raise _corrupt(name, error) from error
    except OSError as error:
        if error.errno:
            why = error.strerror or error
            raise CorruptFileError(f"{name} could not be read: {why}.") from error
        raise _corrupt(name, error) from error
    except Exception as error:  # zstd's and pyarrow's own errors, which exist only if installed
        if type(error).__name__ in ("ZstdError", "ArrowInvalid"):
            raise _corrupt(name, error) from error
        raise


def _corrupt(name: str, error: Exception) -> CorruptFileError:
    return CorruptFileError(f"{name} is truncated or damaged: {reason(error)}.")
