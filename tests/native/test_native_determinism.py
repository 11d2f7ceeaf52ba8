"""A row's logits are the same bits whatever happens around it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2.native import NativeEngine
from tests.examples import some
from tests.native.models import AWKWARD, EVEN, kernels_here, weights_of

DTYPES = ("fp32", "fp16", "bf16", "int8", "int4")
KV_DTYPES = ("fp16", "fp32", "int8")
TEXTS = np.random.default_rng(5).integers(0, 100, (6, 60)).tolist()


@cache
def engine(
    dtype: str, threads: int = 1, kernels: str | None = None, kv_dtype: str = "fp16"
) -> NativeEngine:
    options: dict[str, Any] = {"threads": threads, "kernels": kernels, "kv_dtype": kv_dtype}
    return NativeEngine(weights_of("awkward"), AWKWARD, dtype=dtype, **options)


@cache
def alone(dtype: str, row: int, kv_dtype: str = "fp16") -> np.ndarray:
    """The logits of one text, token by token, on one thread."""
    one = engine(dtype, kv_dtype=kv_dtype)
    memory = one.new_cache(1)
    return np.concatenate([one.extend(memory, [[token]]) for token in TEXTS[row]])


@given(
    data=st.data(),
    dtype=st.sampled_from(DTYPES),
    kv_dtype=st.sampled_from(KV_DTYPES),
    threads=st.sampled_from((1, 2, 3)),
)
@settings(max_examples=some(25), deadline=None)
def test_any_schedule_gives_the_same_bits(
    data: st.DataObject, dtype: str, kv_dtype: str, threads: int
) -> None:
    many = engine(dtype, threads, kv_dtype=kv_dtype)
    memory = many.new_cache(len(TEXTS), 60)
    while any(length < 60 for length in memory.lengths):
        open_rows = [r for r, length in enumerate(memory.lengths) if length < 60]
        rows = data.draw(st.permutations(open_rows))[: data.draw(st.integers(1, len(open_rows)))]
        held = memory.lengths
        counts = [data.draw(st.integers(1, min(25, 60 - held[r]))) for r in rows]
        new = [TEXTS[r][held[r] : held[r] + n] for r, n in zip(rows, counts, strict=True)]
        found = many.extend(memory, new, rows, "all")
        wanted = [
            alone(dtype, r, kv_dtype)[held[r] : held[r] + n]
            for r, n in zip(rows, counts, strict=True)
        ]
        np.testing.assert_array_equal(found, np.concatenate(wanted))


@pytest.mark.parametrize("dtype", ["int8", "int4"])
@pytest.mark.parametrize("kv_dtype", KV_DTYPES)
@pytest.mark.parametrize("kernels", kernels_here())
def test_whole_numbers_give_the_same_bits_on_all_kernels(
    dtype: str, kernels: str, kv_dtype: str
) -> None:
    one = engine(dtype, 2, kernels, kv_dtype)
    found = one.extend(one.new_cache(1), [TEXTS[0]], logits="all")
    np.testing.assert_array_equal(found, alone(dtype, 0, kv_dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_long_texts_in_pieces(dtype: str) -> None:
    """A width of whole vectors, more tokens than one call takes, weights expanded in blocks."""
    wide = NativeEngine(weights_of("even"), EVEN, dtype=dtype, threads=2)
    ids = np.random.default_rng(2).integers(0, 160, 600)
    one, two = wide.new_cache(1), wide.new_cache(2)
    whole = wide.extend(one, [ids], logits="all")
    parts = [wide.extend(two, [ids[i : i + 7]], [1], "all") for i in range(0, 600, 7)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    last = wide.extend(wide.new_cache(2), [ids[:300], ids], logits="last")
    np.testing.assert_array_equal(last, whole[[299, 599]])


@given(data=st.data(), kv_dtype=st.sampled_from(KV_DTYPES))
@settings(max_examples=some(30), deadline=None)
def test_gather_and_truncate(data: st.DataObject, kv_dtype: str) -> None:
    """Rows that moved, were copied and cut go on as if they had grown where they are."""
    one = engine("int8", 2, kv_dtype=kv_dtype)
    memory = one.new_cache(4, 60)
    held: list[list[int]] = [[], [], [], []]
    for _ in range(data.draw(st.integers(1, 6))):
        sources = data.draw(st.lists(st.integers(0, 3), min_size=4, max_size=4))
        memory.gather(sources)
        held = [list(held[s]) for s in sources]
        row = data.draw(st.integers(0, 3))
        length = data.draw(st.integers(0, len(held[row])))
        memory.truncate(row, length)
        del held[row][length:]
        new = [data.draw(st.lists(st.integers(0, 100), min_size=1, max_size=9)) for _ in held]
        found = one.extend(memory, new)
        held = [old + more for old, more in zip(held, new, strict=True)]
        assert memory.lengths == [len(ids) for ids in held]
    np.testing.assert_array_equal(found, one.extend(one.new_cache(4, 60), held))
