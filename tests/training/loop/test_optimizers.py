"""Schedules, Muon, the loss with its head, and the loss scale."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import gpt2.model.head_loss as module
from gpt2.errors import InputError, OptionError, TrainingError, WeightError
from gpt2.model.head_loss import head_loss
from gpt2.model.lora import LoraConfig, add_lora
from gpt2.training.config import TrainingConfig
from gpt2.training.loop.loss_scale import GROWTH, LossScale
from gpt2.training.loop.muon import Muon, orthogonal
from gpt2.training.loop.optimizers import Optimizer
from gpt2.training.loop.schedules import factor
from tests.training.runs import model_of


def factors(**options: object) -> list[float]:
    config = TrainingConfig(**{"steps": 10, "warmup": 2, **options})
    return [round(factor(step, config), 4) for step in range(10)]


def test_schedules() -> None:
    assert factors(schedule="constant") == [0.3333, 0.6667] + [1.0] * 8
    assert factors(schedule="wsd", decay=0.4, min_lr=0.0)[5:] == [1.0, 1.0, 0.75, 0.5, 0.25]
    cosine = factors(schedule="cosine", min_lr=0.1)
    assert cosine[2] == 1.0
    assert cosine[6] == 0.55
    assert cosine[9] == pytest.approx(0.1 + 0.9 * 0.5 * (1 - 0.92388), abs=1e-4)
    assert TrainingConfig(steps=100).warmup_steps == 5
    assert TrainingConfig(steps=100_000).warmup_steps == 200


def test_options_that_cannot_be() -> None:
    with pytest.raises(OptionError, match="warmup must be at most steps"):
        TrainingConfig(steps=5, warmup=6)
    for name in ("beta1", "beta2", "momentum"):
        with pytest.raises(OptionError, match=f"{name} must be at least 0 and below 1"):
            TrainingConfig(**{"optimizer": "muon", name: 1.0})
    with pytest.raises(OptionError, match="lr must be above 0"):
        TrainingConfig(lr=0.0)
    with pytest.raises(OptionError, match="has no option 'learning_rate'"):
        TrainingConfig.from_dict({"learning_rate": 1})


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_head_and_loss_in_chunks_are_the_plain_ones(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype
) -> None:
    monkeypatch.setitem(module.CHUNK, "cpu", 5 * 50)  # five places at a time
    torch.manual_seed(0)
    hidden, head = torch.randn(23, 8), torch.randn(50, 8) * 0.5
    labels = torch.randint(0, 50, (23,))
    found = [hidden.clone().requires_grad_(), head.clone().requires_grad_()]
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        ours = head_loss(found[0], found[1], labels, 0.25)
    (3 * ours).backward()
    plain = [hidden.clone().requires_grad_(), head.clone().requires_grad_()]
    expected = 0.25 * F.cross_entropy(plain[0] @ plain[1].t(), labels, reduction="sum")
    (3 * expected).backward()
    close = 1e-5 if dtype == torch.float32 else 2e-2
    torch.testing.assert_close(ours, expected, rtol=close, atol=close)
    for a, b in zip(found, plain, strict=True):
        assert a.grad is not None
        assert a.grad.dtype == torch.float32
        torch.testing.assert_close(a.grad, b.grad, rtol=close, atol=5 * close)


def test_without_a_gradient_to_compute_only_the_loss_is() -> None:
    hidden, head, labels = torch.randn(4, 8), torch.randn(9, 8), torch.tensor([1, 2, 3, 4])
    expected = F.cross_entropy(hidden @ head.t(), labels, reduction="sum")
    torch.testing.assert_close(head_loss(hidden, head, labels), expected)
    frozen = head_loss(hidden.requires_grad_(), head, labels)
    frozen.backward()
    assert hidden.grad is not None
    empty = head_loss(hidden[:0], head.requires_grad_(), labels[:0])
    empty.backward()
    assert head.grad is not None
    assert empty.item() == head.grad.abs().sum() == 0


@pytest.mark.parametrize("width", [40, 96])  # step by step, and by the gram alone
def test_orthogonal_has_singular_values_near_one(width: int) -> None:
    torch.manual_seed(0)
    matrices = torch.randn(3, 24, width)
    found = orthogonal(matrices)
    values = torch.linalg.svdvals(found)
    assert values.min() > 0.6
    assert values.max() < 1.3
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    assert F.cosine_similarity(found.flatten(1), (u @ v).flatten(1)).min() > 0.97


@pytest.mark.parametrize("width", [40, 96])
def test_orthogonal_of_all_but_singular_matrices(width: int) -> None:
    torch.manual_seed(0)
    column, row = torch.randn(2, 24, 1), torch.randn(2, 1, width)
    found = orthogonal(column @ row + 1e-6 * torch.randn(2, 24, width))
    values = torch.linalg.svdvals(found)
    assert 0.6 < values[:, 0].min() <= values.max() < 1.3
    direction = F.normalize(column, dim=1) @ F.normalize(row, dim=2)
    assert (found * direction).sum((1, 2)) == pytest.approx([1.0, 1.0], abs=0.35)


def test_muon_splits_joined_maps_and_knows_no_layout() -> None:
    torch.manual_seed(0)
    start, grads = torch.randn(8, 24), [torch.randn(8, 24) for _ in range(3)]

    def trained(parameters: list[nn.Parameter], parts: int, pieces: list[list[torch.Tensor]]):  # type: ignore[no-untyped-def]
        optimizer = Muon([{"params": parameters, "parts": parts}], 0.1, 0.9, 0.1)
        for step in pieces:
            for p, grad in zip(parameters, step, strict=True):
                p.grad = grad.clone()
            optimizer.step()
        return [p.detach() for p in parameters]

    joined = trained([nn.Parameter(start.clone())], 3, [[g] for g in grads])[0]
    single = trained(
        [nn.Parameter(part.clone()) for part in start.chunk(3, 1)],
        1,
        [list(g.chunk(3, 1)) for g in grads],
    )
    torch.testing.assert_close(joined, torch.cat(single, 1))
    wide, tall = nn.Parameter(start.clone()), nn.Parameter(start.t().clone())
    (a,) = trained([wide], 1, [[g] for g in grads])
    (b,) = trained([tall], 1, [[g.t()] for g in grads])
    torch.testing.assert_close(a, b.t())


def test_each_parameter_has_its_rule() -> None:
    model = model_of()
    optimizer = Optimizer(model.named_parameters(), TrainingConfig(optimizer="muon"))
    adamw, muon = optimizer.parts
    assert isinstance(muon, Muon)
    shapes = [sorted({tuple(p.shape) for p in g["params"]}) for g in muon.param_groups]
    assert shapes == [[(32, 96)], [(32, 32), (32, 128), (128, 32)]]
    decayed, others = adamw.param_groups
    assert {p.dim() for p in others["params"]} == {1}
    assert others["weight_decay"] == 0
    assert [tuple(p.shape) for p in decayed["params"]] == [(64, 32), (16, 32)]
    with pytest.raises(InputError, match="nothing to train"):
        Optimizer(iter([]), TrainingConfig())


def test_muon_without_a_matrix_to_train_is_refused() -> None:
    model = model_of()
    add_lora(model, LoraConfig())
    with pytest.raises(OptionError, match=r"none of them is trained here.*adamw"):
        Optimizer(model.named_parameters(), TrainingConfig(optimizer="muon"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("0:exp_avg", torch.zeros(())),  # torch's fused step would read past its end
        ("0:step", torch.ones(2, 3)),
        ("0:exp_avg_sq", torch.zeros(2, 3, dtype=torch.int32)),
        ("0:exp_avg_sq", torch.zeros(2, 3, dtype=torch.float16)),
        ("0:exp_avg", torch.zeros(3, 2)),
    ],
)
def test_a_memory_of_another_shape_or_type_is_refused(key: str, value: torch.Tensor) -> None:
    weight = nn.Parameter(torch.ones(2, 3))
    optimizer = Optimizer(iter([("0", weight)]), TrainingConfig())
    weight.grad = torch.ones(2, 3)
    optimizer.step()
    kept = {name: part.clone() for name, part in optimizer.state().items()}
    optimizer.load(kept)
    optimizer.step()
    with pytest.raises(WeightError, match=r"damaged|belongs to another model"):
        optimizer.load({**kept, key: value})


def test_the_loss_scale_halves_on_overflow_and_grows() -> None:
    scale = LossScale.of("fp16")
    assert not scale.accept(float("inf"))
    assert scale.value == 2.0**15
    for _ in range(GROWTH):
        assert scale.accept(1.0)
    assert scale.value == 2.0**16
    scale.value = 1.0
    with pytest.raises(TrainingError, match="every loss scale"):
        scale.accept(float("nan"))
    assert LossScale.of("bf16").value == 1
