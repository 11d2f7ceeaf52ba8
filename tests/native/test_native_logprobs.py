"""`extend_logprobs` of the native engine: the logits' own probabilities, whatever the batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpt2.errors import ContextLengthError, InputError
from gpt2.native import NativeEngine
from tests.native.models import AWKWARD, EVEN, kernels_here, weights_of

SHAPES = {"awkward": AWKWARD, "even": EVEN}


def engine(which: str, **options: Any) -> NativeEngine:
    return NativeEngine(weights_of(which), SHAPES[which], **{"threads": 1, **options})


def texts(which: str, *lengths: int) -> tuple[list[list[int]], list[list[int]]]:
    """Ids and targets; some tokens have none."""
    random = np.random.default_rng(3)
    ids = [random.integers(0, SHAPES[which].vocab_size, n).tolist() for n in lengths]
    return ids, [[-1 if t % 3 == 0 else t for t in row[::-1]] for row in ids]


def want(one: NativeEngine, ids: list[list[int]], targets: list[list[int]]) -> tuple[Any, Any]:
    logits = np.asarray(one.extend(one.new_cache(len(ids)), ids, logits="all"), np.float64)
    flat = np.asarray([target for row in targets for target in row])
    logits -= logits.max(1, keepdims=True)
    own = logits[np.arange(len(flat)), flat] - np.log(np.exp(logits).sum(1))
    return np.where(flat < 0, 0, own), (logits.argmax(1) == flat) & (flat >= 0)


@pytest.mark.parametrize("which", SHAPES)
@pytest.mark.parametrize("dtype", ["fp32", "fp16", "bf16", "int8", "int4"])
def test_they_are_those_of_the_logits(which: str, dtype: str) -> None:
    one = engine(which, dtype=dtype)
    ids, targets = texts(which, 31, 1, 60)
    best = one.extend_top(one.new_cache(3), ids, logits="all")[0][:, 0].tolist()
    targets[2][::2] = best[32::2]
    logprobs, greedy = one.extend_logprobs(one.new_cache(3), ids, targets=targets)
    wanted, right = want(one, ids, targets)
    np.testing.assert_allclose(logprobs, wanted, atol=3e-6)
    assert greedy.tolist() == right.tolist()
    assert greedy.any()


def test_neither_threads_nor_the_batch_nor_the_call_changes_a_bit() -> None:
    ids, targets = texts("even", 310, 7, 300, 1)  # more than one pass takes
    one = engine("even")
    together, _ = one.extend_logprobs(one.new_cache(4), ids, targets=targets)
    team = engine("even", threads=3)
    assert (team.extend_logprobs(team.new_cache(4), ids, targets=targets)[0] == together).all()
    alone = [one.extend_logprobs(one.new_cache(1), [i], targets=[t])[0]
             for i, t in zip(ids, targets, strict=True)]  # fmt: skip
    assert (np.concatenate(alone) == together).all()
    cache = one.new_cache(1)
    steps = [one.extend_logprobs(cache, [[i]], targets=[[t]])[0]
             for i, t in zip(ids[1], targets[1], strict=True)]  # fmt: skip
    assert (np.concatenate(steps) == alone[1]).all()


def test_int8_has_the_same_bits_with_all_kernels() -> None:
    ids, targets = texts("awkward", 40, 3)
    found = [
        own.extend_logprobs(own.new_cache(2), ids, targets=targets)[0]
        for own in (engine("awkward", dtype="int8", kernels=k) for k in kernels_here())
    ]
    assert all((other == found[0]).all() for other in found)


def test_with_a_tap_too() -> None:
    one = engine("even")
    ids, targets = texts("even", 300, 5)
    plain = one.extend_logprobs(one.new_cache(2), ids, targets=targets)
    seen: list[str] = []
    with one.tapped(lambda name, x: seen.append(name), points=["ln_f"]):
        tapped = one.extend_logprobs(one.new_cache(2), ids, targets=targets)
    assert seen == ["ln_f"]
    assert (plain[0] == tapped[0]).all()
    assert (plain[1] == tapped[1]).all()


def test_of_equal_logits_the_lowest_id_is_greedy() -> None:
    weights = dict(weights_of("even"))
    for name in ("transformer.ln_f.weight", "transformer.ln_f.bias"):
        weights[name] = np.zeros_like(weights[name])  # all logits are 0
    one = NativeEngine(weights, EVEN, threads=1)
    logprobs, greedy = one.extend_logprobs(one.new_cache(3), [[1], [1], [1]],
                                           targets=[[0], [1], [159]])  # fmt: skip
    np.testing.assert_allclose(logprobs, -np.log(160), rtol=1e-6)
    assert greedy.tolist() == [True, False, False]


def test_what_is_asked_wrongly_leaves_the_cache() -> None:
    one = engine("awkward")
    cache = one.new_cache(2)
    one.extend(cache, [[1], [2]], logits="none")
    for ids, targets, error in (
        ([[1], [2]], [[1], [101]], InputError),
        ([[1], [2]], [[1], [-2]], InputError),
        ([[1], [2]], [[1], [2, 3]], InputError),
        ([[1] * 90, [2]], [[1] * 90, [2]], ContextLengthError),
    ):
        with pytest.raises(error):
            one.extend_logprobs(cache, ids, targets=targets)
        assert cache.lengths == [1, 1]
