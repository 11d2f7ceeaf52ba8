"""One download, in a process of its own, so that one that trickles can be ended.

huggingface_hub waits as long as a byte comes now and then, and holds ten megabytes back before it
writes. Here what comes is on the disk at once and is watched from outside.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from gpt2.errors import CorruptFileError, GPT2Error, HubError

T = TypeVar("T")

LEAST = 65_536  # bytes that must come
PATIENCE = 60.0  # in so many seconds
CHUNK = 16_384  # bytes, written at a time
START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from gpt2.hub import fetch as f;"


def fetch(request: dict[str, Any], blobs: Path) -> Path:
    """The folder of a snapshot, with the files that are asked for in it.

    Args:
        request: the keywords of `_answer`.
        blobs: the folder of the cache where bytes arrive.

    Raises:
        CorruptFileError: a file is not as the hub states.
        HubError: the download fails, or less than `LEAST` bytes come in `PATIENCE` seconds.
    """
    command = [sys.executable, "-P", "-c", f"{START} f.serve()", json.dumps(sys.path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        try:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps(request, default=os.fspath).encode() + b"\n")
            process.stdin.flush()
            _watch(process, blobs)
            answer = process.stdout.read()
        finally:
            process.kill()
    try:
        folder, error, damaged = json.loads(answer)
    except ValueError:
        raise HubError(f"its process ended with status {process.returncode}") from None
    if error:
        raise (CorruptFileError if damaged else HubError)(error)
    return Path(folder)


def _watch(process: subprocess.Popen[bytes], blobs: Path) -> None:
    """Wait for the process as long as bytes come."""
    there, since = _size(blobs), time.monotonic()
    while True:
        try:
            process.wait(min(1, PATIENCE / 4))
            return
        except subprocess.TimeoutExpired:
            now = _size(blobs)
        if now >= there + LEAST:
            there, since = now, time.monotonic()
        there = min(there, now)
        if time.monotonic() - since > PATIENCE:
            raise HubError(f"less than {LEAST // 1024} kB came in {PATIENCE:.0f} seconds")


def _size(folder: Path) -> int:
    """Bytes of the files in a folder, which others may be moving."""
    size = 0
    for path in folder.glob("*"):
        try:
            size += path.stat().st_size
        except OSError:
            continue
    return size


def serve() -> None:
    """The process: one request on standard input, one answer on standard output. It ends with its
    parent, whose end of the pipe closes however it dies."""
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError

    from gpt2.hub.network import network_errors

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=lambda: sys.stdin.read() or os._exit(1), daemon=True).start()
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK
    try:
        answer = [_answer(**request), None, False]
    except CorruptFileError as error:
        answer = [None, str(error), True]
    except network_errors(HfHubHTTPError, GPT2Error, ValueError) as error:
        answer = [None, str(error).split("\n")[0] or type(error).__name__, False]
    os.write(1, json.dumps(answer).encode())
    os._exit(0)  # what the library has open is not waited for


def _answer(
    repo: str, commit: str, names: Sequence[str], missing: Sequence[Any], blobs: str, **where: Any
) -> str:
    """Bring what is missing ([name, hash, size]), then let huggingface_hub make its links."""
    from huggingface_hub import hf_hub_url, snapshot_download
    from huggingface_hub.utils._headers import build_hf_headers

    from gpt2.hub.arrive import bring

    headers = build_hf_headers(token=where["token"])
    for name, hash_, size in missing:
        url = hf_hub_url(repo, name, revision=commit, endpoint=where["endpoint"])
        bring(url, Path(blobs) / hash_, size, headers, name)
    return snapshot_download(repo, allow_patterns=list(names), **where)


def within(seconds: float, call: Callable[[], T]) -> T:
    """What a short call returns or raises; `TimeoutError` if it has not ended after so long."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append((call(), None))
        except BaseException as error:
            found.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        raise TimeoutError(f"no whole answer in {seconds:.0f} seconds")
    value, error = found[0]
    if error is not None:
        raise error
    return value
