"""The two-stage head gives what the full head and a selection give, bit for bit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2.checkpoint import read_checkpoint
from gpt2.config import GPT2Config
from gpt2.errors import OptionError
from gpt2.hub import resolve
from gpt2.native import NativeEngine
from tests.native.models import AWKWARD, EVEN, kernels_here, random_weights

Floats = npt.NDArray[np.float32]
KINDS = ("fp32", "fp16", "bf16")


def pair(weights: dict, config: GPT2Config, dtype: str, **options: object) -> list[NativeEngine]:
    return [
        NativeEngine(weights, config, dtype=dtype, exact_head=exact, **options)  # type: ignore[arg-type]
        for exact in (True, False)
    ]


def assert_same(engines: list[NativeEngine], ids: list, k: int) -> npt.NDArray[np.int32]:
    found = [e.extend_top(e.new_cache(len(ids)), ids, None, k) for e in engines]
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1].view(np.int32), found[1][1].view(np.int32))
    return found[0][0]


def head_model(x: Floats, head: Floats) -> tuple[dict, GPT2Config]:
    """A model whose head gets ``x`` whatever the tokens are: the last norm has no gain."""
    config = GPT2Config(
        vocab_size=len(head),
        n_positions=4,
        n_embd=head.shape[1],
        n_layer=1,
        n_head=1,
        n_inner=8,
        tie_word_embeddings=False,
    )
    weights = random_weights(config)
    weights["transformer.ln_f.weight"] = np.zeros_like(x)
    weights["transformer.ln_f.bias"] = x
    weights["lm_head.weight"] = head
    return weights, config


def check_head(x: Floats, head: Floats, k: int, dtype: str = "fp32") -> NativeEngine:
    engines = pair(*head_model(x, head), dtype, threads=1)
    assert_same(engines, [[0]], k)
    return engines[0]


@pytest.mark.parametrize("kernels", kernels_here())
@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("config", [AWKWARD, EVEN.replace(vocab_size=3001)])
def test_steps_of_random_models(config: GPT2Config, dtype: str, kernels: str) -> None:
    engines = pair(random_weights(config), config, dtype, kernels=kernels, threads=1)
    random = np.random.default_rng(0)
    for k in (1, 2, 40, 64):
        caches = [engine.new_cache(3) for engine in engines]
        for _ in range(20):
            ids = random.integers(0, config.vocab_size, (3, 1))
            found = [e.extend_top(c, ids, None, k) for e, c in zip(engines, caches, strict=True)]
            np.testing.assert_array_equal(found[0][0], found[1][0])
            np.testing.assert_array_equal(found[0][1], found[1][1])
    counts = engines[0].rescored
    assert counts.rows == 4 * 20 * 3
    assert engines[1].rescored == (0, 0, 0)
    if config.vocab_size > 3000:
        assert counts.total < counts.rows * config.vocab_size / 2


@pytest.mark.parametrize("dtype", KINDS)
def test_a_thousand_steps_of_the_bundled_model(dtype: str) -> None:
    checkpoint = read_checkpoint(resolve("gpt2-mini"))
    engines = pair(dict(checkpoint.tensors), checkpoint.config, dtype, threads=1)
    for k in (1, 40):
        for seed in range(2):
            caches = [engine.new_cache(1) for engine in engines]
            token = seed + 7
            for _ in range(250):
                found = [
                    e.extend_top(c, [[token]], None, k)
                    for e, c in zip(engines, caches, strict=True)
                ]
                np.testing.assert_array_equal(found[0][0], found[1][0])
                np.testing.assert_array_equal(found[0][1], found[1][1])
                token = int(found[0][0][0, seed * 2 if k > 1 else 0])


@pytest.mark.parametrize("dtype", KINDS)
def test_ties_go_to_the_lower_id(dtype: str) -> None:
    random = np.random.default_rng(1)
    x = random.standard_normal(48).astype(np.float32)
    rows = random.standard_normal((40, 48)).astype(np.float32)
    head = np.concatenate([rows, rows, 0 * rows, rows, -rows, 2 * rows, 2 * rows, rows])
    for k in (1, 2, 3, 17, 64):
        check_head(x, head, k, dtype)


def test_a_bound_that_is_nearly_met() -> None:
    """The scan is wrong by as much as it can be: with smaller bounds the best row is lost."""
    n, step = 64, np.float32(2.0**-10)
    random = np.random.default_rng(2)
    x = np.sign(random.standard_normal(n)).astype(np.float32)
    x[-1] = 0
    # Inputs alike, so that none is stretched, and rows and their opposites, so that means are 0:
    # the copy's whole numbers are q.
    signs = np.array([1, -1] * (n // 2)) * x
    q = np.array([random.permutation(n) // 2 + 85.0 for _ in range(480)]) * signs
    for row in q:  # every row's whole numbers have the product 0 with x
        for i in range(int(abs(row @ x))):
            row[i % (n - 1)] -= np.sign(row @ x) * x[i % (n - 1)]
    assert not (q @ x).any()
    rest = 0.49 * x
    high, low = q - rest, q[:16] + rest  # the scan sees more, and less, than there is
    high[:, :61] += x[:61]  # the scan: 61 steps more than low, truly a little less
    rows = np.concatenate([high, low])
    rows[:, -1] = 127
    head = (np.concatenate([rows, -rows]) * step).astype(np.float32)
    engine = check_head(x, head, 1)
    best = int(engine.extend_top(engine.new_cache(1), [[0]])[0][0, 0])
    assert len(high) <= best < len(rows)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    outputs=st.integers(1, 700),
    inputs=st.integers(1, 90),
    size_x=st.integers(-44, 38),
    size_w=st.integers(-44, 37),
    uneven=st.booleans(),
    k=st.integers(1, 64),
    dtype=st.sampled_from(KINDS),
)
def test_any_numbers(
    seed: int,
    outputs: int,
    inputs: int,
    size_x: int,
    size_w: int,
    uneven: bool,
    k: int,
    dtype: str,
) -> None:
    random = np.random.default_rng(seed)
    with np.errstate(over="ignore"):
        x = (random.uniform(-1, 1, inputs) * 10.0**size_x).astype(np.float32)
        head = random.uniform(-1, 1, (outputs, inputs)) * 10.0**size_w
        if uneven:
            head = head * 10.0 ** random.integers(-9, 1, inputs) + head[:1]
        head[random.integers(0, outputs, outputs // 4)] = head[random.integers(0, outputs)]
        head = np.clip(head, -3e38, 3e38).astype(np.float32)
    check_head(np.clip(x, -3e38, 3e38), head, min(k, outputs), dtype)


def test_rows_of_a_batch_and_threads() -> None:
    config = EVEN.replace(vocab_size=2000)
    random = np.random.default_rng(3)
    for threads in (1, 3):
        engines = pair(random_weights(config), config, "fp32", threads=threads)
        for rows in (1, 2, 7, 8, 9):
            ids = [random.integers(0, 2000, 3) for _ in range(rows)]
            assert_same(engines, ids, 5)


def test_memory_is_told_and_taken_only_when_used() -> None:
    config = EVEN.replace(vocab_size=3000)
    engine, plain = pair(random_weights(config), config, "fp32")
    before = engine.weight_bytes
    assert before == plain.weight_bytes
    engine.extend(engine.new_cache(1), [[1]])
    assert engine.weight_bytes == before
    engine.extend_top(engine.new_cache(1), [[1]])
    assert 0 < engine.weight_bytes - before - 3000 * 64 < 3000 * 24 + 20000


def test_small_heads_are_left_alone_unless_asked() -> None:
    engine = NativeEngine(random_weights(EVEN), EVEN)
    engine.extend_top(engine.new_cache(1), [[1]])
    assert engine.rescored == (0, 0, 0)


def test_whole_number_heads_have_none() -> None:
    with pytest.raises(OptionError, match="F32, F16 or BF16"):
        NativeEngine(random_weights(EVEN), EVEN, dtype="int8", exact_head=True)
