"""Runs contenders as processes that take turns."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT

THREADS = 2
REST = 0.1  # minimum seconds between turns: the previous one's threads stop spinning
DISTURBED = 0.15  # the share of the machine that others may use during a turn
TRIES = 5  # repetitions of a disturbed turn


@dataclasses.dataclass(frozen=True)
class Entry:
    """A contender: a peer at one precision with one choice of settings."""

    peer: str
    precision: str
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        chosen = {**self.settings, **self.environment}
        words = [f"{key}={value}" for key, value in chosen.items()]
        return " ".join([self.peer, self.precision, *words])

    def process(self, module: str, *arguments: str, **more: Any) -> subprocess.Popen[str]:
        paths = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": str(THREADS),
                 "HF_HUB_OFFLINE": "1", **self.environment},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more,
        )  # fmt: skip


class Worker:
    """The process of one entry, which answers commands."""

    def __init__(self, entry: Entry, weights: Path) -> None:
        self.entry = entry
        self.error = 0.0  # of its logits, once compared
        self.file = prepare(entry, weights)
        arguments = (entry.peer, entry.precision, str(THREADS), str(self.file))
        self.process = entry.process(
            "benchmarks.peers.worker", *arguments, json.dumps(dict(entry.settings))
        )
        self.ask("facts")  # it answers once it has loaded

    def ask(self, *order: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            print(json.dumps(order), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise RuntimeError(f"{self.entry} ended: {self.process.wait()}")
        return json.loads(line)

    def busy_seconds(self) -> float:
        """The CPU time that this process has used."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        fields = stat.read_text().rpartition(")")[2].split() if stat.exists() else []
        return sum(int(x) for x in fields[11:13]) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def prepare(entry: Entry, weights: Path) -> Path:
    """The file of the entry, made by a separate process if it does not exist."""
    note = weights.parent / f"{entry.peer} {entry.precision} {weights.name}.path"
    if not note.exists():
        made = entry.process("benchmarks.peers.worker", "--prepare", entry.peer, entry.precision,
                             str(weights))  # fmt: skip
        output, _ = made.communicate()
        if made.returncode:
            raise RuntimeError(f"{entry}: its file could not be made")
        note.write_text(output.splitlines()[-1])
    return Path(note.read_text())


def in_turns(
    workers: Sequence[Worker], order: Sequence[Any], rounds: int, warmup: int = 1
) -> list[list[float]]:
    """The seconds that each worker reports for ``order``, as a list of ``rounds`` numbers.

    A turn during which other programs used much of the machine is repeated, a few times at most.
    """
    seconds: list[list[float]] = [[] for _ in workers]
    for turn in range(warmup + rounds):
        at = turn % len(workers)
        for i in [*range(at, len(workers)), *range(at)]:
            for _ in range(TRIES):
                wait_for_calm()
                found, others = one_turn(workers[i], order)
                if turn < warmup or others < DISTURBED:
                    break
            if turn >= warmup:
                seconds[i].append(found)
    return seconds


def one_turn(worker: Worker, order: Sequence[Any]) -> tuple[float, float]:
    """The reported seconds, and the share of the machine that others used meanwhile."""
    begin, busy, own = time.perf_counter(), busy_seconds(), worker.busy_seconds()
    found = worker.ask(*order)
    passed = (time.perf_counter() - begin) * (os.cpu_count() or 1)
    others = (busy_seconds() - busy) - (worker.busy_seconds() - own)
    return found, others / passed


def wait_for_calm() -> None:
    """Wait, and longer while other programs are busy, but only for a limited time."""
    for _ in range(100):
        busy = busy_seconds()
        time.sleep(REST)
        if busy_seconds() - busy < DISTURBED * REST * (os.cpu_count() or 1):
            return


def busy_seconds() -> float:
    """The CPU time of all programs together; 0 if the system does not report it."""
    stat = Path("/proc/stat")
    ticks = [int(x) for x in stat.read_text().split("\n")[0].split()[1:9]] if stat.exists() else []
    return (sum(ticks) - sum(ticks[3:5])) / os.sysconf("SC_CLK_TCK")  # not idle, not waiting
