"""Detects dead processes of a run by heartbeats in the rendezvous store.

A broken connection shows that a process has ended, but not which one. A process that hangs, or
whose machine has lost power, breaks no connection. So each process checks the heartbeats of the
others.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import time
from itertools import count

import torch.distributed as dist

BEAT = 1.0  # seconds between two heartbeats
LOST = 60.0  # seconds without a heartbeat before a process counts as gone
LOOK = 4.0  # seconds to wait for heartbeats after a connection has broken
LEFT = "left"


class Watch:
    """Sends this process's heartbeats and ends the process if another's stop, in a thread.

    Args:
        rank, ranks: the number of this process, and how many there are.
        address, port: of the store, as set by torchrun.
    """

    def __init__(self, rank: int, ranks: int, address: str, port: int) -> None:
        self.rank, self.ranks, self.place = rank, ranks, f"{address}:{port}"
        self._store = dist.TCPStore(address, port, is_master=False)  # type: ignore[attr-defined]
        attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        self._keys = [f"gpt2/{attempt}/{n}" for n in range(ranks)]
        self._names: list[str] = [f"process {n} of {ranks}" for n in range(ranks)]
        self._who, self._count = f"{socket.gethostname()}, process id {os.getpid()}", count()
        self._ended = threading.Event()
        self._beat()
        self._store.wait(self._keys)
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _beat(self, word: str = "") -> None:
        self._store.set(self._keys[self.rank], f"{self._who};{word or next(self._count)}")

    def _beats(self) -> list[str]:
        beats = [value.decode() for value in self._store.multi_get(self._keys)]
        for n, value in enumerate(beats):
            self._names[n] = f"process {n} of {self.ranks} ({value.split(';')[0]})"
        return beats

    def _look(self) -> None:
        """Send heartbeats, and end this process if another has sent none for `LOST` seconds."""
        last, since = [""] * self.ranks, [time.monotonic()] * (self.ranks + 1)
        while not self._ended.wait(BEAT):
            now = time.monotonic()
            try:
                self._beat()
                beats = self._beats()
            except RuntimeError:  # the store is gone; its own time is the last entry
                beats = last
            else:
                since[-1] = now
                since = [
                    now if value != before or value.endswith(LEFT) else at
                    for value, before, at in zip(beats, last, since, strict=False)
                ] + since[-1:]
            last = beats
            if now - since[-1] > LOST:
                self._end(self._keeper())
            gone = [name for name, at in zip(self._names, since, strict=False) if now - at > LOST]
            if gone:
                self._end(", ".join(gone))

    def _end(self, gone: str) -> None:
        if self._ended.is_set():
            return
        line = (
            f"gpt2: {gone} has not responded for {LOST:.0f} seconds, so process {self.rank} stops "
            "too. The last checkpoint is intact: resume from it with --resume.\n"
        )
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(line)
            sys.stderr.flush()
        os._exit(1)  # the main thread is blocked in the backend, where nothing can be raised

    def gone(self) -> str:
        """The processes that have gone, after a connection broke; empty if all send heartbeats.

        Takes `LOOK` seconds.
        """
        try:
            before = self._beats()
            time.sleep(LOOK)
            after = self._beats()
        except RuntimeError:
            return self._keeper()
        return ", ".join(
            name
            for n, name in enumerate(self._names)
            if n != self.rank and after[n] == before[n] and not after[n].endswith(LEFT)
        )

    def _keeper(self) -> str:
        return f"what keeps the rendezvous at {self.place}, on the first node,"

    def close(self) -> None:
        """Stop the heartbeats and mark this process as having left."""
        self._ended.set()
        self._thread.join(2 * BEAT)
        with contextlib.suppress(RuntimeError):
            self._beat(LEFT)
