"""Download files from the hub into its cache, resumably and verified before they become visible.

huggingface_hub starts over after a kill and trusts the files it has renamed. Here the bytes of a
file are collected in ``blobs/HASH.gpt2.incomplete``, an interrupted download resumes, and the file
becomes the cache's ``blobs/HASH`` only if its hash matches; huggingface_hub then finds it and
creates its links.
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


def find_hash(entry: Any) -> str:
    """The hash of a listed file: SHA-256 for large files, otherwise git's; empty if missing."""
    hash_ = str(entry.lfs.sha256 if entry.lfs is not None else entry.blob_id or "")
    return hash_ if re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", hash_) else ""


def bring(url: str, blob: Path, size: int | None, headers: dict[str, str], name: str) -> None:
    """Download the missing rest of one file, unless another process has already done so.

    Args:
        url: the file's URL.
        blob: the target; its name is the file's hash.
        size: the size of the complete file in bytes, None if unknown.
        headers: the request headers.
        name: the name to display.

    Raises `CorruptFileError` if the hash does not match, and network errors.
    """
    from huggingface_hub.file_download import http_get

    part = blob.with_name(blob.name + ENDING)
    while not exists(blob):
        with reported(part), open_own(part, os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_still(file, part):  # finished or removed by another process
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
    """Compare a file with the hub's hash. If they differ, removes the file and raises
    `CorruptFileError`. Another process may have removed it first."""
    if exists(path) and _hash(path, len(hash_)) == hash_:
        return
    for each in (path.resolve(), path):
        each.unlink(missing_ok=True)
    kind = "SHA-256" if len(hash_) == 64 else "hash"
    raise CorruptFileError(
        f"{name} was damaged in transit (its {kind} differs from the hub's) and was removed: try "
        "again."
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
