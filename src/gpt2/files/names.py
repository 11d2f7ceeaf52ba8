"""File names found in untrusted files, such as shards in an index or parts in a manifest.

The rule: a name from a file must stay in that file's folder, and must refer to a regular file. A
file that is only read may be a link, since the hub's cache stores a model's files as links to its
blobs and people link large weights; a file that is written, truncated or removed may not.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from gpt2.errors import CorruptFileError, InputError
from gpt2.files.reading import not_regular, read_error

LONGEST_NAME = 255  # bytes, the limit of common file systems
SEPARATORS = "/\\:"  # of POSIX, of Windows, and of Windows drives


def path_of(name: str | os.PathLike[str]) -> Path:
    """Convert a caller's argument to a path, without expanding `~`.

    Raises `InputError` for an empty string, which `Path` treats as the current folder.
    """
    if isinstance(name, str) and not name:
        raise InputError("a path is empty: it must name a file or a folder.")
    return Path(name)


def plain_name(name: Any, source: str | os.PathLike[str]) -> str:
    """Return ``name`` if it can only be in the same folder as ``source``, the file that names it.

    Raises `CorruptFileError` unless it is a string, and if it is empty, too long, "." or "..", or
    contains a separator, a control character or a lone surrogate.
    """
    if isinstance(name, str) and _is_plain(name):
        return name
    shown = repr(name)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    raise CorruptFileError(f"{source} names a file outside its folder, or an invalid one: {shown}.")


def _is_plain(name: str) -> bool:
    words = name.isprintable() and name.strip(". ")  # not "..", nor what Windows strips
    return bool(words) and not set(SEPARATORS) & set(name) and len(name.encode()) <= LONGEST_NAME


def inside(
    folder: str | os.PathLike[str],
    name: Any,
    source: str | os.PathLike[str],
    *,
    links: bool = True,
) -> Path:
    """The path of a file in ``folder`` that the file ``source`` names.

    Args:
        folder: the folder that must contain it.
        name: the name in ``source``; see `plain_name`.
        source: for the error message.
        links: whether it may be a link to a regular file; False for files that are written,
            truncated or removed, and for data that never uses links.

    Raises:
        CorruptFileError: the name leaves the folder, or refers to a folder, pipe, device or
            forbidden link. A missing file is not an error here.
    """
    path = Path(folder) / plain_name(name, source)
    try:
        status = path.stat() if links else path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except OSError as error:
        raise read_error(path, error) from None
    if not stat.S_ISREG(status.st_mode):
        raise CorruptFileError(not_regular(path, status.st_mode))
    return path
