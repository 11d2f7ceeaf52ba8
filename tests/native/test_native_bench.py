"""The machine's limits and the engine's rates, as `gpt2 bench` and benchmarks/ measure them."""

from __future__ import annotations

from math import inf

import pytest

from gpt2.config import GPT2Config
from gpt2.errors import OptionError
from gpt2.native import NativeEngine, bench
from tests.native.models import EVEN, kernels_here, weights_of


@pytest.mark.parametrize("kernels", kernels_here())
def test_the_limits_are_those_of_a_computer(kernels: str) -> None:
    found = bench.probe(1, kernels, size=64 << 20, seconds=0.05)
    assert 0 < found.read < inf
    assert 0 < found.multiply < inf


def test_unknown_kernels_are_refused() -> None:
    with pytest.raises(OptionError, match="kernels called sse9"):
        bench.probe(1, "sse9")


def test_operations_are_counted_as_by_hand() -> None:
    config = GPT2Config(n_layer=1, n_embd=2, n_head=1, n_inner=3, vocab_size=5)
    matrices = 2 * 6 + 2 * 2 + 2 * 3 + 3 * 2  # qkv, joined, up, down
    attention = sum(2 * 2 * seen + 2 * 2 * seen for seen in (1, 2, 3))  # scores, mixture
    assert bench.operations(config, 3) == 2 * 3 * matrices + attention + 2 * 2 * 5


def test_random_weights_fit_the_shape_and_are_made_when_asked() -> None:
    weights = bench.RandomWeights(GPT2Config.published("gpt2-xl"))
    assert weights["transformer.h.47.mlp.c_fc.bias"].shape == (6400,)
    assert len(weights) == 580
    assert 0.04 < weights["transformer.h.0.mlp.c_fc.weight"].std() < 0.06


def test_every_task_is_measured_and_told() -> None:
    engine = NativeEngine(weights_of("even"), EVEN, threads=1)
    work = bench.single(engine, 4) | bench.batches(engine, 4)
    told: list[tuple[int, int]] = []
    rates = bench.measure(work, 2, lambda *step: told.append(step))
    assert told == [(i + 1, 15) for i in range(15)]
    assert [name.split()[0] for name in rates] == ["decode", "decode", "prefill", "batch", "batch"]
    assert all(0 < rate.min <= rate.median <= rate.max for rate in rates.values())


def test_a_turn_leaves_the_cache_as_it_was() -> None:
    engine = NativeEngine(weights_of("even"), EVEN, threads=1)
    turn = bench.decode(engine, 5, 3, rows=2)
    turn()
    turn()  # would run out of room otherwise
