"""Lock files, which ensure that only one process writes to a folder or a file."""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO
from pathlib import Path

from gpt2.errors import OptionError
from gpt2.files.writing import reported


def open_own(path: Path, flags: int) -> FileIO:
    """Open a regular file, without following links or waiting for pipes or devices.

    Args:
        flags: of ``os.open``; the file is only truncated if they say so.

    Raises `OSError` if it cannot be opened, or is not a regular file.
    """
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise OSError(errno.EINVAL, "it must be a file, not a symbolic link") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return os.fdopen(handle, "r+b" if flags & os.O_RDWR else "rb", buffering=0)


class BusyError(OptionError):
    """Another process holds the lock."""


def lock(path: Path, busy: str) -> FileIO:
    """Lock a file until it is closed or the process ends in any way.

    Args:
        busy: the error message if another process holds the lock.

    Raises `BusyError` if another process holds it, `WriteError` if ``path`` cannot be opened.
    """
    import fcntl

    with reported(path):
        file = open_own(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            raise FileNotFoundError  # the process that held it has removed it just now
    except OSError:
        file.close()
        raise BusyError(busy) from None
    return file
