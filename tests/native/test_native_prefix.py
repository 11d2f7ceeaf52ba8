"""Prefixes are read once, and the text is the one without that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2.errors import OptionError
from gpt2.generation.prefix import KeptTexts, count_common, share
from gpt2.native import NativeEngine
from tests.examples import some
from tests.native.models import AWKWARD, weights_of

OPTIONS: dict[str, Any] = {"max_new_tokens": 6, "eos_token_id": None}
SAMPLED = {**OPTIONS, "do_sample": True, "seed": 3, "top_k": 20}


def engine(dtype: str = "int8") -> NativeEngine:
    return NativeEngine(weights_of("awkward"), AWKWARD, dtype=dtype, threads=2)


@contextmanager
def counted(one: NativeEngine) -> Iterator[list[int]]:
    """How many tokens each call of the engine reads."""
    counts: list[int] = []

    real_extend, real_top = one.extend, one.extend_top

    def extend(cache: Any, ids: Any, *rest: Any, **more: Any) -> Any:
        counts.append(sum(len(row) for row in ids))
        return real_extend(cache, ids, *rest, **more)

    def extend_top(cache: Any, ids: Any, *rest: Any, **more: Any) -> Any:
        counts.append(sum(len(row) for row in ids))
        return real_top(cache, ids, *rest, **more)

    one.extend, one.extend_top = extend, extend_top  # type: ignore[method-assign]
    try:
        yield counts
    finally:
        del one.extend, one.extend_top


def test_what_texts_have_in_common() -> None:
    assert count_common([1, 2, 3], [1, 2, 4]) == 2
    assert count_common([1, 2], [1, 2, 4]) == 2
    assert count_common([], [1]) == 0
    assert share([[1, 2, 3], [1, 2], [1, 2, 9]]) == 1  # the second keeps a token of its own
    assert share([[5, 1], [5, 2], [6, 1]]) == 0


@pytest.mark.parametrize("dtype", ["fp32", "int8"])
@pytest.mark.parametrize("options", [OPTIONS, SAMPLED])
def test_a_batch_reads_its_common_prefix_once(dtype: str, options: dict[str, Any]) -> None:
    start = list(range(10, 40))
    prompts = [[*start, 5, 6], [*start, 7], [*start, 5, 6, 8]]
    one = engine(dtype)
    alone = [one.generate([prompt], **options)[0][len(prompt) :].tolist() for prompt in prompts]
    with counted(one) as counts:
        together = one.generate(prompts, num_return_sequences=1, **options)
    assert counts[:2] == [30, 6]
    assert together[:, -6:].tolist() == alone


@given(data=st.data())
@settings(max_examples=some(15), deadline=None)
def test_kept_texts_change_nothing(data: st.DataObject) -> None:
    one = engine()
    begin = st.sampled_from([[1, 2, 3, 4, 5, 6], [1, 2, 3, 9], [7] * 12, [8]])
    with one.keeping(data.draw(st.integers(1, 3))):
        for _ in range(6):
            prompt = data.draw(begin) + data.draw(st.lists(st.integers(0, 100), max_size=5))
            options = data.draw(st.sampled_from([OPTIONS, SAMPLED]))
            kept = one.generate([prompt], **options)
            np.testing.assert_array_equal(kept, engine().generate([prompt], **options))


def test_a_text_that_goes_on_is_read_from_its_end() -> None:
    one = engine()
    with one.keeping(), counted(one) as counts:
        first = one.generate([[1, 2, 3, 4]], **OPTIONS)
        counts.clear()
        one.generate(first, **OPTIONS)
        assert counts[0] == 1
    with counted(one) as counts:
        one.generate(first, **OPTIONS)
        assert counts[0] == 10


def test_a_stream_that_is_left_is_kept_as_far_as_it_came() -> None:
    one = engine()
    with one.keeping(), counted(one) as counts:
        steps = one.stream([1, 2, 3, 4], **OPTIONS)
        text = [1, 2, 3, 4, next(steps), next(steps)]
        steps.close()
        counts.clear()
        again = one.generate([text], **OPTIONS)
        assert counts[0] == 1
    np.testing.assert_array_equal(again, one.generate([text], **OPTIONS))


def test_what_an_ablated_model_read_is_not_kept() -> None:
    one = engine()
    with one.keeping():
        with one.ablate(mlps=[0]):
            other = one.generate([[1, 2, 3, 4]], **OPTIONS)
        found = one.generate([[1, 2, 3, 4]], **OPTIONS)
    np.testing.assert_array_equal(found, one.generate([[1, 2, 3, 4]], **OPTIONS))
    assert not np.array_equal(found, other)


START = list(range(10, 40))


@pytest.mark.parametrize("options", [OPTIONS, SAMPLED])
def test_what_batches_begin_with_is_read_once_for_all_of_them(options: dict[str, Any]) -> None:
    batches = [
        [[*START, a, b], [*START, b], [*START, a, a, b]] for a, b in ((1, 2), (3, 4), (5, 6))
    ]
    one = engine()
    plain = [one.generate(batch, **options) for batch in batches]
    with one.keeping(), counted(one) as counts:
        for batch, wanted in zip(batches, plain, strict=True):
            counts.clear()
            np.testing.assert_array_equal(one.generate(batch, **options), wanted)
            assert max(counts) == (len(START) if batch is batches[0] else 6)


@given(data=st.data())
@settings(max_examples=some(8), deadline=None)
def test_kept_batches_change_nothing(data: st.DataObject) -> None:
    """Of any sizes, with shorter and longer texts in turn, and single prompts between."""
    one = NativeEngine(weights_of("awkward"), AWKWARD, dtype="int8", threads=1)
    plain = NativeEngine(weights_of("awkward"), AWKWARD, dtype="int8", threads=1)
    begin = st.sampled_from([[1, 2, 3, 4, 5, 6], [1, 2, 3, 9], [1, 2] * 8])
    with one.keeping():
        for _ in range(4):
            prompts = [
                data.draw(begin) + data.draw(st.lists(st.integers(0, 100), max_size=5))
                for _ in range(data.draw(st.integers(1, 3)))
            ]
            options = {**OPTIONS, "max_new_tokens": data.draw(st.sampled_from([2, 6]))}
            kept = one.generate(prompts, **options)
            np.testing.assert_array_equal(kept, plain.generate(prompts, **options))


def test_batches_that_begin_otherwise_or_need_more_room() -> None:
    one = NativeEngine(weights_of("awkward"), AWKWARD, dtype="int8", threads=1)
    batches = [
        [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 7]],
        [[1, 2, 8, 8, 5, 6], [1, 2, 8, 8, 5, 7]],  # parts from the one before
        [[9, 2, 3], [9, 4, 3]],
        [[9, 2, *range(30)], [9, 4, *range(20)]],  # longer than what is kept has room for
        [[9, 2, 3], [9, 4, 3], [9, 5]],  # more rows
    ]
    plain = [one.generate(batch, **OPTIONS) for batch in batches]
    with one.keeping():
        for batch, wanted in zip(batches, plain, strict=True):
            np.testing.assert_array_equal(one.generate(batch, **OPTIONS), wanted)


def test_a_block_within_a_block_that_keeps_as_much_goes_on() -> None:
    one = engine()
    with one.keeping(2), counted(one) as counts:
        with one.keeping():
            first = one.generate([[1, 2, 3, 4]], **OPTIONS)
        counts.clear()
        one.generate(first, **OPTIONS)
        assert counts[0] == 1
        with one.keeping(3):
            counts.clear()
            one.generate(first, **OPTIONS)
            assert counts[0] == 10


def test_no_more_texts_than_asked_for() -> None:
    kept, one = KeptTexts(2), engine()
    caches = []
    for start in (10, 20, 30):
        cache, read = kept.borrow(one, [start, 1])
        assert read == 0
        one.extend(cache, [[start, 1]])
        kept.give_back([start, 1], cache)
        caches.append(cache)
    assert caches[2] is caches[0]  # the third took over the oldest one's memory
    assert kept.borrow(one, [20, 1, 5]) == (caches[1], 2)
    with pytest.raises(OptionError, match="at least 1"), one.keeping(0):
        pass
