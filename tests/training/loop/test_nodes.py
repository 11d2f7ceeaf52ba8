"""Two nodes' worth of processes on one machine: two launchers that meet on localhost."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gpt2.training.checkpoints.store import Checkpoints
from gpt2.training.loop.watch import LOST
from tests.conftest import ROOT
from tests.training.children import started_together, told_by
from tests.training.runs import digest, losses

pytestmark = pytest.mark.slow
OPTIONS = {"steps": 60, "batch_size": 5, "lr": 1e-2, "save_every": 5, "validate_every": 0}
SOON = 40.0  # seconds: ten for the others, the rest for the launchers on a loaded machine


def nodes(place: Path, run: Path, **given: Any) -> list[subprocess.Popen[str]]:
    """A launcher for each of two nodes, as the recipe has them, with one process each."""
    with socket.socket() as found:
        found.bind(("localhost", 0))
        port = found.getsockname()[1]
    launchers = []
    for node in range(2):
        command = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2",
                   "--nproc-per-node", "1", "--rdzv-backend", "c10d", "--rdzv-id", str(port),
                   "--rdzv-endpoint", f"localhost:{port}", "--rdzv-conf", f"is_host={1 - node}",
                   "-m", "tests.training.runs", str(run), json.dumps(given)]  # fmt: skip
        with (place / f"{node}.err").open("w") as told:
            launchers.append(subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=told,
                text=True, start_new_session=True,
            ))  # fmt: skip
    return launchers


def wait_for(launchers: list[subprocess.Popen[str]], seconds: float) -> list[int]:
    end = time.monotonic() + seconds
    try:
        return [launcher.wait(max(0.1, end - time.monotonic())) for launcher in launchers]
    finally:
        for launcher in launchers:
            if launcher.poll() is None:
                os.killpg(launcher.pid, signal.SIGKILL)


def processes_of(launcher: subprocess.Popen[str]) -> list[int]:
    """The processes that a launcher has started."""
    listed = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text()
    return [int(number) for number in listed.split()]


def until(run: Path, checkpoints: int, seconds: float = 200) -> None:
    end = time.monotonic() + seconds
    while len(Checkpoints(run).steps()) < checkpoints and time.monotonic() < end:
        time.sleep(0.005)
    assert len(Checkpoints(run).steps()) >= checkpoints


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_a_node_that_is_killed_and_the_run_resumed(tmp_path: Path, parallel: str) -> None:
    options = {**OPTIONS, "parallel": parallel, "keep": 100}
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert wait_for(nodes(tmp_path, whole, options=options), 250) == [0, 0]
    launchers = nodes(tmp_path, cut, options=options)
    until(cut, 2)
    ranks = {}
    for launcher in launchers:
        (process,) = processes_of(launcher)
        environment = Path(f"/proc/{process}/environ").read_text()
        ranks[re.search(r"\0RANK=(\d)", environment)[1]] = (process, launcher)
    process, launcher = ranks["1"]
    os.killpg(launcher.pid, signal.SIGKILL)  # the launcher with all of its node
    os.kill(process, signal.SIGKILL)
    codes = wait_for(launchers, SOON)
    assert sorted(code != 0 for code in codes) == [True, True]
    told = told_by(tmp_path / "0.err") + told_by(tmp_path / "1.err")
    assert f"process 1 of 2 ({socket.gethostname()}, process id {process}) has exited or" in told
    assert 5 < Checkpoints(cut).steps()[-1] < 60
    assert wait_for(nodes(tmp_path, cut, options=options, resume=True), 250) == [0, 0]
    assert digest(cut, 60) == digest(whole, 60)
    assert losses(cut) == losses(whole)


def test_a_process_that_does_not_answer_is_named_within_the_stated_time(tmp_path: Path) -> None:
    options = {**OPTIONS, "steps": 1_000_000, "parallel": "ddp"}
    run = tmp_path / "run"
    processes = started_together(tmp_path, [(run, {"options": options})])
    try:
        until(run, 1)
        assert processes[1].pid is not None
        os.kill(processes[1].pid, signal.SIGSTOP)
        processes[0].join(LOST + SOON)
        assert processes[0].exitcode == 1
    finally:
        for process in processes:
            process.kill()
    pid = processes[1].pid
    told = told_by(tmp_path / "0.err")
    assert f"process 1 of 2 ({socket.gethostname()}, process id {pid}) has not responded" in told
    assert "resume from it with --resume" in told
