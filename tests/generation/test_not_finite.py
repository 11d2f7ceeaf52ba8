"""Logits that are no numbers are noticed: every engine, every way of choosing, and scoring."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gpt2.config import GPT2Config
from gpt2.errors import InputError
from gpt2.model import GPT2LMHeadModel
from gpt2.native import NativeEngine
from gpt2.numpy_engine import NumpyEngine
from gpt2.scoring import Scorer
from tests.generation import tiny_models

WAYS: dict[str, dict[str, Any]] = {
    "greedy": {},
    "greedy by scores": {"repetition_penalty": 1.1},
    "window": {"long": "window", "max_new_tokens": 60},
    "beams": {"num_beams": 3},
    "beams that draw": {"num_beams": 2, "do_sample": True},
    "beams that draw by a seed": {"num_beams": 2, "do_sample": True, "seed": 1},
    "draws": {"do_sample": True},
    "draws by a seed": {"do_sample": True, "seed": 1},
    "draws by scores": {"do_sample": True, "seed": 1, "top_p": 0.9, "no_repeat_ngram_size": 3},
    "lookup": {"prompt_lookup_num_tokens": 3},
}
ENGINES = ["reference", "torch", "native", "native, exact head"]


def engine(kind: str, at: int | None) -> Any:
    """A model that overflows float32 on every text, or from the position ``at`` on."""
    weights = {n: v.float().numpy().copy() for n, v in tiny_models.peer().state_dict().items()}
    if at is None:
        weights["transformer.h.1.mlp.c_proj.weight"][:] = 3e38
    else:
        weights["transformer.wpe.weight"][at:] = 3e38
    config = GPT2Config(**tiny_models.SHAPE)
    if kind == "reference":
        return NumpyEngine(weights, config)
    if kind == "torch":
        model = GPT2LMHeadModel(config).eval()
        model.load_state_dict({n: torch.from_numpy(w) for n, w in weights.items()})
        return model
    return NativeEngine(weights, config, kv_dtype="fp32", exact_head="exact" in kind)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value", "ignore:divide by zero")
@pytest.mark.parametrize("at", [None, 8])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ENGINES)
def test_generate_notices(kind: str, way: str, at: int | None) -> None:
    model = engine(kind, at)
    options = {"max_new_tokens": 12, "eos_token_id": None, **WAYS[way]}
    with pytest.raises(InputError, match=r"(?i)no token is left .* not\s+finite"):
        model.generate([[3, 4, 5]], **options)
    if at is not None:  # before it nothing is wrong
        few = {**options, "max_new_tokens": 5}
        few.pop("long", None)
        assert model.generate([[3, 4, 5]], **few).shape == (1, 8)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value", "ignore:divide by zero")
@pytest.mark.parametrize("kind", ENGINES)
def test_one_row_of_several(kind: str) -> None:
    """The others, and what a finished row would go on with, do not hide it."""
    model = engine(kind, 8)
    with pytest.raises(InputError, match="no token is left"):
        model.generate([[3, 4, 5], [6] * 7], max_new_tokens=3, eos_token_id=None)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value", "ignore:divide by zero")
@pytest.mark.parametrize("kind", ENGINES)
def test_scoring_notices(kind: str) -> None:
    scorer = Scorer(engine(kind, 8))
    assert scorer.loglikelihood([([3, 4], [5])])[0].tokens == 1
    long = [3 + i % 40 for i in range(12)]
    for ask in (
        lambda: scorer.loglikelihood([(long, [5])]),
        lambda: scorer.rolling([long]),
        lambda: scorer.top([long], 2),
    ):
        with pytest.raises(InputError, match="logits are NaN or infinite"):
            ask()


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value", "ignore:divide by zero")
@pytest.mark.parametrize("kind", ["reference", "torch", "native"])
def test_remove_invalid_values_goes_on(kind: str) -> None:
    out = engine(kind, None).generate([[3, 4]], max_new_tokens=3, remove_invalid_values=True)
    assert np.asarray(out)[0, 2:].tolist() == [0, 0, 0]  # of equal logits the lowest id
