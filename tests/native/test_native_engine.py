from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpt2 import reference
from gpt2.config import ACTIVATIONS, GPT2Config
from gpt2.engine import Engine
from gpt2.native import NativeEngine
from tests.native.models import AWKWARD, EVEN, kernels_here, random_weights, weights_of

# Largest difference to the reference in float64, as a share of the logits' standard deviation.
# About what the rounding of weights (and of keys and values, where fp16) allows.
TOLERANCE = {"fp32": 2e-3, "fp16": 5e-3, "bf16": 3e-2, "int8": 0.1, "int4": 1.0}

IDS = np.random.default_rng(1).integers(0, 100, 80)


def expected(config: GPT2Config, weights: dict[str, Any], ids: np.ndarray) -> np.ndarray:
    wide = {name: values.astype(np.float64) for name, values in weights.items()}
    return reference.forward(wide, config, ids)


def test_is_an_engine() -> None:
    assert isinstance(NativeEngine(weights_of("even"), EVEN), Engine)


@pytest.mark.parametrize("kernels", kernels_here())
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("config", "which"), [(AWKWARD, "awkward"), (EVEN, "even")])
def test_equals_the_reference(config: GPT2Config, which: str, dtype: str, kernels: str) -> None:
    engine = NativeEngine(weights_of(which), config, dtype=dtype, kernels=kernels, threads=2)
    found = engine.extend(engine.new_cache(1), [IDS], logits="all")
    wanted = expected(config, weights_of(which), IDS)
    assert np.abs(found - wanted).max() < TOLERANCE[dtype] * wanted.std()


def test_fp32_keys_and_values_are_exact_to_rounding() -> None:
    engine = NativeEngine(weights_of("awkward"), AWKWARD, kv_dtype="fp32")
    found = engine.extend(engine.new_cache(1), [IDS], logits="all")
    np.testing.assert_allclose(found, expected(AWKWARD, weights_of("awkward"), IDS), atol=2e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation: str) -> None:
    config = AWKWARD.replace(activation_function=activation)
    weights = {n: 3 * w for n, w in weights_of("awkward").items()}  # large arguments too
    engine = NativeEngine(weights, config, kv_dtype="fp32")
    wanted = expected(config, weights, IDS[:20])
    found = engine.extend(engine.new_cache(1), [IDS[:20]], logits="all")
    np.testing.assert_allclose(found, wanted, atol=1e-4 * wanted.std())


def test_half_precision_input_is_taken_as_it_is() -> None:
    half = {name: values.astype(np.float16) for name, values in weights_of("even").items()}
    wide = {name: values.astype(np.float32) for name, values in half.items()}
    results = [
        engine.extend(engine.new_cache(1), [IDS])
        for engine in (NativeEngine(half, EVEN), NativeEngine(wide, EVEN))
    ]
    np.testing.assert_array_equal(*results)


def test_fp16_weights_are_rounded_to_nearest_even() -> None:
    config = EVEN.replace(n_layer=1)
    weights = random_weights(config)
    generator = np.random.default_rng(3)
    numbers = generator.standard_normal((160, 64)) * 10.0 ** generator.integers(-9, 4, (160, 64))
    weights["transformer.wte.weight"] = numbers.astype(np.float32)
    engine = NativeEngine(weights, config, dtype="fp16")
    panels = engine.packed("transformer.wte.weight")[64:].view(np.float16).reshape(10, 64, 16)
    found = panels.transpose(0, 2, 1).reshape(160, 64)
    np.testing.assert_array_equal(found, weights["transformer.wte.weight"].astype(np.float16))


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_packed_bytes_make_the_same_engine(dtype: str) -> None:
    engine = NativeEngine(weights_of("awkward"), AWKWARD, dtype=dtype)
    again = NativeEngine(packed_weights(engine, weights_of("awkward")), AWKWARD, dtype=dtype)
    np.testing.assert_array_equal(
        engine.extend(engine.new_cache(1), [IDS]), again.extend(again.new_cache(1), [IDS])
    )


def packed_weights(engine: NativeEngine, weights: dict[str, Any]) -> dict[str, Any]:
    return {
        name: engine.packed(name) if values.ndim == 2 and "wpe" not in name else values
        for name, values in weights.items()
    }


@pytest.mark.parametrize(("dtype", "bits"), [("int8", 8.5), ("int4", 4.5)])
def test_bits_per_weight(dtype: str, bits: float) -> None:
    config = GPT2Config(n_layer=1, vocab_size=100, n_positions=8)  # GPT-2's own width
    engine = NativeEngine(random_weights(config), config, dtype=dtype)
    for part in ("attn.c_attn", "mlp.c_proj"):
        name = f"transformer.h.0.{part}.weight"
        assert engine.packed(name).nbytes * 8 <= bits * np.prod(shape(name, config))


def shape(name: str, config: GPT2Config) -> tuple[int, ...]:
    return random_weights(config)[name].shape


def test_int8_error_is_half_a_step() -> None:
    engine = NativeEngine(weights_of("even"), EVEN, dtype="int8")
    name = "transformer.wte.weight"
    packed, table = engine.packed(name), weights_of("even")[name]
    scales = packed[64 : 64 + 4 * 160].view(np.float32)
    sums = packed[64 + 4 * 160 : 64 + 8 * 160].view(np.int32)
    steps = packed[64 + 8 * 160 :].view(np.int8).reshape(10, 16, 16, 4)
    whole = steps.transpose(0, 2, 1, 3).reshape(160, 64)
    found = whole * scales[:, None]
    np.testing.assert_array_equal(sums, whole.sum(1, dtype=np.int32))
    assert (np.abs(found - table) <= 0.501 * scales[:, None]).all()


def test_generates_through_the_mixin() -> None:
    engine = NativeEngine(weights_of("even"), EVEN, kv_dtype="fp32")
    found = engine.generate([[1, 2, 3]], max_new_tokens=5, do_sample=False, eos_token_id=None)
    ids = [1, 2, 3]
    for _ in range(5):
        ids.append(int(expected(EVEN, weights_of("even"), np.array(ids))[-1].argmax()))
    assert np.asarray(found).tolist() == [ids]


@pytest.mark.parametrize(("config", "which"), [(AWKWARD, "awkward"), (EVEN, "even")])
def test_int8_keys_and_values_err_a_little(config: GPT2Config, which: str) -> None:
    engine = NativeEngine(weights_of(which), config, kv_dtype="int8")
    found = engine.extend(engine.new_cache(1), [IDS], logits="all")
    wanted = expected(config, weights_of(which), IDS)
    error = np.abs(found - wanted).max()
    assert 1e-4 * wanted.std() < error < 0.02 * wanted.std()  # rounded, and finely
