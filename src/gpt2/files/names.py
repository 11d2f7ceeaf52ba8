"""Names that a file gives: of shards in an index, of parts in a manifest. Other people's files.

The rule: a name from a file never leaves that file's folder, and is opened only where a regular
file lies. What is only read may be a link, since the hub's cache keeps a model's files as links to
its blobs and people link large weights; what is written, cut or removed by such a name may not.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from gpt2.errors import CorruptFileError, InputError
from gpt2.files.reading import not_regular, read_error

LONGEST_NAME = 255  # bytes, of the usual file systems
SEPARATORS = "/\\:"  # of POSIX, of Windows, and of its drives


def path_of(name: str | os.PathLike[str]) -> Path:
    """The path that a caller names, `~` as it stands.

    Raises `InputError` for an empty text, which `Path` takes for the current folder.
    """
    if isinstance(name, str) and not name:
        raise InputError("a path is empty: it must name a file or a folder.")
    return Path(name)


def plain_name(name: Any, source: str | os.PathLike[str]) -> str:
    """``name`` if it can only be a file in the folder of ``source``, the file that names it.

    Raises `CorruptFileError` for what is no string, is empty, too long, "." or "..", or has a
    separator, a control character or half a character in it.
    """
    if isinstance(name, str) and _is_plain(name):
        return name
    shown = repr(name)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    raise CorruptFileError(f"{source} names a file outside its folder, or none: {shown}.")


def _is_plain(name: str) -> bool:
    words = name.isprintable() and name.strip(". ")  # not "..", nor what Windows cuts off
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
        folder: where it must lie.
        name: what ``source`` says; see `plain_name`.
        source: for the message.
        links: whether it may be a link to a regular file: False for what is written, cut or
            removed, and for data that never comes as links.

    Raises:
        CorruptFileError: the name leaves the folder; a folder, pipe, device or forbidden link is
            there. A file that is not there is left to whoever opens it.
    """
    path = Path(folder) / plain_name(name, source)
    try:
        found = path.stat() if links else path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except OSError as error:
        raise read_error(path, error) from None
    if not stat.S_ISREG(found.st_mode):
        raise CorruptFileError(not_regular(path, found.st_mode))
    return path
