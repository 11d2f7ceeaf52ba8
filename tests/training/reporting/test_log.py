"""The log of a run: what it writes, what a resumed run finds, what is shown."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from gpt2.training.reporting.history import read_metrics
from gpt2.training.reporting.log import Log
from gpt2.training.reporting.validation import Validation
from gpt2.training.units import duration

FOUND = Validation(3.25, 1000, 1.5, {"1": 5.0, "2": 4.0})


def opened(folder: Path, **changes: Any) -> Log:
    settings = {"tokens_per_step": 100, "flops_per_token": 1e6, "show": False}
    return Log(folder, 10, **{**settings, **changes})


def steps(log: Log, first: int, last: int) -> None:
    for step in range(first, last + 1):
        log.step(step, 5 - step / 10, 1e-3, 0.5, 0.1, 100)


def test_what_is_written(tmp_path: Path) -> None:
    with opened(tmp_path, peak_flops=1e10) as log:
        steps(log, 1, 4)
        log.validation(4, FOUND)
        log.sample(4, "Once", " upon a time\n狐狸")
        log.note("half way")
    lines = [json.loads(ln) for ln in (tmp_path / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert [ln["kind"] for ln in lines] == ["step"] * 4 + ["validation", "sample", "note"]
    assert lines[0]["loss"] == 4.9
    assert lines[0]["tokens_per_second"] == 1000
    assert lines[0]["mfu"] == pytest.approx(0.1)
    assert lines[4]["by_position"] == {"1": 5.0, "2": 4.0}
    assert lines[5]["text"] == " upon a time\n狐狸"
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_a_number_that_is_none_is_null(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        log.step(1, float("nan"), 1e-3, float("inf"), 0.1, 100)
    first = (tmp_path / "metrics.jsonl").read_text("utf-8").splitlines()[0]
    assert json.loads(first, parse_constant=pytest.fail)["loss"] is None
    assert (tmp_path / "loss.png").exists()


def test_a_resumed_run_goes_on_where_the_checkpoint_was(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        steps(log, 1, 6)
        log.validation(6, FOUND)
    with (tmp_path / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"kind": "step", "step": 7, "lo')  # killed here
    with opened(tmp_path, start_step=4) as log:
        steps(log, 5, 8)
    records = read_metrics(tmp_path)
    assert [r["step"] for r in records if r["kind"] == "step"] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert not [r for r in records if r["kind"] == "validation"]
    assert any("4 records after step 4 were dropped" in r.get("text", "") for r in records)


def test_a_half_line_is_repaired_where_nothing_else_is_dropped(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        steps(log, 1, 2)
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))  # whole, but for its end
    with opened(tmp_path, start_step=2) as log:
        steps(log, 3, 3)
    assert [r["step"] for r in read_metrics(tmp_path)] == [1, 2, 3]


def test_a_line_that_is_no_record_is_left_out(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        steps(log, 1, 1)
    with (tmp_path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"a":' * 100_000 + b"\n\xff\n[1]\n" + b"9" * 5_000 + b"\n")
    assert [r["step"] for r in read_metrics(tmp_path)] == [1]


def test_a_record_of_other_types_is_left_out(tmp_path: Path) -> None:
    """Of a damaged file; a loss that is a text ended in Python's TypeError when it was reported."""
    good = {"kind": "step", "step": 1, "loss": 2.5}
    kept = {"kind": "validation", "step": 1, "loss": None, "bits_per_byte": None, "by_position": {}}
    bad = [{**good, "loss": "2.5"}, {"kind": "step", "step": 1}, {**good, "kind": ["step"]},
           {**kept, "by_position": [1]}, {**kept, "by_position": {"1": "x"}},
           {"kind": "sample", "step": 1, "prompt": 1, "text": "x"},
           {**good, "step": True}]  # fmt: skip
    lines = "".join(json.dumps(record) + "\n" for record in (good, *bad, kept))
    (tmp_path / "metrics.jsonl").write_text(lines)
    assert read_metrics(tmp_path) == [good, kept]


def test_a_new_run_begins_anew(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        steps(log, 1, 3)
    with opened(tmp_path) as log:
        steps(log, 1, 1)
    assert [r["step"] for r in read_metrics(tmp_path)] == [1]


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="no TensorBoard")
def test_tensorboard_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.summary.writer import event_file_writer

    # Files of one second are read in the order of their names, where number 10 comes before 9.
    monkeypatch.setattr(event_file_writer, "_global_uid", event_file_writer.AtomicCounter(0))
    with opened(tmp_path) as log:
        steps(log, 1, 3)
        log.validation(3, FOUND)
    with opened(tmp_path, start_step=2) as log:
        steps(log, 3, 4)
    board = EventAccumulator(str(tmp_path / "tensorboard"))
    board.Reload()
    assert [event.step for event in board.Scalars("train/loss")] == [1, 2, 3, 4]
    assert not board.Scalars("validation/loss")  # of step 3, which was done anew


def test_what_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "tensorboard" else find(name),
    )
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with opened(tmp_path) as log:
        steps(log, 1, 1)
        log._draw()
    texts = [r["text"] for r in read_metrics(tmp_path) if r["kind"] == "note"]
    assert ["no TensorBoard files: pip install" in t for t in texts] == [True, False]
    assert ["loss.png needs matplotlib, which is not" in t for t in texts] == [
        False,
        True,
    ]


def test_what_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(tmp_path, peak_flops=1e10, show=True) as log:
        steps(log, 1, 10)
        log.validation(10, FOUND)
        log.sample(10, "Once", " upon")
    shown = capsys.readouterr()
    assert not shown.out
    lines = shown.err.splitlines()
    assert lines[0].startswith("step 1/10  loss 4.9000  lr 1.00e-03  1,000 tokens/s  MFU 10%")
    assert lines[0].endswith("left")
    assert lines[1].startswith("step 10/10")  # the last is shown, those between came too soon
    assert lines[2:] == [
        "step 10  validation loss 3.2500  perplexity 25.79  1.5000 bits per byte",
        "step 10  sample:",
        "  | Once upon",
    ]


def test_durations() -> None:
    assert [duration(s) for s in (0.2, 12, 320, 3600, 97_000, 180_000)] == [
        "0 s", "12 s", "5 min 20 s", "1 h", "1 d 2 h", "2 d 2 h",
    ]  # fmt: skip
