"""The micro-batch size, the lean hidden layer, shapes of new models."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

from gpt2.errors import OptionError
from gpt2.model.lean import make_lean
from gpt2.training.loop import memory
from gpt2.training.loop.distributed import Processes
from gpt2.training.loop.memory import micro_batch
from gpt2.training.loop.trainer import Trainer
from gpt2.training.planning.footprint import footprint
from gpt2.training.planning.new_model import ModelShape
from tests.training.planning.test_plan import peak_of
from tests.training.runs import LENGTH, model_of, rows_of, trainer


def test_rows_at_a_time_fit_and_are_even(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu, config = torch.device("cpu"), model_of().config
    each = footprint(config, 1, 16, device="cpu").activations
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    monkeypatch.setattr(memory, "available_memory", lambda: int(each * 7 / memory.SHARE) + 1)
    assert micro_batch(20, cpu, config, 16, False, lambda n: True) == 7  # 7, 7, 6
    assert micro_batch(8, cpu, config, 16, False, lambda n: True) == 4
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert micro_batch(8, cpu, config, 16, False, lambda n: True) == 3
    monkeypatch.setattr(memory, "available_memory", lambda: 0)
    assert micro_batch(8, cpu, config, 16, False, lambda n: True) == 1


def note_passes(made: Trainer, limit: int) -> list[int]:
    """The rows of each pass from now on; one of more than ``limit`` runs out of memory."""
    seen: list[int] = []

    def note(_: Any, args: Any, given: dict[str, Any]) -> None:
        seen.append(len(given["inputs_embeds"]))
        if seen[-1] > limit:
            raise torch.OutOfMemoryError

    made.model.transformer.register_forward_pre_hook(note, with_kwargs=True)
    return seen


@pytest.fixture
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The micro-batch size is found as on a GPU."""
    found = memory.micro_batch
    gpu = torch.device("cuda")
    monkeypatch.setattr(memory, "micro_batch", lambda rows, _, *more: found(rows, gpu, *more))


@pytest.mark.usefixtures("as_on_a_gpu")
def test_a_trial_runs_the_rows_that_training_will(tmp_path: Path, two: Processes) -> None:
    made = trainer(tmp_path, {"batch_size": 128, "micro_batch": 1}, processes=two)
    made.config.micro_batch = None
    rows = rows_of(64)
    seen = note_passes(made, limit=10)
    made.stepper.micro_batch = made._micro_batch(None, rows)
    assert seen == [64, 32, 16, 8, 8]
    assert made.stepper.optimizer.gradients() == []
    seen.clear()
    made.stepper.gradients(rows, 1.0)
    assert seen == [8] * 8


@pytest.mark.usefixtures("as_on_a_gpu")
@pytest.mark.parametrize(
    ("options", "limit"),
    [({}, 4), ({"recompute": True}, 2), ({"optimizer": "muon"}, 2)],
    ids=["at once", "recomputing in parts", "muon in parts"],
)
def test_a_trial_takes_the_memory_of_a_later_step(
    tmp_path: Path, options: dict[str, Any], limit: int
) -> None:
    shape = {"resid_pdrop": 0.1, "n_layer": 6}
    made = trainer(tmp_path, {"batch_size": 4, "micro_batch": 1, **options}, shape=shape)
    made.config.micro_batch = None
    made.model.eval()  # as a loaded model is
    note_passes(made, limit)
    rows, stepper = rows_of(4), made.stepper
    tried = peak_of(lambda: made._micro_batch(None, rows))
    assert stepper.micro_batch == limit
    stepper.update(0, rows)
    state = sum(value.nbytes for value in stepper.optimizer.state().values() if value.dim())
    taken = peak_of(lambda: stepper.gradients(rows, 1.0))
    stepper.optimizer.zero_grad()
    assert tried == pytest.approx(state + taken, rel=0.05)
    assert peak_of(lambda: made._micro_batch(None, rows)) == pytest.approx(tried - state, rel=0.05)


@pytest.mark.usefixtures("as_on_a_gpu")
def test_with_sharded_weights_nothing_is_tried(
    tmp_path: Path, two: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"batch_size": 128, "micro_batch": 1, "parallel": "fsdp"}
    made = trainer(tmp_path, options, processes=two)
    made.config.micro_batch = None
    seen = note_passes(made, limit=10)
    needed = footprint(made.model.config, 16, LENGTH, strategy="fsdp", ranks=2, device="cpu")
    spare = needed.total - needed.weights
    for free, expected in ((spare, 16), (0.99 * spare, 8), (0, 1)):
        monkeypatch.setattr(memory, "free_on_gpu", lambda free=free: free)
        assert made._micro_batch(None, rows_of(64)) == expected
    assert seen == []


def test_a_lean_block_has_the_same_gradients() -> None:
    plain = model_of(n_inner=96).train()
    lean = copy.deepcopy(plain)
    make_lean(lean)
    ids = torch.randint(0, 64, (3, 16))
    for model in (plain, lean):
        model(ids, labels=ids).loss.backward()
    for (name, a), (_, b) in zip(plain.named_parameters(), lean.named_parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, msg=name)
    kept: list[int] = []
    for model in (plain, lean):
        numbers: set[tuple[int, int]] = set()

        def note(t: torch.Tensor, numbers: set[tuple[int, int]] = numbers) -> torch.Tensor:
            numbers.add((t.untyped_storage().data_ptr(), t.untyped_storage().nbytes()))
            return t

        with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
            loss = model(ids, labels=ids).loss
        kept.append(sum(size for _, size in numbers))
        del loss
    # Of each block: the hidden layer after GELU, and what comes out of two norms.
    assert kept[0] - kept[1] == 2 * 4 * 3 * 16 * (96 + 2 * 32)


def test_a_lean_block_hides_nothing_from_hooks_and_taps() -> None:
    model = model_of().train()
    make_lean(model)
    ids, seen = torch.randint(0, 64, (2, 8)), []
    hook = model.transformer.h[1].mlp.c_proj.register_forward_hook(lambda *_: seen.append("hook"))
    model(ids)
    hook.remove()
    with model.tapped(lambda name, x: seen.append(name), ["h.*.ln_1", "h.0.mlp.hidden"]):
        model(ids)
    model(ids)
    assert seen == ["hook", "h.0.ln_1", "h.0.mlp.hidden", "h.1.ln_1"]


def test_the_shape_of_a_new_model() -> None:
    assert ModelShape().config(300, 299).parameter_count() == 4 * 789_760 + (300 + 256 + 2) * 256
    medium = ModelShape(size="gpt2-medium", context=128).config(50257, 50256)
    assert (medium.n_layer, medium.n_head, medium.n_embd, medium.n_positions) == (24, 16, 1024, 128)
    assert (medium.resid_pdrop, medium.attn_pdrop) == (0, 0)
    with pytest.raises(OptionError, match="size already determines layers"):
        ModelShape(size="gpt2", width=64)
    ModelShape(layers=24).check(medium)
    with pytest.raises(OptionError, match=r"width 512 was requested.*has 1024"):
        ModelShape(width=512).check(medium)
