"""Two gloo processes do what one does; runs go on with another number of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from gpt2 import GPT2LMHeadModel
from gpt2.training.checkpoints import Checkpoints
from tests.conftest import ROOT
from tests.training.runs import GRADIENTS, losses, run, trainer

# Five rows: one process has two of them, the other three, in different parts.
LEARNING = {"steps": 50, "batch_size": 5, "lr": 1e-2, "micro_batch": 2, "save_every": 25,
            "validate_every": 25}  # fmt: skip


def two_processes(folder: Path, **given: Any) -> None:
    in_turn({folder: given})


def in_turn(runs: dict[Path, dict[str, Any]]) -> None:
    """Runs of two processes one after the other: starting them takes most of the time."""
    words = [word for folder, given in runs.items() for word in (str(folder), json.dumps(given))]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launcher, "-m", "tests.training.runs", *words],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def check_same(ours: Path, theirs: Path, step: int) -> None:
    """Losses within 1e-5, and weights nearly the same."""
    assert losses(ours) == pytest.approx(losses(theirs), rel=1e-5)
    for ours_p, theirs_p in zip(
        GPT2LMHeadModel.from_pretrained(Checkpoints(ours).at(step)).parameters(),
        GPT2LMHeadModel.from_pretrained(Checkpoints(theirs).at(step)).parameters(),
        strict=True,
    ):
        torch.testing.assert_close(ours_p, theirs_p, atol=1e-3, rtol=1e-3)


def check_gradients(ours: Path, theirs: Path) -> None:
    """Each parameter's gradient within 1e-5 of its own length."""
    for found, expected in zip(*(torch.load(f / GRADIENTS) for f in (ours, theirs)), strict=True):
        assert found.keys() == expected.keys()
        for name, gradient in expected.items():
            assert gradient.norm() > 0
            assert (found[name] - gradient).norm() <= 1e-5 * gradient.norm(), name


def test_two_processes_and_then_one_are_one(tmp_path: Path) -> None:
    short = {**LEARNING, "steps": 8, "save_every": 4, "validate_every": 4}
    sharded = {**short, "parallel": "fsdp", "steps": 3, "save_every": 0, "validate_every": 0}
    run(tmp_path / "one", keep_gradients=3, options=short)
    in_turn({
        tmp_path / "two": {"options": short, "keep_gradients": 3},
        tmp_path / "sharded": {"options": sharded, "keep_gradients": 3},
    })  # fmt: skip
    for folder in ("two", "sharded"):
        check_gradients(tmp_path / folder, tmp_path / "one")
    check_same(tmp_path / "two", tmp_path / "one", 8)
    last = Checkpoints(tmp_path / "two").at(8)
    last.rename(tmp_path / "step-000008")
    trainer(tmp_path / "two", short, resume=True).run()
    check_same(tmp_path / "two", tmp_path / "one", 8)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [{"parallel": "ddp"}, {"parallel": "fsdp"}, {"parallel": "fsdp", "optimizer": "muon"}],
    ids=str,
)
def test_fifty_steps_of_two_processes_are_those_of_one(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    options = {**LEARNING, **options}
    trainer(tmp_path / "one", options).run()
    found = losses(tmp_path / "one")
    assert found[0] - found[-1] > 1
    two_processes(tmp_path / "two", options=options)
    check_same(tmp_path / "two", tmp_path / "one", 50)


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_a_run_goes_on_with_another_number_of_processes(tmp_path: Path, parallel: str) -> None:
    options = {**LEARNING, "parallel": parallel}
    trainer(tmp_path / "one", options).run()
    two_processes(tmp_path / "two", options=options)
    for folder, goes_on in (("one", two_processes), ("two", _here)):
        copy = tmp_path / f"{folder}-other"
        (tmp_path / folder).rename(copy)
        whole = losses(copy)
        last = Checkpoints(copy).at(50)
        last.rename(tmp_path / f"{folder}-last")
        goes_on(copy, options=options, resume=True)
        assert losses(copy) == pytest.approx(whole, rel=1e-5)
        assert Checkpoints(copy).steps()[-1] == 50


def _here(folder: Path, **given: Any) -> None:
    trainer(folder, **given).run()
