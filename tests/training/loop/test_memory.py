"""The micro-batch size, the lean hidden layer, shapes of new models."""

from __future__ import annotations

import copy

import pytest
import torch

from gpt2.errors import OptionError
from gpt2.model.lean import make_lean
from gpt2.training.loop import memory
from gpt2.training.loop.memory import micro_batch
from gpt2.training.planning.footprint import footprint
from gpt2.training.planning.new_model import ModelShape
from tests.training.runs import model_of


def test_rows_at_a_time_fit_and_are_even(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu, config = torch.device("cpu"), model_of().config
    each = footprint(config, 1, 16, device="cpu").activations
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    monkeypatch.setattr(memory, "available_memory", lambda: int(each * 7 / memory.SHARE) + 1)
    assert micro_batch(20, cpu, config, 16, False, lambda n: None) == 7  # 7, 7, 6
    assert micro_batch(8, cpu, config, 16, False, lambda n: None) == 4
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert micro_batch(8, cpu, config, 16, False, lambda n: None) == 3
    monkeypatch.setattr(memory, "available_memory", lambda: 0)
    assert micro_batch(8, cpu, config, 16, False, lambda n: None) == 1


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
