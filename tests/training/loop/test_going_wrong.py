"""Runs that go wrong: nothing broken is the best, and what cannot continue ends in one line."""

from __future__ import annotations

import errno
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from gpt2.errors import OptionError, TrainingError, WeightError, WriteError
from gpt2.training.checkpoints.store import MODEL, Checkpoints
from gpt2.training.config import TrainingConfig
from gpt2.training.loop import saving
from gpt2.training.loop import trainer as loop
from gpt2.training.loop.distributed import pick_device
from gpt2.training.reporting.history import read_metrics
from gpt2.training.reporting.validation import Validation
from tests.training.runs import trainer

SHORT = {"steps": 4, "warmup": 0, "validate_every": 2, "save_every": 2, "keep": 1}


def test_a_validation_that_is_no_number_is_never_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer(tmp_path, SHORT | {"steps": 2}).run()
    shutil.rmtree(tmp_path / MODEL)
    broken = Validation(math.nan, math.nan, None, [])
    monkeypatch.setattr(loop, "validate", lambda *_, **__: broken)
    going = trainer(tmp_path, SHORT, resume=True, allow_changes=True)
    with pytest.raises(
        TrainingError, match=r"validation loss after step 4 is nan.*step 2 is intact"
    ):
        going.run()
    assert Checkpoints(tmp_path).steps() == [2]
    assert not (tmp_path / MODEL).exists()


def test_weights_that_are_not_finite_are_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trainer(tmp_path, SHORT | {"steps": 1}, held=None)
    apply = made.stepper._apply

    def broken(*given: Any) -> float:
        rate = apply(*given)
        with torch.no_grad():
            next(iter(made.model.parameters())).fill_(math.inf)
        return rate

    monkeypatch.setattr(made.stepper, "_apply", broken)
    with pytest.raises(TrainingError, match="NaN or infinite"):
        made.run()
    assert Checkpoints(tmp_path).steps() == []


def test_a_best_checkpoint_that_is_gone_is_said(tmp_path: Path) -> None:
    trainer(tmp_path, SHORT).run()
    checkpoints = Checkpoints(tmp_path)
    state = checkpoints.last() / "training" / "state.json"
    text = state.read_text("utf-8")
    assert '"best": {' in text
    state.write_text(text.replace('"best": {\n    "step": 4', '"best": {\n    "step": 2'), "utf-8")
    shutil.rmtree(checkpoints.at(2), ignore_errors=True)
    shutil.rmtree(tmp_path / MODEL)
    trainer(tmp_path, SHORT, resume=True).run()
    assert (tmp_path / MODEL / "model.safetensors").exists()
    told = [r["text"] for r in read_metrics(tmp_path) if r["kind"] == "note"]
    assert any("step 2, no longer exists" in line for line in told)


def test_what_cannot_go_on_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path, SHORT).run()
    with pytest.raises(OptionError, match="--optimizer adamw, whose state muon cannot"):
        trainer(tmp_path, {**SHORT, "optimizer": "muon"}, resume=True, allow_changes=True)
    with pytest.raises(WeightError, match="is expected"):
        trainer(tmp_path, SHORT, resume=True, allow_changes=True, shape={"n_embd": 16})


def test_a_full_disk_while_the_model_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer(tmp_path, SHORT).run()
    before = (tmp_path / MODEL / "model.safetensors").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a file")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(WriteError, match="The disk is full") as told:
        Checkpoints(tmp_path).publish(4)
    assert str(told.value).count("No space") == 1
    assert (tmp_path / MODEL / "model.safetensors").read_bytes() == before
    assert list(tmp_path.glob("*.part")) == []


def test_a_full_disk_is_told_with_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither TensorBoard's own error nor that of the last picture takes its place."""
    made = trainer(tmp_path, SHORT)
    save = saving.save

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fill(*given: Any) -> None:
        save(*given)
        for method in ("add_scalar", "flush", "close"):
            monkeypatch.setattr(made.log._board, method, full)
        monkeypatch.setattr("gpt2.training.reporting.curves.atomic", full)

    monkeypatch.setattr(saving, "save", fill)
    with pytest.raises(WriteError, match=r"tensorboard could.*disk is full.*step 2 is intact"):
        made.run()
    assert made.log.metrics._journal._file.closed


def test_beginning_anew_leaves_nothing_of_the_old_run(tmp_path: Path) -> None:
    trainer(tmp_path, SHORT).run()
    (tmp_path / "adapter").mkdir()
    for name in ("report.md", "report.json"):
        (tmp_path / name).write_text("{}", "utf-8")
    trainer(tmp_path, SHORT, overwrite=True).run()
    assert not (tmp_path / "adapter").exists()
    assert not (tmp_path / "report.md").exists()


@pytest.mark.parametrize(
    "options",
    [{"lr": math.inf}, {"eps": math.inf}, {"weight_decay": math.inf}, {"save_minutes": math.inf},
     {"seed": 2**64}, {"seed": -1}, {"threads": 2**40}],
)  # fmt: skip
def test_options_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        TrainingConfig(**options)


def test_the_largest_seed_trains(tmp_path: Path) -> None:
    trainer(tmp_path, {**SHORT, "steps": 1, "seed": 2**64 - 1}).run()


def test_a_device_that_is_not_there() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    for name in ("cuda", "cuda:1", "nonsense"):
        with pytest.raises(OptionError, match=name):
            pick_device(name)
