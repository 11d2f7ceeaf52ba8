"""``gpt2 evaluate`` as a process that is really killed: nothing is lost or counted twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gpt2.cli.convert import convert
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


def evaluation(folder: Path, model: str | Path = "gpt2-mini") -> list[str]:
    return ["evaluate", str(model), "--on", "coqa", "--data", str(folder), "--dtype", "int8",
            "--threads", "1", "-q"]  # fmt: skip


def start(asked: list[str], output: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gpt2", *asked, "-o", str(output)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HF_HUB_OFFLINE": "1"}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def killed_after(entries: int, asked: list[str], output: Path, journal: Path) -> list[bytes]:
    """Run until the journal has so many entries, kill -9; its whole lines after the first."""
    process = start(asked, output)
    deadline = time.monotonic() + 240
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
    return [line for line in journal.read_bytes().split(b"\n")[1:-1] if line]


def test_killed_twice_the_figures_are_those_of_one_run(tmp_path: Path) -> None:
    data = tmp_path / "coqa-dev-v1.0.json"
    data.write_text(json.dumps({"data": [conversation()]}))
    output, whole = tmp_path / "out.json", tmp_path / "whole.json"
    journal, asked = tmp_path / "out.json.journal", evaluation(tmp_path)
    first = killed_after(1, asked, output, journal)
    with journal.open("ab") as file:
        file.write(
            b'{"benchmark": "coqa", "rows": [{"f1": 1.0'
        )  # as a kill within a write leaves it
    data.write_text(data.read_text() + " ")
    process = start(asked, output)
    assert "different model, options or data" in process.communicate()[1]
    assert process.returncode == 2
    data.write_text(json.dumps({"data": [conversation()]}))
    second = killed_after(len(first) + 1, asked, output, journal)
    assert not output.exists()
    assert second[: len(first)] == first
    assert len(second) > len(first)
    rows = [row for line in second for row in json.loads(line)["rows"]]
    assert len(rows) == TOGETHER * len(second) < TURNS
    for path in (output, whole):
        process = start(asked, path)
        assert process.wait() == 0, process.communicate()
    went_on, at_once = (
        json.loads(path.read_text())["benchmarks"]["coqa"] for path in (output, whole)
    )
    assert went_on["examples"] == TURNS
    assert {m["rows"] for m in went_on["measures"].values()} == {TURNS}
    assert went_on["measures"] == at_once["measures"]
    assert not (tmp_path / "out.json.journal").exists()


def weights(model: Path) -> None:
    """Other weights in a file of the same size and time."""
    (file,) = model.glob("*.bin")
    before, state = file.stat(), torch.load(file)
    state["transformer.wpe.weight"] *= 1.5
    torch.save(state, file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def rewrite(model: Path, name: str, **values: Any) -> None:
    there = json.loads((model / name).read_text()) if (model / name).exists() else {}
    (model / name).write_text(json.dumps({**there, **values}))


REPLACED: dict[str, Callable[[Path], None]] = {
    "weights": weights,
    "configuration": lambda m: rewrite(m, "config.json", layer_norm_epsilon=1e-3),
    "tokenizer": lambda m: rewrite(m, "tokenizer_config.json", add_prefix_space=True),
    "decoding": lambda m: rewrite(m, "generation_config.json", repetition_penalty=1.4),
}


@pytest.mark.slow
@pytest.mark.parametrize("replaced", REPLACED.values(), ids=REPLACED)
@pytest.mark.parametrize("command", ["evaluate", "summarize"])
def test_killed_and_the_model_replaced_rows_never_mix(
    tmp_path: Path, command: str, replaced: Callable[[Path], None]
) -> None:
    """The rows stay as the first model left them, and the second is refused, whichever file of the
    model is another."""
    model, output = tmp_path / "model", tmp_path / "out.json"
    convert("gpt2-mini", model, "bin")
    (tmp_path / "coqa-dev-v1.0.json").write_text(json.dumps({"data": [conversation()]}))
    rows = [{"text": f"The cat number {n} sat on a mat. The dog came."} for n in range(40)]
    (tmp_path / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    journal, asked = tmp_path / "out.json.journal", evaluation(tmp_path, model)
    if command == "summarize":
        journal = output
        asked = ["summarize", "-m", str(model), "--batch", str(tmp_path / "in.jsonl"),
                 "--max-new-tokens", "20", "--threads", "1", "-q"]  # fmt: skip
    killed_after(1, asked, output, journal)
    there = journal.read_bytes()
    replaced(model)
    process = start(asked, output)
    _, told = process.communicate()
    assert process.returncode == 2
    assert "another" in told
    assert len(told.splitlines()) == 1
    assert journal.read_bytes() == there
