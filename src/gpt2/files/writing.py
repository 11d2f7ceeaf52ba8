"""Writing files so that nothing is ever half-written."""

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

PART = ".part"  # the ending of what is not whole


@contextlib.contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place if the block ends well.

    Where it does not, the temporary file is gone and what was there before is untouched. An error
    of the operating system (no space, no permission) becomes a `WriteError`. A device or a pipe
    keeps its place: it is sent what was written.
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
    """Whether it is a terminal, a pipe, /dev/null: nothing may be put in its place."""
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
    """Yield a temporary folder whose files go to ``folder`` if the block ends well.

    Where it does not, the temporary folder is gone and nothing has changed. Files that are in
    ``folder`` already stay, unless one of the same name comes. ``last`` names the files by which a
    reader finds the others: old ones are taken away before any other file is replaced and new ones
    come last, so that a kill in between leaves none rather than new files beside old ones. With
    ``whole`` the temporary folder itself takes the place of ``folder``, and no old file stays; a
    kill in between leaves none. Errors are those of `atomic`.
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
    """Of a temporary name beside ``name``: of which machine and process it is."""
    return f".{name}.{_machine()}-{os.getpid()}."


@functools.cache
def _machine() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _remove_dead(folder: Path, name: str) -> None:
    """Remove what a killed process of this machine has left of ``name``."""
    form = re.compile(rf"\.{re.escape(name)}\.{_machine()}-(\d{{1,9}})\..+{re.escape(PART)}")
    for path in list(folder.iterdir()):
        found = form.fullmatch(path.name)
        if not found or _is_alive(int(found[1])):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    if os.name != "posix":  # there a signal of 0 is no question
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
    """Let an error of the operating system in the block be a `WriteError` that names ``path``."""
    try:
        yield
    except OSError as error:
        if isinstance(error, GPT2Error):
            raise
        raise write_error(Path(path), error) from error


def write_error(path: Path, error: OSError) -> WriteError:
    """What to tell the user when ``path`` could not be written."""
    advice = {
        errno.ENOSPC: "The disk is full: free some space or write elsewhere.",
        errno.EDQUOT: "Your quota is used up: free some space or write elsewhere.",
        errno.EFBIG: "The file is larger than this system allows here.",
        errno.EACCES: "You may not write there: choose another folder.",
        errno.EROFS: "The file system is read-only: choose another folder.",
        errno.ENOTDIR: "A part of the path is a file: choose another folder.",
        errno.EEXIST: "A file is where a folder is needed: choose another folder.",
    }.get(error.errno or 0, "")
    reason = error.strerror or str(error)
    if not error.errno:  # numpy's and torch's own writers do not say why
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
                f"{path} could not be written: {shown!a} is no UTF-8. If it is the name of a file, "
                "rename that."
            ) from None


def write_json(path: str | os.PathLike[str], value: Any, *, indent: int | None = 2) -> None:
    """Write JSON atomically, Chinese and the like as they are."""
    write_text(path, to_json(value, indent=indent))


def to_json(value: Any, *, indent: int | None = 2) -> str:
    """JSON as in a file: a line's end at the end, Chinese and the like as they are."""
    return json.dumps(value, indent=indent, ensure_ascii=False) + "\n"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
