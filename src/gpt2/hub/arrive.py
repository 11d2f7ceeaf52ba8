"""Files come from the hub into its cache: verified before they have a name there, in parts.

huggingface_hub begins again after a kill and trusts what it has renamed. Here the bytes of a file
gather in ``blobs/HASH.gpt2.incomplete``, go on where a process was ended, and become the cache's
``blobs/HASH`` only if that is their hash; huggingface_hub then finds them and makes its links.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from io import FileIO
from pathlib import Path
from typing import Any

from gpt2.errors import CorruptFileError
from gpt2.files import exists, read_bytes, reported, sha256
from gpt2.files.locks import open_own

ENDING = ".gpt2.incomplete"


def stated(entry: Any) -> str:
    """The hash of a listed file: SHA-256 of large ones, of others git's; empty if none is there."""
    found = str(entry.lfs.sha256 if entry.lfs is not None else entry.blob_id or "")
    return found if re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", found) else ""


def bring(url: str, blob: Path, size: int | None, headers: dict[str, str], name: str) -> None:
    """Fetch what is missing of one file, unless another process has it.

    Args:
        url: of the file.
        blob: where it goes; its name is the file's hash.
        size: of the whole file in bytes, None if the hub does not say.
        headers: of the request.
        name: to show.

    Raises `CorruptFileError` for what is not as stated, and what a failing network raises.
    """
    from huggingface_hub.file_download import http_get

    part = blob.with_name(blob.name + ENDING)
    while not exists(blob):
        with reported(part), open_own(part, os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_still(file, part):  # whom we waited for has finished it, or removed it
                continue
            there = file.seek(0, os.SEEK_END)
            if size is not None and there > size:
                there = file.truncate(0)
            http_get(
                url,
                file,
                resume_size=there,
                headers=headers,
                expected_size=size,
                displayed_filename=name,
            )
            check(part, blob.name, name)
            part.replace(blob)


def check(path: Path, hash_: str, name: str) -> None:
    """Compare a file with the hash that the hub states; raises `CorruptFileError` and removes it
    where they differ. Another process may have been first."""
    if exists(path) and _hash(path, len(hash_)) == hash_:
        return
    for each in (path.resolve(), path):
        each.unlink(missing_ok=True)
    kind = "SHA-256" if len(hash_) == 64 else "hash"
    raise CorruptFileError(
        f"{name} arrived damaged (not the hub's {kind}) and was removed: try again."
    )


def _is_still(file: FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _hash(path: Path, digits: int) -> str:
    if digits == 64:
        return str(sha256(path))
    data = read_bytes(path)
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
