"""Rows that each ask for something else are answered as they would be alone."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt2.engine import Answer, Ask, AskedEngine, Sampling
from gpt2.errors import InputError, OptionError
from gpt2.native import NativeEngine
from tests.examples import some
from tests.native.models import AWKWARD, EVEN, weights_of

TEXTS = np.random.default_rng(7).integers(0, 100, (6, 20)).tolist()


@cache
def engine(dtype: str) -> NativeEngine:
    return NativeEngine(weights_of("awkward"), AWKWARD, dtype=dtype, threads=2)


ASKS = st.builds(
    Ask,
    choice=st.sampled_from(["none", "given", "largest", "drawn"]),
    token=st.integers(0, 100),
    sampling=st.sampled_from([
        Sampling(), Sampling(0.7, 40), Sampling(1.2, 0, 0.9), Sampling(top_k=5, typical_p=0.8),
        Sampling(0.9, 0, 1.0, 0.05),
    ]),
    noise=st.sampled_from([0.0, 0.3, 0.77, 1 - 2.0**-53]),
    top=st.none() | st.integers(0, 20),
    logits=st.booleans(),
)  # fmt: skip


def same(one: Answer, other: Answer) -> None:
    plain = [dataclasses.replace(answer, logits=None) for answer in (one, other)]
    assert plain[0] == plain[1]
    np.testing.assert_array_equal(one.logits, other.logits)


def test_it_is_an_asked_engine() -> None:
    assert isinstance(engine("int8"), AskedEngine)


@pytest.mark.parametrize("dtype", ["fp32", "int8", "int4"])
@given(asks=st.lists(st.lists(st.none() | ASKS, min_size=1, max_size=20), min_size=1, max_size=6))
@settings(max_examples=some(15), deadline=None)
def test_each_is_answered_as_alone(dtype: str, asks: list[list[Ask | None]]) -> None:
    one = engine(dtype)
    ids = [text[: len(row)] for text, row in zip(TEXTS, asks, strict=False)]
    flat = [ask for row in asks for ask in row]
    numbered = [(at, ask) for at, ask in enumerate(flat) if ask is not None]
    found = iter(one.extend_asked(one.new_cache(len(ids)), ids, None, numbered))
    for row, wishes in zip(ids, asks, strict=True):
        memory = one.new_cache(1)
        for token, wish in zip(row, wishes, strict=True):
            alone = one.extend_asked(memory, [[token]], None, [(0, wish)] if wish else [])
            if wish:
                same(next(found), alone[0])


def test_log_probabilities_are_those_of_scoring() -> None:
    one = engine("int8")
    ids, targets = [TEXTS[0][:12]], [TEXTS[0][1:13]]
    scored, _ = one.extend_logprobs(one.new_cache(1), ids, targets=targets)
    asks = [(at, Ask("given", token, top=3)) for at, token in enumerate(targets[0])]
    found = one.extend_asked(one.new_cache(1), ids, None, asks)
    assert [answer.logprob for answer in found] == scored.tolist()
    assert [answer.token for answer in found] == targets[0]
    logits = one.extend(one.new_cache(1), ids, logits="all").astype(np.float64)
    exact = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    for answer, row in zip(found, exact, strict=True):
        assert answer.top_ids == tuple(np.argsort(-row)[:3].tolist())
        np.testing.assert_allclose(answer.top_logprobs, row[list(answer.top_ids)], atol=3e-6)
    whole = np.log(np.exp(logits).sum(1))
    np.testing.assert_allclose([a.largest + a.log_sum for a in found], whole, rtol=1e-6)


def test_a_long_prompt_in_pieces() -> None:
    one = NativeEngine(weights_of("even"), EVEN, dtype="int8", threads=2)
    ids = np.random.default_rng(2).integers(0, 160, (2, 400)).tolist()
    places = [0, 255, 256, 399, 400, 655, 799]
    asks = [(at, Ask("drawn", sampling=Sampling(0.8), noise=0.4, top=2)) for at in places]
    found = one.extend_asked(one.new_cache(2), ids, None, asks)
    logits = one.extend(one.new_cache(2), ids, logits="all")[places]
    assert [answer.token for answer in found] == one.draw(logits, Sampling(0.8), [0.4] * 7)
    assert [answer.top_ids[0] for answer in found] == logits.argmax(1).tolist()
    memory = one.new_cache(2)
    for wrong in ([(800, Ask())], [(300, Ask()), (300, Ask())], [(300, Ask()), (2, Ask())]):
        with pytest.raises(InputError, match=r"(?i)asks must name new tokens"):
            one.extend_asked(memory, ids, None, wrong)
        assert memory.lengths == [0, 0]


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (Ask("some"), OptionError),
        (Ask(top=102), OptionError),
        (Ask("given", 101), InputError),
        (Ask("drawn", sampling=Sampling(temperature=0.0)), InputError),
    ],
)
def test_what_cannot_be_asked(ask: Ask, error: type[Exception]) -> None:
    memory = engine("int8").new_cache(1)
    with pytest.raises(error):
        engine("int8").extend_asked(memory, [[1]], None, [(0, ask)])
    assert memory.lengths == [0]
