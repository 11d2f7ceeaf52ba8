"""Named points: what no model has is refused, what a tap gives is checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import gpt2
from gpt2.errors import ElsewhereError, InputError, OptionError
from tests.generation import tiny_models

ENGINES = ["torch", "native"]


@pytest.mark.parametrize("kind", ENGINES)
def test_points_of_layers_that_are_not_there(kind: str) -> None:
    model = tiny_models.engines()[kind]  # two layers
    for name in ("h.9.attn.pattern", "h.2"):
        with (
            pytest.raises(OptionError, match="layers are 0 to 1"),
            model.tapped(lambda *_: None, points=[name]),
        ):
            pass
    with model.tapped(lambda *_: None, points=["h.1.attn.pattern"]):
        model.generate([3, 4], max_new_tokens=1)


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("points", [None, ["h.*.attn"]], ids=str)
def test_what_a_tap_gives(kind: str, points: Any) -> None:
    model = tiny_models.engines()[kind]
    for wrong in (lambda _, x: x[..., :1], lambda _, x: 3.0, lambda _, x: np.zeros((7, 7))):
        with model.tapped(wrong, points), pytest.raises(InputError, match="but the tap returned"):
            model.generate([3, 4], max_new_tokens=1)
    plain = model.generate([3, 4], max_new_tokens=4)
    with model.tapped(lambda _, x: x * 1, points):
        assert model.generate([3, 4], max_new_tokens=4).tolist() == plain.tolist()


def test_heads_to_leave_out_are_pairs() -> None:
    model = tiny_models.native()
    with (
        pytest.raises(InputError, match=r"heads must be pairs \(layer, head\), found 0"),
        model.ablate(heads=[0]),  # type: ignore[list-item]
    ):
        pass


def test_names_of_transformers() -> None:
    for name in ("Trainer", "TopKLogitsWarper", "DataCollatorForLanguageModeling"):
        with pytest.raises(ElsewhereError, match=f"{name} is not in gpt2"):
            exec(f"from gpt2 import {name}")
    assert not hasattr(gpt2, "Tranier")


def test_own_classes_of_criteria_and_processors() -> None:
    class Odd(gpt2.StoppingCriteria):
        def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
            return input_ids[:, -1] % 2 == 1

    class Never(gpt2.LogitsProcessor):
        def __call__(self, ids: Any, scores: Any) -> Any:
            scores = scores.clone()
            scores[:, 49] = -torch.inf
            return scores

    model, ids = tiny_models.on_torch(), tiny_models.prompt(1, seed=3)
    criteria, processors = gpt2.StoppingCriteriaList([Odd()]), gpt2.LogitsProcessorList([Never()])
    said = {"stopping_criteria": criteria, "logits_processor": processors, "max_new_tokens": 9}
    out = model.generate(ids, **said)
    theirs = tiny_models.peer().generate(ids, attention_mask=torch.ones_like(ids), **said)
    assert out.tolist() == theirs.tolist()
    assert criteria(ids, None).tolist() == [bool(ids[0, -1] % 2)]
    assert processors(ids, torch.zeros(1, 61))[0, 49] == -torch.inf
