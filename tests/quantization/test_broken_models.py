"""Models with weights that nobody trains: an error before anything is written, or a folder that
loads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpt2
from gpt2.checkpoint import write_checkpoint
from gpt2.errors import WeightError
from gpt2.quantization import quantize
from gpt2.quantization.calibrate import Inputs
from tests.tiny import TEXT, random_weights, tiny_config, tiny_tokenizer

NORM = "transformer.h.0.ln_1"
Weights = dict[str, Any]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    (tmp_path / "text.txt").write_text(TEXT * 20, "utf-8")
    return tmp_path / "text.txt"


def made(folder: Path, change: Callable[[Weights], Any]) -> Path:
    config = tiny_config()
    weights = random_weights(config)
    change(weights)
    write_checkpoint(folder / "model", config, weights)
    tiny_tokenizer().save_pretrained(folder / "model")
    return folder / "model"


def constant(weights: Weights) -> None:
    weights[f"{NORM}.weight"][:32], weights[f"{NORM}.bias"][:32] = 0, 1e4


@pytest.mark.parametrize("dtype", ["int8", "int4"])
def test_inputs_whose_variance_is_noise_are_calibrated(
    tmp_path: Path, text: Path, dtype: str
) -> None:
    """Sums that cancel leave a matrix that is not positive definite: numpy's LinAlgError before."""
    model = made(tmp_path, constant)
    found = {
        rounding: quantize(model, tmp_path / rounding, dtype=dtype, rounding=rounding, text=text,
                           calibrate=text if rounding == "calibrated" else None).fidelity
        for rounding in ("nearest", "calibrated")
    }  # fmt: skip
    assert found["calibrated"].kl_mean < 2 * found["nearest"].kl_mean + 1e-3
    assert len(gpt2.load(tmp_path / "calibrated").generate([[1, 2]], max_new_tokens=2)[0]) == 4


def test_inputs_that_are_no_numbers_are_told() -> None:
    for wrong in (np.inf, np.nan, 1e25):
        x = np.ones((9, 4), np.float32)
        x[3, 2] = wrong
        with np.errstate(all="ignore"), pytest.raises(WeightError, match='rounding="search"'):
            Inputs.of(x).compensation()


def test_a_loss_beyond_every_perplexity_is_written_as_json(tmp_path: Path, text: Path) -> None:
    """gpt2.json held Infinity, which no reader of JSON takes, this package's neither."""
    model = made(tmp_path, lambda w: np.multiply(w["transformer.wte.weight"], 1e8,
                                                 out=w["transformer.wte.weight"]))  # fmt: skip
    report = quantize(model, tmp_path / "q", text=text, rounding="nearest").to_dict()
    assert json.loads(json.dumps(report, allow_nan=False))["perplexity"] > 1e300
    assert gpt2.load(tmp_path / "q").sidecar["quantization"]["perplexity"] > 1e300


def test_a_model_of_nan_logits_is_not_measured(tmp_path: Path, text: Path) -> None:
    model = made(tmp_path, lambda w: w["transformer.h.0.mlp.c_fc.weight"].fill(3e38))
    with pytest.raises(WeightError, match="the original gives NaN or infinite logits"):
        quantize(model, tmp_path / "q", text=text, rounding="nearest")
    assert not (tmp_path / "q").exists()
