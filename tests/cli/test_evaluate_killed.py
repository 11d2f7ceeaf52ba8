"""``gpt2 evaluate`` as a process that is really killed: nothing is lost or counted twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

TURNS, TOGETHER = 64, 16  # of CoQA; turns that are judged together
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX only")


def conversation() -> dict[str, Any]:
    """Turns that differ, so that figures tell which of them were counted."""
    turns = range(TURNS)
    return {
        "story": "A cat sat on a mat.",
        "questions": [{"input_text": f"Who was {n}?"} for n in turns],
        "answers": [{"input_text": f"{'the cat and a mat ' * (n % 5)}{n}"} for n in turns],
    }


def start(folder: Path, output: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gpt2", "evaluate", "gpt2-mini", "--on", "coqa", "--data",
               str(folder), "--dtype", "int8", "--threads", "1", "-q",
               "-o", str(output)]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1"}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def killed_after(entries: int, folder: Path, output: Path) -> list[bytes]:
    """Run until the journal has so many entries, kill -9; its whole lines after the first."""
    journal = output.with_name(f"{output.name}.journal")
    process = start(folder, output)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") > entries:
            break
        time.sleep(0.002)
    assert process.poll() is None, "it was over before it could be killed"
    process.kill()
    process.wait()
    assert process.stderr is not None
    process.stderr.close()
    assert process.returncode == -signal.SIGKILL
    assert not output.exists()
    return [line for line in journal.read_bytes().split(b"\n")[1:-1] if line]


def test_killed_twice_the_figures_are_those_of_one_run(tmp_path: Path) -> None:
    (tmp_path / "coqa-dev-v1.0.json").write_text(json.dumps({"data": [conversation()]}))
    output, whole = tmp_path / "out.json", tmp_path / "whole.json"
    first = killed_after(1, tmp_path, output)
    with (tmp_path / "out.json.journal").open("ab") as file:
        file.write(
            b'{"benchmark": "coqa", "rows": [{"f1": 1.0'
        )  # as a kill within a write leaves it
    second = killed_after(len(first) + 1, tmp_path, output)
    assert second[: len(first)] == first
    assert len(second) > len(first)
    rows = [row for line in second for row in json.loads(line)["rows"]]
    assert len(rows) == TOGETHER * len(second) < TURNS
    for path in (output, whole):
        process = start(tmp_path, path)
        assert process.wait() == 0, process.communicate()
    went_on, at_once = (
        json.loads(path.read_text())["benchmarks"]["coqa"] for path in (output, whole)
    )
    assert went_on["examples"] == TURNS
    assert {m["rows"] for m in went_on["measures"].values()} == {TURNS}
    assert went_on["measures"] == at_once["measures"]
    assert not (tmp_path / "out.json.journal").exists()
