"""The two-stage head gives what the full head and a selection or a draw give, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2.checkpoint import read_checkpoint
from gpt2.config import GPT2Config
from gpt2.engine import Sampling
from gpt2.errors import InputError, OptionError
from gpt2.hub import resolve
from gpt2.native import NativeEngine
from tests.examples import some
from tests.native.models import AWKWARD, EVEN, kernels_here, random_weights

Floats = npt.NDArray[np.float32]
KINDS = ("fp32", "fp16", "bf16")
SLOW = pytest.mark.slow


def pair(
    weights: dict[str, Any], config: GPT2Config, dtype: str, **options: object
) -> list[NativeEngine]:
    return [
        NativeEngine(weights, config, dtype=dtype, exact_head=exact, **options)
        for exact in (True, False)
    ]


def assert_same(engines: list[NativeEngine], ids: list[Any], k: int) -> npt.NDArray[np.int32]:
    found = [e.extend_top(e.new_cache(len(ids)), ids, None, k) for e in engines]
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1].view(np.int32), found[1][1].view(np.int32))
    return found[0][0]


def draw(engine: NativeEngine, rows: int, how: Sampling, noise: list[float]) -> list[int] | str:
    """A token for each row, or why there is none."""
    try:
        return engine.extend_draw(engine.new_cache(rows), [[0]] * rows, None, how, noise)
    except InputError as error:
        return str(error)


def head_model(x: Floats, head: Floats) -> tuple[dict[str, Any], GPT2Config]:
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


# One format by default, since each computes the whole head in floats again; the others are slow.
@pytest.mark.parametrize(
    "dtype", ["fp16", *(pytest.param(k, marks=SLOW) for k in ("fp32", "bf16"))]
)
def test_steps_of_the_bundled_model(dtype: str) -> None:
    checkpoint = read_checkpoint(resolve("gpt2-mini"))
    engines = pair(dict(checkpoint.tensors), checkpoint.config, dtype, threads=1)
    for k in (1, 40):
        for seed in range(2):
            caches = [engine.new_cache(1) for engine in engines]
            token = seed + 7
            for _ in range(100):
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


HOW = [
    Sampling(0.8, 1),
    Sampling(0.7, 40),
    Sampling(1.0, 50),
    Sampling(1.3, 64, 0.95, 0.02),
    Sampling(0.9, 50, typical_p=0.9, eta_cutoff=0.001),
]


@pytest.mark.parametrize("dtype", KINDS)
def test_draws_among_ties(dtype: str) -> None:
    """Copies and multiples of rows: what equals the k-th stays in, more than k where it must."""
    random = np.random.default_rng(4)
    x = random.standard_normal(48).astype(np.float32)
    rows = 0.3 * random.standard_normal((40, 48)).astype(np.float32)
    head = np.concatenate([rows, 0 * rows, rows, -rows, 2 * rows, 0 * rows, 2 * rows, rows])
    one, other = pair(*head_model(x, head), dtype, threads=1)
    for k in (1, 2, 3, 17, 64):
        for how in (Sampling(0.8, k), Sampling(1.0, k, 0.9), Sampling(1e4, k, typical_p=0.9)):
            for _ in range(10):
                noise = random.random(8).tolist()
                assert draw(one, 8, how, noise) == draw(other, 8, how, noise)
    spread = {draw(one, 1, Sampling(1e4, 3), [i / 256])[0] for i in range(256)}
    assert len(spread) == 4  # the third and the fourth are equal
    assert one.rescored.total < one.rescored.rows * len(head)


def test_logits_that_only_dividing_makes_equal() -> None:
    """Quotients by a huge temperature have few bits: all 1600 are equal here."""
    random, how = np.random.default_rng(5), Sampling(3e38, 5)
    logits = 2400 * float(np.float32(3e38)) * 2.0**-149 + (np.arange(1600) - 800) * 1.2e-10
    head = random.permutation(logits).astype(np.float32)[:, None]
    engines = pair(*head_model(np.ones(1, np.float32), head), "fp32", threads=1)
    noises = np.arange(160).reshape(20, 8) / 160
    found, wanted = ([draw(e, 8, how, noise.tolist()) for noise in noises] for e in engines)
    assert found == wanted
    assert len({token for tokens in found for token in tokens}) == 160


@pytest.mark.parametrize("kernels", kernels_here())
def test_drawn_steps_of_a_random_model(kernels: str) -> None:
    config = EVEN.replace(vocab_size=3001)
    one, other = pair(random_weights(config), config, "fp16", kernels=kernels, threads=2)
    random = np.random.default_rng(6)
    for how in HOW:
        step, memory = one.stepper(one.new_cache(3), how), other.new_cache(3)
        tokens = [5, 6, 7]
        for _ in range(20):
            noise, ids = random.random(3).tolist(), [[token] for token in tokens]
            tokens = step(tokens, noise)
            assert tokens == other.extend_draw(memory, ids, None, how, noise)
    assert one.rescored.rows == len(HOW) * 20 * 3
    assert one.rescored.total < one.rescored.rows * config.vocab_size / 2
    assert other.rescored == (0, 0, 0)


@pytest.mark.parametrize("dtype", [pytest.param("fp32", marks=SLOW), "fp16"])
def test_drawn_steps_of_the_bundled_model(dtype: str) -> None:
    checkpoint = read_checkpoint(resolve("gpt2-mini"))
    engines = pair(dict(checkpoint.tensors), checkpoint.config, dtype, threads=1)
    random = np.random.default_rng(7)
    for how in HOW:
        steps = [engine.stepper(engine.new_cache(1), how) for engine in engines]
        token = 11
        for _ in range(100):
            noise = random.random(1).tolist()
            found, wanted = (step([token], noise) for step in steps)
            assert found == wanted
            token = found[0]
    assert engines[0].rescored.rows == 500


@pytest.mark.parametrize("top_k", [0, 65, 3000])
def test_draws_that_need_more_take_the_whole_head(top_k: int) -> None:
    config = EVEN.replace(vocab_size=3000)
    one, other = pair(random_weights(config), config, "fp32")
    how = Sampling(0.8, top_k)
    assert draw(one, 2, how, [0.3, 0.7]) == draw(other, 2, how, [0.3, 0.7])
    assert one.rescored == (0, 0, 0)


def test_a_bound_that_is_nearly_met() -> None:
    """The scan is wrong by as much as it can be: with smaller bounds the best row is lost."""
    n, step = 64, np.float32(2.0**-10)
    random = np.random.default_rng(2)
    x = np.sign(random.standard_normal(n)).astype(np.float32)
    x[-1] = 0
    # Inputs alike, so that none is stretched, and rows and their opposites, so that means are 0:
    # the copy's integers are q.
    signs = np.array([1, -1] * (n // 2)) * x
    q = np.array([random.permutation(n) // 2 + 85.0 for _ in range(480)]) * signs
    for row in q:  # every row's integers have the product 0 with x
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


sizes = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**32 - 1),
        "outputs": st.integers(1, 700),
        "inputs": st.integers(1, 90),
        "size_x": st.integers(-44, 38),
        "size_w": st.integers(-44, 37),
        "uneven": st.booleans(),
    }
)


def any_head(
    seed: int, outputs: int, inputs: int, size_x: int, size_w: int, uneven: bool
) -> tuple[Floats, Floats]:
    """An input and a head, a quarter of its rows equal, of sizes up to the largest there are."""
    random = np.random.default_rng(seed)
    with np.errstate(over="ignore"):
        x = (random.uniform(-1, 1, inputs) * 10.0**size_x).astype(np.float32)
        head: npt.NDArray[Any] = random.uniform(-1, 1, (outputs, inputs)) * 10.0**size_w
        if uneven:
            head = head * 10.0 ** random.integers(-9, 1, inputs) + head[:1]
        head[random.integers(0, outputs, outputs // 4)] = head[random.integers(0, outputs)]
        head = np.clip(head, -3e38, 3e38).astype(np.float32)
    return np.clip(x, -3e38, 3e38), head


def within(head: Floats, dtype: str) -> Floats:
    """Without what a precision cannot hold, which is refused."""
    return np.clip(head, -65504, 65504) if dtype == "fp16" else head


@settings(max_examples=some(40), deadline=None)
@given(sizes=sizes, k=st.integers(1, 64), dtype=st.sampled_from(KINDS))
def test_any_numbers(sizes: dict[str, Any], k: int, dtype: str) -> None:
    x, head = any_head(**sizes)
    check_head(x, within(head, dtype), min(k, len(head)), dtype)


samplings = st.builds(
    Sampling,
    temperature=st.sampled_from([1e-30, 0.1, 0.7, 1.0, 1.7, 1e30, 3e38]),
    top_k=st.integers(1, 64),
    top_p=st.sampled_from([0.5, 0.95, 1.0]),
    min_p=st.sampled_from([0.0, 0.02]),
    typical_p=st.sampled_from([0.5, 1.0, 1.0]),
    epsilon_cutoff=st.sampled_from([0.0, 0.0, 0.03]),
    renormalize_logits=st.booleans(),
)
noises = st.lists(st.floats(0, 1, exclude_max=True), min_size=8, max_size=8)


@settings(max_examples=some(60), deadline=None)
@given(sizes=sizes, how=samplings, noise=noises, dtype=st.sampled_from(KINDS))
def test_any_draws(sizes: dict[str, Any], how: Sampling, noise: list[float], dtype: str) -> None:
    x, head = any_head(**sizes)
    one, other = pair(*head_model(x, within(head, dtype)), dtype, threads=1)
    assert draw(one, 8, how, noise) == draw(other, 8, how, noise)


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
