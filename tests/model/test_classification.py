"""The classifier over the last token, against transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from gpt2 import GPT2Config, GPT2ForSequenceClassification
from gpt2.errors import GPT2Warning, InputError
from tests.model.torch_pairs import SHAPE, pair, same, tokens
from tests.tiny import peer

pytestmark = pytest.mark.parity
PAD = 66


def classifiers(**extra: Any) -> tuple[Any, Any]:
    """Ours and theirs in float64, with the same random weights."""
    shape = {**SHAPE, "pad_token_id": PAD, **extra}
    kind = "GPT2ForSequenceClassification"
    theirs = peer(shape, std=0.3, dtype="float64", kind=kind, attn_implementation="eager")
    ours = GPT2ForSequenceClassification(GPT2Config(**shape)).double().eval()
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def texts() -> torch.Tensor:
    """Three rows of 9 ids, padded on the right, on the left and not at all."""
    ids = tokens(3, 9, PAD)
    ids[0, 6:] = PAD
    ids[1, :2] = PAD
    return ids


@pytest.mark.parametrize(
    ("extra", "labels"),
    [
        ({"num_labels": 4}, torch.tensor([3, 0, 2])),
        ({"num_labels": 1}, torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)),
        ({"num_labels": 3}, torch.tensor([[1.0, 0, 1], [0, 0, 0], [1, 1, 1]]).double()),
        ({"num_labels": 3, "problem_type": "regression"}, torch.ones(3, 3).double()),
        ({"id2label": {"0": "a", "1": "b", "2": "c"}}, torch.tensor([1, 2, 0])),
    ],
    ids=["one label", "regression", "several labels", "named problem", "named labels"],
)
def test_logits_loss_and_gradients(extra: dict[str, Any], labels: torch.Tensor) -> None:
    ours, theirs = classifiers(**extra)
    a, b = ours(texts(), labels=labels), theirs(texts(), labels=labels)
    same(a.logits, b.logits)
    same(a.loss, b.loss)
    assert ours.config.problem_type == theirs.config.problem_type  # pipelines read it
    a.loss.backward()
    b.loss.backward()
    expected = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        same(parameter.grad, expected[name].grad)


def test_one_text_needs_no_padding_token() -> None:
    ours, theirs = classifiers(pad_token_id=None)
    same(ours(tokens(1)).logits, theirs(tokens(1)).logits)
    with pytest.raises(InputError, match="pad_token_id"):
        ours(tokens(2))


def test_saves_and_loads(tmp_path: Path) -> None:
    ours, _ = classifiers(num_labels=4)
    ours.float().save_pretrained(tmp_path)
    again = GPT2ForSequenceClassification.from_pretrained(tmp_path)
    theirs = transformers.GPT2ForSequenceClassification.from_pretrained(tmp_path).eval()
    same(again(texts()).logits, ours(texts()).logits, 0)
    same(again(texts()).logits, theirs(texts()).logits, 1e-5)


def test_starts_from_a_language_model(tmp_path: Path) -> None:
    """The body is the language model's, the head is new and small."""
    model, _ = pair(torch.float32)
    model.save_pretrained(tmp_path)
    with pytest.warns(GPT2Warning, match=r"score.weight .* train it"):
        ours = GPT2ForSequenceClassification.from_pretrained(tmp_path, num_labels=5)
    same(ours.transformer.wte.weight, model.transformer.wte.weight, 0)
    assert ours.score.weight.shape == (5, 24)
    assert 0.01 < ours.score.weight.std().item() < 0.03
