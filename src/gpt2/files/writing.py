"""Atomic writing: a file is never partially written."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from gpt2.errors import GPT2Error, WriteError
from gpt2.files.names import path_of

PART = ".part"  # the suffix of incomplete files


@contextlib.contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path next to ``path``, which replaces it if the block succeeds.

    Otherwise the temporary file is removed and an existing file is unchanged. An error of the
    operating system (no space, no permission) becomes a `WriteError`. A device or a pipe is not
    replaced: the contents are written to it.
    """
    path = path_of(path)
    if _takes_bytes(path):
        with _sent(path) as whole:
            yield whole
        return
    part: Path | None = None
    try:
        with reported(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            _remove_dead(path.parent, path.name)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path.name), suffix=PART)
            os.close(handle)
            part = Path(name)
            yield part
            part.chmod(0o666 & ~_umask())
            part.replace(path)
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _takes_bytes(path: Path) -> bool:
    """Whether the path is a terminal, a pipe or a device, which must not be replaced."""
    return path.parent == Path("/dev") or (
        path.exists() and not path.is_file() and not path.is_dir()
    )


@contextlib.contextmanager
def _sent(path: Path) -> Iterator[Path]:
    with reported(path), tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / path.name
        part.touch()
        yield part
        with part.open("rb") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)


@contextlib.contextmanager
def atomic_folder(
    folder: str | os.PathLike[str], last: Collection[str] = (), *, whole: bool = False
) -> Iterator[Path]:
    """Yield a temporary folder whose files are moved to ``folder`` if the block succeeds.

    Otherwise the temporary folder is removed and nothing changes. Existing files in ``folder`` stay
    unless a new one has the same name. ``last`` names the files from which a reader finds the
    others: the old ones are removed before any other file is replaced, and the new ones are moved
    last, so that an interruption leaves none rather than a mixture of new and old files. With
    ``whole``, the temporary folder itself replaces ``folder`` and no old file stays; an
    interruption leaves no folder. Errors are those of `atomic`.
    """
    folder = path_of(folder)
    with contextlib.ExitStack() as stack, reported(folder):
        if folder.exists() and not folder.is_dir():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        old = folder.is_dir() and not whole
        if not old:
            folder.parent.mkdir(parents=True, exist_ok=True)
        where = folder if old else folder.parent
        _remove_dead(where, folder.name)
        name = tempfile.mkdtemp(dir=where, prefix=_prefix(folder.name), suffix=PART)
        stack.callback(shutil.rmtree, name, ignore_errors=True)
        part = Path(name)
        yield part
        if old:
            for entry in last:
                (folder / entry).unlink(missing_ok=True)
            for path in sorted(part.iterdir(), key=lambda path: (path.name in last, path.name)):
                path.replace(folder / path.name)
        else:
            part.chmod(0o777 & ~_umask())
            if folder.is_dir():
                shutil.rmtree(folder)
            part.replace(folder)


def _prefix(name: str) -> str:
    """The prefix of a temporary name for ``name``, with the machine and the process."""
    return f".{name}.{_machine()}-{os.getpid()}."


@functools.cache
def _machine() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _remove_dead(folder: Path, name: str) -> None:
    """Remove temporary files of ``name`` left by killed processes of this machine."""
    form = re.compile(rf"\.{re.escape(name)}\.{_machine()}-(\d{{1,9}})\..+{re.escape(PART)}")
    for path in list(folder.iterdir()):
        match = form.fullmatch(path.name)
        if match and not _is_alive(int(match[1])):
            remove(path)


def remove(path: Path) -> None:
    """Remove a file, a link itself, or a folder with all its contents, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    if os.name != "posix":  # elsewhere signal 0 does not test for existence
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


@contextlib.contextmanager
def reported(path: str | os.PathLike[str]) -> Iterator[None]:
    """Convert an error of the operating system in the block to a `WriteError` for ``path``."""
    try:
        yield
    except OSError as error:
        if isinstance(error, GPT2Error):
            raise
        raise write_error(Path(path), error) from error


def write_error(path: Path, error: OSError) -> WriteError:
    """The error to raise if ``path`` could not be written."""
    advice = {
        errno.ENOSPC: "The disk is full: free some space or write to another place.",
        errno.EDQUOT: "Your disk quota is exhausted: free some space or write to another place.",
        errno.EFBIG: "The file exceeds the size limit of this system.",
        errno.EACCES: "Choose another folder, or change its permissions.",
        errno.EROFS: "The file system is read-only: choose another folder.",
        errno.ENOTDIR: "A part of the path is a file: choose another folder.",
        errno.EEXIST: "A file exists where a folder is required: choose another folder.",
    }.get(error.errno or 0, "")
    reason = error.strerror or str(error)
    if not error.errno:  # numpy's and torch's writers give no reason
        advice = "The disk may be full."
    return WriteError(f"{path} could not be written: {reason.rstrip('.')}. {advice}".rstrip())


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic(path) as part:
        try:
            part.write_text(text, "utf-8")
        except UnicodeEncodeError as error:
            shown = error.object[max(0, error.start - 20) : error.end]
            raise WriteError(
                f"{path} could not be written: {shown!a} is not valid UTF-8. If it is a file "
                "name, rename the file."
            ) from None


def write_json(path: str | os.PathLike[str], value: Any, *, indent: int | None = 2) -> None:
    """Write JSON atomically, without escaping non-ASCII characters."""
    write_text(path, to_json(value, indent=indent))


def to_json(value: Any, *, indent: int | None = 2) -> str:
    """JSON for a file: with a final newline, and non-ASCII characters unescaped."""
    return json.dumps(value, indent=indent, ensure_ascii=False) + "\n"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
