"""The torch model on a CUDA device beside the same on the CPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gpt2.loading import load
from gpt2.model import GPT2LMHeadModel
from tests.tiny import write_tiny

DEVICE = "cuda"
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
IDS = torch.tensor([[5, 9, 60, 3, 3, 17], [8, 1, 2, 250, 40, 41]])


@pytest.fixture
def pair(tmp_path: Path) -> tuple[GPT2LMHeadModel, GPT2LMHeadModel]:
    write_tiny(tmp_path)
    here, there = (GPT2LMHeadModel.from_pretrained(tmp_path).eval() for _ in range(2))
    return here, there.to(DEVICE)


def test_logits_and_gradients(pair: tuple[GPT2LMHeadModel, GPT2LMHeadModel]) -> None:
    here, there = pair
    ours, theirs = (m(IDS.to(m.device), labels=IDS.to(m.device)) for m in pair)
    torch.testing.assert_close(theirs.logits.cpu(), ours.logits, rtol=1e-3, atol=1e-3)
    ours.loss.backward()
    theirs.loss.backward()
    gradients = dict(there.named_parameters())
    for name, parameter in here.named_parameters():
        found = gradients[name].grad
        assert found is not None
        torch.testing.assert_close(found.cpu(), parameter.grad, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("options", [{}, {"num_beams": 3}], ids=["greedy", "beams"])
def test_generating(pair: tuple[GPT2LMHeadModel, GPT2LMHeadModel], options: dict[str, int]) -> None:
    ours, theirs = (
        m.generate(IDS.to(m.device), max_new_tokens=8, do_sample=False, **options) for m in pair
    )
    assert theirs.tolist() == ours.tolist()


def test_a_model_is_loaded_there(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    model = load(tmp_path, engine="torch", device=DEVICE)
    here = load(tmp_path, engine="torch", device="cpu")
    options = {"max_new_tokens": 8, "do_sample": False}
    assert model.generate("The quick", **options) == here.generate("The quick", **options)
