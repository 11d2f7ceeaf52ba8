"""Packed bytes and the numbers they stand for; rounding that makes up for itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2.checkpoint.packed import as_packed, packed_size, unpack
from gpt2.errors import CorruptFileError, InputError, OptionError, WeightError
from gpt2.native.packing import Compensation, pack
from gpt2.quantization.calibrate import Inputs
from tests.examples import some

SIZES = st.integers(1, 140)


def random(outputs: int, inputs: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal((outputs, inputs)).astype(np.float32)


@given(outputs=SIZES, inputs=SIZES, transposed=st.booleans())
@settings(max_examples=some(40), deadline=None)
def test_floats_come_back(outputs: int, inputs: int, transposed: bool) -> None:
    weights = random(outputs, inputs)
    given_ = np.ascontiguousarray(weights.T) if transposed else weights
    bits = weights.view(np.uint32)
    near = ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32)
    wanted = {"fp32": weights, "fp16": weights.astype(np.float16).astype(np.float32), "bf16": near}
    for dtype, numbers in wanted.items():
        data = pack(given_, dtype, transposed=transposed)
        assert data.nbytes == packed_size(dtype, outputs, inputs)
        np.testing.assert_array_equal(unpack(data, dtype, outputs, inputs), numbers)


@given(outputs=SIZES, inputs=SIZES, seed=st.integers(0, 99))
@settings(max_examples=some(40), deadline=None)
def test_whole_numbers_are_the_nearest(outputs: int, inputs: int, seed: int) -> None:
    """int8 and int4 by their definition, in numpy and apart from the layout."""
    weights = random(outputs, inputs, seed)
    most = np.abs(weights).max(1, keepdims=True)
    data = pack(weights, "int8", transposed=False)
    assert data.nbytes == packed_size("int8", outputs, inputs)
    found = unpack(data, "int8", outputs, inputs)
    assert (np.abs(found - weights) <= 0.501 * most / 127).all()
    data = pack(weights, "int4", transposed=False, search=False)
    assert data.nbytes == packed_size("int4", outputs, inputs)
    found = unpack(data, "int4", outputs, inputs)
    unit = most / (8 * 127)
    for begin in range(0, inputs, 32):
        group = weights[:, begin : begin + 32]
        at = np.abs(group).argmax(1)
        scale = np.rint(group[np.arange(outputs), at][:, None] / (-8 * unit)) * unit
        safe = np.where(scale != 0, scale, 1)
        wanted = np.clip(np.rint(group / safe), -8, 7) * scale
        miss = np.abs(found[:, begin : begin + 32] - wanted)
        assert (miss > 1e-5).mean() < 0.02  # ties and a scale's last bit
        assert (miss <= 1.01 * np.abs(scale) + 1e-6).all()


def test_a_search_for_scales_lessens_the_squared_error() -> None:
    weights = random(64, 256)
    errors = [
        np.square(unpack(pack(weights, "int4", transposed=False, search=s), "int4", 64, 256)
                  - weights).sum()
        for s in (False, True)
    ]  # fmt: skip
    assert errors[1] < 0.95 * errors[0]


def gptq(weights: Any, steps: Any, low: int, high: int, how: Compensation) -> Any:
    """Frantar et al. 2022, algorithm 1 without blocks: [outputs, inputs], in numpy."""
    left, factor = weights.astype(np.float64)[:, how.order].copy(), how.factor.astype(np.float64)
    whole = np.empty_like(left)
    for i, k in enumerate(how.order):
        step = steps[:, k]
        whole[:, i] = np.clip(np.rint(left[:, i] / step), low, high)
        error = (left[:, i] - whole[:, i] * step) / factor[i, i]
        left[:, i + 1 :] -= np.outer(error, factor[i + 1 :, i])
    back = np.empty_like(whole)
    back[:, how.order] = whole
    return back


def correlated(count: int, inputs: int) -> Any:
    generator = np.random.default_rng(3)
    mix = generator.standard_normal((inputs, inputs)) / inputs**0.5
    return (generator.standard_normal((count, inputs)) @ mix).astype(np.float32)


@pytest.mark.parametrize("inputs", [40, 150])  # more than a span of the core's
def test_compensated_rounding_is_the_papers(inputs: int) -> None:
    weights, x = random(33, inputs), correlated(600, inputs)
    how = Inputs.of(x).compensation()
    data = pack(weights, "int8", transposed=False, compensation=how)
    scales = np.abs(weights).max(1) / 127
    found = np.rint(unpack(data, "int8", 33, inputs) / scales[:, None])
    steps = np.repeat(scales[:, None], inputs, axis=1)
    wanted = gptq(weights, steps, -127, 127, how)
    assert (found != wanted).mean() < 0.01  # near-ties that fp32 and fp64 decide differently


@pytest.mark.parametrize(("dtype", "gain"), [("int8", 0.8), ("int4", 0.8)])
def test_compensation_lessens_the_error_of_the_products(dtype: str, gain: float) -> None:
    weights, x = random(48, 128), correlated(800, 128)
    errors = []
    for how in (None, Inputs.of(x[:400]).compensation()):
        data = pack(weights, dtype, transposed=False, compensation=how)
        errors.append(np.square((unpack(data, dtype, 48, 128) - weights) @ x[400:].T).sum())
    assert errors[1] < gain * errors[0]


def test_inputs_that_never_vary() -> None:
    """Dead inputs and a text of one token do no harm."""
    weights, x = random(20, 64), correlated(1, 64)
    x[:, ::2] = 0
    for given_ in (x, np.zeros_like(x)):
        how = Inputs.of(given_).compensation()
        data = pack(weights, "int4", transposed=False, compensation=how)
        assert np.isfinite(unpack(data, "int4", 20, 64)).all()


def test_levelled_inputs_are_the_sums_of_what_they_say() -> None:
    x = correlated(300, 24) * np.linspace(0.1, 3, 24, dtype=np.float32) + np.arange(24)
    x[:, 5] = 2.0  # never varies
    x = x.astype(np.float32)
    inputs = Inputs.of(x[:100])
    inputs.add(Inputs.of(x[100:]))
    level, mean, scale = inputs.level()
    again = Inputs.of(((x - mean) / scale).astype(np.float32))
    np.testing.assert_allclose(level.products, again.products, rtol=1e-3, atol=0.05)
    np.testing.assert_allclose(level.most, again.most, rtol=1e-4, atol=1e-4)
    reach = (x - mean).max(0) - (x - mean).min(0)
    assert np.std(np.log(np.delete(reach / scale, 5))) < np.std(np.log(np.delete(reach, 5)))


def test_what_does_not_fit_is_refused() -> None:
    weights = random(20, 8)
    good = Inputs.of(correlated(30, 8)).compensation()
    for order, factor, message in (
        (good.order[:4], good.factor, "a compensation for 8 inputs"),
        (good.order * 0, good.factor, "name every input once"),
        (good.order, -good.factor, "above 0 on its diagonal"),
        (good.order, good.factor * np.nan, "finite"),
    ):
        with pytest.raises(InputError, match=message):
            pack(weights, "int4", transposed=False, compensation=Compensation(order, factor))
    with pytest.raises(OptionError, match="dtype must be"):
        pack(weights, "int3", transposed=False)
    with pytest.raises(InputError, match="two dimensions"):
        pack(weights[0], "int8", transposed=False)
    with pytest.raises(WeightError, match="finite"):
        pack(weights * np.inf, "int8", transposed=False)


def test_damaged_headers() -> None:
    data = pack(random(20, 8), "int8", transposed=False)
    assert as_packed("x", data, {}, "file").shape == (20, 8)
    for cut, message in ((data[:63], "truncated"), (data[:-1], "header requires")):
        with pytest.raises(CorruptFileError, match=message):
            as_packed("x", cut, {}, "file")
    for place, message in ((0, "does not contain packed"), (8, "packed in version")):
        wrong = data.copy()
        wrong[place] ^= 77
        with pytest.raises(CorruptFileError, match=message):
            as_packed("x", wrong, {}, "file")


@pytest.mark.parametrize(("dtype", "inputs"), [("int8", 66_400), ("int4", 8_300)])
def test_sums_that_leave_32_bits_are_refused(dtype: str, inputs: int) -> None:
    """The header says how large an activation may be: the core computes it, a hand may not."""
    data = pack(np.ones((3, inputs), np.float32), dtype, transposed=False)
    limit = data[24:28].view("<i4")
    assert limit[0] < 255
    assert as_packed("x", data, {}, "file").inputs == inputs
    limit[0] += 1
    words = rf"file: x has {inputs:,} inputs, whose {dtype} weights add up to [\d,]+ for one output"
    with pytest.raises(CorruptFileError, match=words):
        as_packed("x", data, {}, "file")
    usual = pack(random(3, inputs), dtype, transposed=False)
    assert usual[24] == 255  # as many inputs, whose weights are not all of the largest
    assert as_packed("x", usual, {}, "file").inputs == inputs
