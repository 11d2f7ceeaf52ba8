"""The loop: what it computes, how it stops, and that resuming is bit for bit the same."""

from __future__ import annotations

import json
import math
import os
import resource
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from gpt2 import GPT2LMHeadModel
from gpt2.errors import OptionError, TrainingError, WriteError
from gpt2.training.checkpoints.model_files import WholeModel
from gpt2.training.checkpoints.store import Checkpoints
from gpt2.training.config import TrainingConfig
from gpt2.training.inputs.batches import IGNORED, Batch, Windows
from gpt2.training.loop.distributed import Processes
from gpt2.training.loop.schedules import factor
from gpt2.training.planning.flops import flops_per_token
from tests.training.children import child, told_by
from tests.training.runs import LENGTH, SMALL, Cycle, digest, losses, model_of, rows_of, trainer

MOVED = {"shape": {"resid_pdrop": 0.1, "embd_pdrop": 0.1, "attn_pdrop": 0.1}}


def test_it_is_plain_adamw_on_the_mean_loss(tmp_path: Path) -> None:
    trainer(tmp_path, {"clip": 0.5}).run()
    found = GPT2LMHeadModel.from_pretrained(tmp_path / "checkpoints" / "step-000008")

    model, config = model_of().train(), TrainingConfig(**SMALL)
    source = Windows(Cycle(4000, 0), LENGTH, config.batch_size, config.seed)
    groups = [
        {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 0.1},
        {"params": [p for p in model.parameters() if p.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95), foreach=False)
    expected = []
    for step in range(config.steps):
        batch = source.batch(step)
        logits = model(torch.from_numpy(batch.inputs)).logits
        loss = F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(batch.labels).flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        for group in optimizer.param_groups:
            group["lr"] = config.lr * factor(step, config)
        optimizer.step()
        optimizer.zero_grad()
        expected.append(loss.item())
    assert losses(tmp_path) == pytest.approx(expected, rel=1e-5)
    assert expected[-1] < expected[0] - 0.2
    for (name, ours), (_, theirs) in zip(
        found.named_parameters(), model.named_parameters(), strict=True
    ):
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-4, msg=name)


class Uneven(Windows):
    """Rows of which different numbers of places count."""

    def batch(self, step: int, rank: int = 0, ranks: int = 1) -> Batch:
        batch = super().batch(step, rank, ranks)
        labels = batch.labels.copy()
        for row, line in enumerate(labels):
            line[: 2 * row] = IGNORED
        return Batch(batch.inputs, labels)


def test_parts_of_a_batch_weigh_by_what_counts_in_them(tmp_path: Path) -> None:
    found = []
    for size in (1, 4, 6):
        folder = tmp_path / str(size)
        run = trainer(folder, {"micro_batch": size, "save_every": 0, "validate_every": 0})
        run.source = Uneven(Cycle(4000, 0), LENGTH, 6, 0)
        run.run()
        found.append(losses(folder))
    assert found[0] == pytest.approx(found[2], rel=1e-5)
    assert found[1] == pytest.approx(found[2], rel=1e-5)


def test_a_validation_takes_no_more_rows_at_a_time_than_training(tmp_path: Path) -> None:
    sizes, found = [], []
    for size in (8, 3, 1):
        made = trainer(tmp_path / str(size), {"steps": 4, "micro_batch": size})
        rows: list[int] = []
        made.model.transformer.drop.register_forward_hook(
            lambda *given, rows=rows: rows.append(len(given[2]))
        )
        found.append(made._validate() and made.validation)
        sizes.append(rows)
    assert sizes == [[8] * 4, [2, 3, 3] * 4, [1] * 32]
    for other in found[1:]:
        assert other.tokens == found[0].tokens
        assert other.loss == pytest.approx(found[0].loss, rel=1e-6)
        assert other.by_position == pytest.approx(found[0].by_position, rel=1e-6)


class NoDouble(TorchFunctionMode):
    """Nothing becomes float64 or is moved as such, as on mps, which does not have it."""

    def __torch_function__(self, call: Any, types: Any, args: Any = (), given: Any = None) -> Any:
        result = call(*args, **(given or {}))
        if call in (torch.Tensor.to, torch.Tensor.double, torch.Tensor.new_tensor):
            assert result.dtype != torch.float64
        return result


def test_a_run_needs_no_float64_on_its_device(tmp_path: Path) -> None:
    made = trainer(tmp_path, {"steps": 2, "validate_every": 2})
    with NoDouble():
        assert made.run().validation is not None


def test_signals_of_several_processes_do_not_add_up(
    tmp_path: Path, two: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trainer(tmp_path, processes=two)

    def add_other(values: torch.Tensor) -> torch.Tensor:
        """The other process has the same rows and has received the same signal."""
        return values + (values[[0, 2, 1]] if len(values) == 3 else values)

    monkeypatch.setattr(two, "sum", add_other)
    assert made.stepper.update(0, rows_of(3), signal.SIGTERM).signal == signal.SIGTERM


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "muon", "recompute": True},
        {"precision": "fp16"},
        {"precision": "bf16", "schedule": "wsd", "micro_batch": 4},
    ],
    ids=str,
)
def test_a_resumed_run_is_the_uninterrupted_one(tmp_path: Path, options: dict[str, Any]) -> None:
    outcome = trainer(tmp_path / "whole", options, **MOVED).run()
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    shutil.rmtree(tmp_path / "cut" / "checkpoints" / "step-000008")
    again = trainer(tmp_path / "cut", options, resume=True, model=_other_weights(), **MOVED)
    assert again.step == 4
    assert again.run().validation == outcome.validation
    assert digest(tmp_path / "cut", 8) == digest(tmp_path / "whole", 8)
    assert losses(tmp_path / "cut") == losses(tmp_path / "whole")


@pytest.mark.parametrize(("precision", "dtype"), [("bf16", "bfloat16"), ("fp32", "float32")])
def test_utilisation_is_of_what_the_processor_can_do_at_the_runs_precision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str, dtype: str
) -> None:
    peaks = {torch.bfloat16: 2e9, torch.float32: 1e9}
    monkeypatch.setattr("gpt2.training.loop.trainer._peak", lambda device, kind: peaks[kind])
    trainer(tmp_path, {"precision": precision, "steps": 2, "save_every": 0}).run()
    step = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[0])
    flops = step["mfu"] * peaks[getattr(torch, dtype)] / step["tokens_per_second"]
    assert flops == pytest.approx(flops_per_token(model_of().config, LENGTH), rel=0.01)


def _other_weights() -> GPT2LMHeadModel:
    model = model_of(**MOVED["shape"])
    torch.nn.init.normal_(model.transformer.wte.weight)
    return model


LONG = {"steps": 60, "save_every": 5, "validate_every": 0}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("whole")
    trainer(folder, LONG).run()
    return digest(folder, 60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=str)
def test_ended_by_a_signal_it_goes_on_to_the_same_end(
    tmp_path: Path, number: int, uninterrupted: str
) -> None:
    folder = tmp_path / "cut"
    process, checkpoints = child(folder, options=LONG), Checkpoints(folder)
    end = time.monotonic() + 300
    while len(checkpoints.steps()) < 2 and time.monotonic() < end:
        assert process.is_alive(), told_by(folder.with_suffix(".err"))
        time.sleep(0.002)
    assert process.pid
    os.kill(process.pid, number)
    process.join(300)
    assert process.exitcode == (0 if number == signal.SIGTERM else -number)
    resumed = trainer(folder, LONG, resume=True)
    assert resumed.step < 60
    assert resumed.step % 5 == 0 or number == signal.SIGTERM
    resumed.run()
    assert digest(folder, 60) == uninterrupted
    assert [path.name for path in checkpoints.folder.iterdir() if "part" in path.name] == []


class Full(WholeModel):
    """Files no longer than 20 kB can be written at the second checkpoint: the disk is full."""

    times = 0

    def write(self, folder: Path, tensors: Any) -> None:
        self.times += 1
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        if self.times == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
        try:
            super().write(folder, tensors)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_where_a_file_cannot_be_written_the_checkpoint_before_is_whole(tmp_path: Path) -> None:
    model = model_of()
    with pytest.raises(WriteError, match=r"could not be written.*step 4 is intact.*--resume"):
        trainer(tmp_path, model=model, files=Full(model)).run()
    checkpoints = Checkpoints(tmp_path)
    assert checkpoints.steps() == [4]
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == ["lock", "step-000004"]
    trainer(tmp_path, resume=True).run()
    trainer(tmp_path / "whole").run()
    assert digest(tmp_path, 8) == digest(tmp_path / "whole", 8)


@pytest.mark.parametrize("options", [{}, {"optimizer": "muon"}], ids=str)
def test_a_loss_that_is_no_number_stops_it(tmp_path: Path, options: dict[str, Any]) -> None:
    trainer(tmp_path, {"steps": 4, **options}).run()
    kept = digest(tmp_path, 4)
    wild = {"steps": 300, "lr": 1e30, "clip": 0.0, "warmup": 0, "validate_every": 0,
            "save_every": 0, **options}  # fmt: skip
    broken = trainer(tmp_path, wild, resume=True, allow_changes=True)
    with pytest.raises(TrainingError, match=r"step \d+ is (nan|inf|NaN or infinite).*4 is intact"):
        broken.run()
    assert Checkpoints(tmp_path).steps() == [4]
    assert digest(tmp_path, 4) == kept


def test_it_goes_on_only_with_what_gives_the_same_result(tmp_path: Path) -> None:
    data = {"sha256": "a" * 64}
    trainer(tmp_path, {"steps": 4}, data=data).run()
    with pytest.raises(OptionError, match="contains a run of 4 steps: use --resume"):
        trainer(tmp_path, data=data)
    with pytest.raises(OptionError, match=r"data: steps \(4, now 8\), lr .*--allow-changes"):
        trainer(tmp_path, {"lr": 1e-2}, data=data, resume=True)
    with pytest.raises(OptionError, match="data: sha256"):
        trainer(tmp_path, {"steps": 4}, data={"sha256": "b" * 64}, resume=True)
    harmless = {"steps": 4, "keep": 1, "validate_every": 1}
    assert trainer(tmp_path, harmless, data=data, resume=True).run().step == 4
    assert trainer(tmp_path, data=data, resume=True, allow_changes=True).run().step == 8
    anew = trainer(tmp_path, {"steps": 4}, overwrite=True)
    assert anew.step == 0
    with pytest.raises(OptionError, match="Another process is training"):
        trainer(tmp_path, resume=True)
    anew.run()
    assert Checkpoints(tmp_path).steps() == [4]


def test_the_last_and_the_best_are_kept_and_the_best_is_published(tmp_path: Path) -> None:
    options = {"steps": 90, "lr": 0.1, "schedule": "constant", "validate_every": 2, "keep": 2,
               "save_every": 4, "patience": 3}  # fmt: skip
    outcome = trainer(tmp_path, options).run()
    assert outcome.best is not None
    best = int(outcome.best["step"])
    kept = Checkpoints(tmp_path).steps()
    assert outcome.stopped == "patience"
    assert outcome.step == best + 6
    assert kept[-1] == outcome.step
    assert best in kept
    assert len(kept) == 3
    published = (tmp_path / "model" / "model.safetensors").read_bytes()
    assert published == (Checkpoints(tmp_path).at(best) / "model.safetensors").read_bytes()
    assert not (tmp_path / "model" / "training").exists()


@pytest.mark.parity
def test_transformers_loads_a_checkpoint(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    trainer(tmp_path, {"steps": 4}).run()
    place = Checkpoints(tmp_path).at(4)
    theirs = transformers.GPT2LMHeadModel.from_pretrained(place)
    ids = torch.tensor([[1, 6, 31, 5]])
    expected = GPT2LMHeadModel.from_pretrained(place)(ids).logits
    torch.testing.assert_close(theirs.eval()(ids).logits, expected, atol=1e-5, rtol=1e-5)


def test_the_first_loss_of_new_weights_is_held_to_that_of_guessing(tmp_path: Path) -> None:
    trainer(tmp_path / "right", {"steps": 2}).run()
    assert losses(tmp_path / "right")[0] == pytest.approx(math.log(64), rel=0.01)
    assert "initialisation" not in (tmp_path / "right" / "metrics.jsonl").read_text()
    trainer(tmp_path / "wrong", {"steps": 2}, model=_other_weights()).run()
    assert "check the initialisation" in (tmp_path / "wrong" / "metrics.jsonl").read_text()


def test_only_what_requires_a_gradient_is_trained(tmp_path: Path) -> None:
    model = model_of()
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("ln_" in name)
    before = {name: p.clone() for name, p in model.named_parameters()}
    trainer(tmp_path, {"steps": 4}, model=model).run()
    changed = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert changed
    assert all("ln_" in name for name in changed)
