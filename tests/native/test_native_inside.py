"""The output head alone, single weights, and an engine of one's own on the same weights."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from gpt2.checkpoint.names import expected_shapes
from gpt2.errors import InputError, OptionError
from gpt2.native import NativeEngine
from tests.native.models import AWKWARD, weights_of

IDS = np.random.default_rng(5).integers(0, AWKWARD.vocab_size, 40).tolist()


def engine(dtype: str = "fp32") -> NativeEngine:
    return NativeEngine(weights_of("awkward"), AWKWARD, dtype=dtype, threads=2)


def logits(model: NativeEngine) -> np.ndarray:
    found = model.extend(model.new_cache(1), [IDS], logits="all")
    assert found is not None
    return found


@pytest.mark.parametrize("dtype", ["fp32", "bf16", "int8", "int4"])
def test_the_head_alone_has_the_bits_of_the_pass(dtype: str) -> None:
    model, seen = engine(dtype), {}
    with model.tapped(lambda name, x: seen.update({name: x}), ["h.*"]):
        wanted = logits(model)
    hidden = seen[f"h.{AWKWARD.n_layer - 1}"]  # [1, T, D]
    np.testing.assert_array_equal(model.head(hidden), wanted[None])
    np.testing.assert_array_equal(model.head(hidden[0, 7]), wanted[7])
    assert model.head(hidden[:0]).shape == (0, len(IDS), AWKWARD.vocab_size)


def test_rows_of_another_width_are_refused() -> None:
    for wrong in (np.zeros(35), np.zeros((2, 37)), np.float32(1)):
        with pytest.raises(InputError, match=r"hidden must have the shape \[\.\.\., 36\]"):
            engine().head(wrong)


def test_weights_are_the_tensors() -> None:
    model, weights = engine(), weights_of("awkward")
    for name in expected_shapes(AWKWARD):
        np.testing.assert_array_equal(model.weight(name), weights[name], err_msg=name)
    with pytest.raises(OptionError, match="no tensor"):
        model.weight("transformer.h.9.ln_1.bias")


def test_int8_weights_are_whole_multiples_of_a_scale() -> None:
    name = "transformer.h.0.mlp.c_fc.weight"  # [inputs, outputs]
    found, true = engine("int8").weight(name), weights_of("awkward")[name]
    step = np.abs(true).max(axis=0) / 127
    assert np.abs(found - true).max() <= 0.51 * step.max()
    np.testing.assert_allclose(found / step, np.round(found / step), atol=1e-3)


@pytest.mark.parametrize("dtype", ["fp32", "int8"])
def test_a_twin_is_an_engine_of_its_own(dtype: str) -> None:
    model = engine(dtype)
    plain, twin = logits(model), model.twin()
    np.testing.assert_array_equal(logits(twin), plain)
    with twin.ablate(heads=[(0, 1)]), twin.tapped(lambda *_: None):
        changed = logits(twin)
        np.testing.assert_array_equal(logits(model), plain)
        assert (model.exact_pieces, twin.exact_pieces) == (True, False)
    assert not np.array_equal(changed, plain)
    with model.ablate(heads=[(0, 1)]):
        np.testing.assert_array_equal(logits(model), changed)
        np.testing.assert_array_equal(logits(twin), plain)
        np.testing.assert_array_equal(logits(model.twin()), plain)


def test_a_twin_keeps_the_weights_alive() -> None:
    model = engine("int8")
    plain, twin = logits(model), model.twin().twin()
    del model
    gc.collect()
    np.testing.assert_array_equal(logits(twin), plain)
