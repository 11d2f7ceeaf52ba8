"""A file that says which process writes into a folder, or into a file."""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO
from pathlib import Path

from gpt2.errors import OptionError
from gpt2.files.writing import reported


def open_own(path: Path, flags: int) -> FileIO:
    """Open a regular file itself: a link is not followed, a pipe or a device is not waited for.

    Args:
        flags: of ``os.open``; nothing is cut off unless they say so.

    Raises `OSError` for what cannot be opened, or is no regular file.
    """
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise OSError(errno.EINVAL, "it is a link, and must be a file") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return os.fdopen(handle, "r+b" if flags & os.O_RDWR else "rb", buffering=0)


class BusyError(OptionError):
    """Another process holds what is asked for."""


def lock(path: Path, busy: str) -> FileIO:
    """Hold a file for this process until it is closed, or the process ends however it ends.

    Args:
        busy: what to tell the user where another process holds it.

    Raises `BusyError` where another does, `WriteError` where ``path`` cannot be opened.
    """
    import fcntl

    with reported(path):
        file = open_own(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise BusyError(busy) from None
    return file
