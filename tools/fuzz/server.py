"""Controls the worker: starts it, sends it cases, watches it and kills its forks."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tools.fuzz.trial import Case

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 10.0  # maximum CPU time of a case
WAITING = 60.0  # wall-clock time, for a case that computes nothing, or on a busy machine
START = 600.0  # for a worker to make a valid folder of each form
Ended = tuple[str, Case, str, str, float]  # form, case, outcome, text, CPU seconds


class Server:
    """A running worker."""

    def __init__(self, asked: dict[str, Any]) -> None:
        paths = (str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", ""))
        place = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONHASHSEED": "0"}
        small = {"MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": "1", "GPT2_THREADS": "1",
                 "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}  # fmt: skip
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed at the end
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.fuzz.worker"], cwd=ROOT, env=os.environ | place | small,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=0,
        )  # fmt: skip
        self._rest = b""
        self._send(asked)
        if self._line(START) is None:
            raise SystemExit(f"The worker did not begin:\n{self._told()}")

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def tried(self, cases: Sequence[tuple[str, Case]]) -> Iterator[Ended]:
        """Try cases in one fork; the last outcome may be a "hang" or "crash" of an earlier case."""
        self._send(cases)
        self._errors.seek(0)
        self._errors.truncate()
        fork = self._asked("began", START)
        while (line := self._line(START)) and "case" in line:
            name, case = line["case"]
            done = self._line(WAITING, fork)
            if done is None or "gone" in done:
                code = done["gone"] if done else self._killed(fork)
                outcome = "crash" if done else "hang"
                yield name, case, outcome, f"exit code {code}\n{self._told()}", 0.0
                return
            yield name, case, done["ended"], done["text"], done["seconds"]

    def _send(self, what: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")

    def _asked(self, name: str, seconds: float) -> int:
        line = self._line(seconds)
        if line is None or name not in line:
            raise SystemExit(f"The worker was lost:\n{self._told()}")
        return int(line[name])

    def _killed(self, fork: int) -> int:
        """Kill a fork that hangs, first with a signal that makes it print its stack."""
        for sent in (signal.SIGABRT, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(fork, sent)
            if (line := self._line(10)) is not None:
                return int(line["gone"])
        raise SystemExit(f"The process {fork} cannot be ended.")

    def _line(self, seconds: float, fork: int | None = None) -> dict[str, Any] | None:
        """The next line; None if the worker ended or no line comes in time.

        The limits are wall-clock time and the CPU time of ``fork``.
        """
        assert self._process.stdout is not None
        end, most = time.monotonic() + seconds, None
        while b"\n" not in self._rest:
            if not select.select([self._process.stdout], [], [], 0.5)[0]:
                most = most or _computed(fork) + SECONDS  # looked up only if it is slow
                if time.monotonic() > end or _computed(fork) > most:
                    return None
                continue
            block = os.read(self._process.stdout.fileno(), 1 << 16)
            if not block:
                return None
            self._rest += block
        text, self._rest = self._rest.split(b"\n", 1)
        found: dict[str, Any] = json.loads(text)
        return found

    def _told(self) -> str:
        """The end of its standard error."""
        self._errors.seek(0)
        return str(self._errors.read().decode("utf-8", "replace")[-6000:])


def _computed(process: int | None) -> float:
    """The CPU seconds that a process has used."""
    if process is None:
        return 0.0
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
