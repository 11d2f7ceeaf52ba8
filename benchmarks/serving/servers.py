"""The measured servers, each a process that is stopped while it is not its turn."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT

READY_S = 300


@dataclass
class Server:
    """A running server; ``more`` are request fields that it needs for the same work."""

    process: subprocess.Popen[bytes]
    port: int
    more: dict[str, Any] = field(default_factory=dict)

    @contextlib.contextmanager
    def awake(self) -> Iterator[None]:
        """Within the block the server runs; otherwise it is stopped."""
        self.process.send_signal(signal.SIGCONT)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGSTOP)

    def read(self, path: str) -> str:
        """The response of a path."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            text: str = answer.read().decode()
        return text

    def metric(self, name: str) -> float:
        """A value of /metrics, summed over all labels."""
        lines = self.read("/metrics").splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    def memory(self) -> int:
        """The resident memory in bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def running(command: list[str], port: int, ready: str, **more: Any) -> Iterator[Server]:
    """Run a server; the block starts when it is ready."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    env.pop("OMP_NUM_THREADS", None)
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    server = Server(process, port, more)
    try:
        _wait(server, ready)
        yield server
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(server: Server, path: str) -> None:
    end = time.monotonic() + READY_S
    while True:
        if server.process.poll() is not None:
            raise SystemExit(f"the server ended with {server.process.returncode}.")
        try:
            server.read(path)
            return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > end:
                raise SystemExit("the server is not ready after five minutes.") from None
            time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number: int = taken.getsockname()[1]
    return number


def ours(folder: Path | str, slots: int, threads: int, *options: str) -> Any:
    """`gpt2 serve` at int8, with memory for that many full contexts and as many cached ones."""
    port = free_port()
    command = [sys.executable, "-m", "gpt2", "serve", str(folder), "--dtype", "int8", "--threads",
               str(threads), "--slots", str(slots), "--port", str(port), "--log", "none",
               *options]  # fmt: skip
    return running(command, port, "/ready")


def repacks() -> bool:
    """Whether llama.cpp repacks its weights here.

    On a processor with AMX it repacks for AMX and ends with a segmentation fault
    (ggml_backend_amx_mul_mat, in the first pass).
    """
    return "amx_int8" not in Path("/proc/cpuinfo").read_text()


def llama(binary: Path, file: Path, slots: int, threads: int, context: int) -> Any:
    """llama.cpp's server: a context per slot, batches of all slots, no saved state.

    It repacks its weights for the processor's instructions, its fastest setting; but see `repacks`.
    """
    port, packed = free_port(), "--repack" if repacks() else "--no-repack"
    command = [str(binary), "-m", str(file), "--port", str(port), "-np", str(slots), "-c",
               str(slots * context), "-t", str(threads), "-tb", str(threads), "-fa", "on",
               "--cache-ram", "0", "--no-webui", packed]  # fmt: skip
    return running(command, port, "/health", ignore_eos=True)
