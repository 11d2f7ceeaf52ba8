"""Run a download in a separate process, so that a stalled one can be killed.

huggingface_hub waits as long as a byte arrives now and then, and buffers ten megabytes before it
writes. Here the data is written immediately and progress is monitored from outside.
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
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any, TypeVar

from gpt2.errors import CorruptFileError, GPT2Error, HubError, first_line

T = TypeVar("T")

LEAST = 65_536  # bytes that must arrive
PATIENCE = 60.0  # within this many seconds
CHUNK = 16_384  # bytes written at a time
START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from gpt2.hub import fetch as f;"


def fetch(request: dict[str, Any], blobs: Path) -> Path:
    """Download the requested files; returns the folder of the snapshot.

    Args:
        request: the keywords of `_answer`.
        blobs: the cache folder in which the data arrives.

    Raises:
        CorruptFileError: a file's hash does not match the hub's.
        HubError: the download fails, or fewer than `LEAST` bytes arrive in `PATIENCE` seconds.
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
        raise HubError(f"the download process exited with status {process.returncode}") from None
    if error:
        raise (CorruptFileError if damaged else HubError)(error)
    return Path(folder)


def _watch(process: subprocess.Popen[bytes], blobs: Path) -> None:
    """Wait for the process as long as data arrives."""
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
            raise HubError(f"less than {LEAST // 1024} kB arrived in {PATIENCE:.0f} seconds")


def _size(folder: Path) -> int:
    """The total size of the files in a folder, which others may be moving."""
    size = 0
    for path in folder.glob("*"):
        try:
            size += path.stat().st_size
        except OSError:
            continue
    return size


def serve() -> None:
    """The child process: reads one request from standard input, writes one answer to standard
    output. It ends with its parent, whose end of the pipe closes however it dies."""
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
        answer = [None, first_line(error), False]
    os.write(1, json.dumps(answer).encode())
    os._exit(0)  # without waiting for what the library has open


def _answer(
    repo: str, commit: str, names: Sequence[str], missing: Sequence[Any], blobs: str, **where: Any
) -> str:
    """Download missing files ([name, hash, size]), then let huggingface_hub create its links."""
    from huggingface_hub import hf_hub_url, snapshot_download
    from huggingface_hub.utils._headers import build_hf_headers

    from gpt2.hub.arrive import bring

    headers = build_hf_headers(token=where["token"])
    for name, hash_, size in missing:
        url = hf_hub_url(repo, name, revision=commit, endpoint=where["endpoint"])
        bring(url, Path(blobs) / hash_, size, headers, name)
    return snapshot_download(repo, allow_patterns=list(names), **where)


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return or raise the outcome of a call. Raises `TimeoutError` after this many seconds."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    if not wait([outcome], seconds).done:
        raise TimeoutError(f"no complete response in {seconds:.0f} seconds")
    return outcome.result()
