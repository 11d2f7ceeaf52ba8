"""The numpy forward pass by itself: its parts against their definitions, its cache."""

from __future__ import annotations

from math import erf, exp, pi, sqrt, tanh

import numpy as np
import pytest

from gpt2 import GPT2Config, reference
from gpt2.checkpoint.names import expected_shapes
from gpt2.config import ACTIVATIONS

CONFIG = GPT2Config(vocab_size=31, n_positions=16, n_embd=12, n_layer=2, n_head=3)
X = np.linspace(-6, 6, 41)


def weights(config: GPT2Config = CONFIG) -> dict[str, reference.Array]:
    draw = np.random.default_rng(0)
    return {name: 0.3 * draw.standard_normal(s) for name, s in expected_shapes(config).items()}


def test_activations_by_their_definitions() -> None:
    tanh_form = [0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) for x in X]
    by_definition = {
        "gelu": [x * (1 + erf(x / sqrt(2))) / 2 for x in X],
        "relu": [max(x, 0) for x in X],
        "silu": [x / (1 + exp(-x)) for x in X],
        "swish": [x / (1 + exp(-x)) for x in X],
        "tanh": [tanh(x) for x in X],
    }
    assert set(reference.ACTIVATIONS) == set(ACTIVATIONS)
    for name, function in reference.ACTIVATIONS.items():
        expected = by_definition.get(name, tanh_form)
        np.testing.assert_allclose(function(X), expected, rtol=1e-12, atol=1e-14, err_msg=name)


def test_softmax_of_large_numbers() -> None:
    y = reference.softmax(np.array([[1e4, 1e4 + np.log(3.0)], [-np.inf, 0.0]]))
    np.testing.assert_allclose(y, [[0.25, 0.75], [0, 1]], atol=1e-12)


def test_layer_norm_has_mean_zero_and_variance_one() -> None:
    x = np.random.default_rng(0).normal(3, 5, (4, 12))
    identity = {"ln.weight": np.ones(12), "ln.bias": np.zeros(12)}
    y = reference.layer_norm(x, identity, "ln", 1e-12)
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(-1), 1, atol=1e-10)


@pytest.mark.parametrize("parts", [(1,) * 9, (4, 5), (1, 7, 1)], ids=str)
def test_cache_equals_the_whole(parts: tuple[int, ...]) -> None:
    ids = np.random.default_rng(1).integers(0, 31, 9)
    cache = reference.empty_cache(CONFIG, np.float64)
    ends = np.cumsum(parts)
    pieces = [
        reference.forward(weights(), CONFIG, ids[end - n : end], cache)
        for n, end in zip(parts, ends, strict=True)
    ]
    whole = reference.forward(weights(), CONFIG, ids)
    np.testing.assert_allclose(np.concatenate(pieces), whole, rtol=0, atol=1e-12)


def test_sees_no_future() -> None:
    ids = np.random.default_rng(1).integers(0, 31, 9)
    other = ids.copy()
    other[6] = (ids[6] + 1) % 31
    a, b = (reference.forward(weights(), CONFIG, row) for row in (ids, other))
    assert np.array_equal(a[:6], b[:6])
    assert (np.abs(a[6:] - b[6:]).max(-1) > 1e-3).all()


def test_keeps_float32() -> None:
    single = {name: value.astype(np.float32) for name, value in weights().items()}
    logits = reference.forward(single, CONFIG, [1, 2, 3])
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, reference.forward(weights(), CONFIG, [1, 2, 3]), atol=1e-4)
