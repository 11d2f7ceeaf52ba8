"""Processes that train for the tests, forked from one that has imported all there is to import.

Starting Python and importing torch takes seconds, and what the tests look at takes tenths of one.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from tests.training import runs

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.training.warm"])
Runs = list[tuple[Path, dict[str, Any]]]


def child(folder: Path, **given: Any) -> ForkServerProcess:
    """A process that does one of `runs.run`."""
    process = CONTEXT.Process(
        target=_work, args=([(folder, given)], {}, folder.with_suffix(".err"))
    )
    process.start()
    return process


def two_in_turn(place: Path, runs_: Runs) -> None:
    """Two processes that do some runs together, one after the other, as under torchrun."""
    started = started_together(place, runs_)
    for process in started:
        process.join(300)
    found_codes = [process.exitcode for process in started]
    for process in started:
        process.kill()
    assert found_codes == [0, 0], "\n".join(told_by(place / f"{rank}.err") for rank in "01")


def started_together(place: Path, runs_: Runs) -> list[ForkServerProcess]:
    """The two processes of `two_in_turn`; what they say is in ``0.err`` and ``1.err``."""
    with socket.socket() as found:
        found.bind(("localhost", 0))
        port = str(found.getsockname()[1])
    group = {"MASTER_ADDR": "localhost", "MASTER_PORT": port, "WORLD_SIZE": "2",
             "LOCAL_WORLD_SIZE": "2"}  # fmt: skip
    started = []
    for rank in ("0", "1"):
        environment = {**group, "RANK": rank, "LOCAL_RANK": rank}
        told = place / f"{rank}.err"
        started.append(CONTEXT.Process(target=_work, args=(runs_, environment, told)))
        started[-1].start()
    return started


def told_by(path: Path) -> str:
    """The end of what a process said on standard error."""
    return path.read_text("utf-8", "replace")[-3000:]


def _work(todo: Runs, environment: dict[str, str], told: Path) -> None:
    os.environ.update(environment)
    file = os.open(told, os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(file, 2)
    for folder, given in todo:
        runs.run(folder, **json.loads(json.dumps(given, default=str)))
