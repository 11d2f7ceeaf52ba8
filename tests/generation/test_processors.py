"""Each processor on a vocabulary of four, in both kinds of arrays, with exact numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from gpt2.errors import InputError
from gpt2.generation import pipeline, processors
from gpt2.generation.config import GenerationConfig

INF = math.inf
ROW = [1.0, -2.0, 0.5, 4.0]


@pytest.fixture(params=["numpy", "torch"])
def run(request: pytest.FixtureRequest) -> Any:
    """Calls a processor on ids and scores of one kind; checks that neither was written to."""
    make = np.array if request.param == "numpy" else torch.tensor

    def call(process: Any, ids: Any, scores: Any, **settings: Any) -> Any:
        single = np.float32 if request.param == "numpy" else torch.float32
        args = make(ids), make(scores, dtype=single)
        out = process(*args, **settings)
        assert args[0].tolist() == ids
        assert args[1].tolist() == scores
        assert type(out) is type(args[1])
        assert out.dtype == single
        return out.tolist()

    return call


def test_sequence_bias(run: Any) -> None:
    biases = {(0,): 2.0, (3,): -1.5, (1, 2): 8.0, (0, 1, 2): 0.25, (3, 3): 9.0}
    out = run(processors.sequence_bias, [[0, 1], [1, 1]], [ROW, ROW], biases=biases)
    assert out == [[3.0, -2.0, 8.75, 2.5], [3.0, -2.0, 8.5, 2.5]]


def test_sequence_bias_longer_than_the_text_waits(run: Any) -> None:
    assert run(processors.sequence_bias, [[1]], [ROW], biases={(0, 1, 2): 5.0}) == [ROW]


def test_repetition_penalty(run: Any) -> None:
    out = run(processors.repetition_penalty, [[0, 1, 0]], [ROW], penalty=2.0)
    assert out == [[0.5, -4.0, 0.5, 4.0]]


def test_repetition_penalty_ignores_padding(run: Any) -> None:
    ids = [[3, 3, 0], [3, 1, 1]]
    out = run(processors.repetition_penalty, ids, [ROW, ROW], penalty=2.0, starts=[2, 0])
    assert out == [[0.5, -2.0, 0.5, 4.0], [1.0, -4.0, 0.5, 2.0]]


def test_penalties_of_generated_tokens(run: Any) -> None:
    ids = [[3, 0, 0, 1], [0, 1, 9, 1]]  # the prompt is the first column, 9 is padding
    settings = {"start": 1, "presence": 0.5, "frequency": 2.0}
    out = run(processors.penalize_generated, ids, [ROW, [-INF] * 4], **settings)
    assert out == [[-3.5, -4.5, 0.5, 4.0], [-INF] * 4]
    assert run(processors.penalize_generated, [[0, 1]], [ROW], **{**settings, "start": 2}) == [ROW]


def test_penalties_come_after_the_one_for_repetition() -> None:
    config = GenerationConfig(presence_penalty=-1.0, repetition_penalty=2.0, frequency_penalty=0.25)
    ids, scores = np.array([[3, 0, 0]]), np.array([ROW], np.float32)
    chain = pipeline.build(config, 1, 9)
    assert pipeline.apply(chain, ids, scores).tolist() == [[1.0, -2.0, 0.5, 2.0]]
    assert not pipeline.build(GenerationConfig(presence_penalty=0.0), 1, 9)


@pytest.mark.parametrize(
    ("size", "banned"), [(1, {0, 1, 2}), (2, {1, 2}), (3, {2}), (4, set()), (9, set())]
)
def test_no_repeat_ngram(run: Any, size: int, banned: set[int]) -> None:
    out = run(processors.no_repeat_ngram, [[1, 0, 2, 0, 1, 0]], [ROW], size=size)
    assert {i for i, score in enumerate(out[0]) if score == -INF} == banned


def test_no_repeat_ngram_treats_rows_alone(run: Any) -> None:
    out = run(processors.no_repeat_ngram, [[0, 1, 0], [0, 1, 2]], [ROW, ROW], size=2)
    assert out == [[1.0, -INF, 0.5, 4.0], ROW]


@pytest.mark.parametrize("outside", [4, 9, -1, -100])
def test_ids_outside_the_vocabulary_are_no_tokens(run: Any, outside: int) -> None:
    """Padding may have any id, and so may what attention_mask hides."""
    ids = [[0, outside, 1, outside]]
    out = run(processors.repetition_penalty, ids, [ROW], penalty=2.0)
    assert out == [[0.5, -4.0, 0.5, 4.0]]
    settings = {"start": 1, "presence": 0.5, "frequency": 2.0}
    assert run(processors.penalize_generated, ids, [ROW], **settings) == [[1.0, -4.5, 0.5, 4.0]]
    assert run(processors.no_repeat_ngram, ids, [ROW], size=1) == [[-INF, -INF, 0.5, 4.0]]
    ids = [[outside, 2, outside], [2, outside, 2]]
    out = run(processors.no_repeat_ngram, ids, [ROW, ROW], size=2)
    assert out == [[1.0, -2.0, -INF, 4.0], ROW]


def test_forbid(run: Any) -> None:
    assert run(processors.forbid, [[0]], [ROW], tokens=[1, 3]) == [[1.0, -INF, 0.5, -INF]]


@pytest.mark.parametrize(("length", "forbidden"), [(2, False), (3, True)])
def test_forbid_below(run: Any, length: int, forbidden: bool) -> None:
    out = run(processors.forbid_below, [[0, 0]], [ROW], tokens=[2], length=length)
    assert (out[0][2] == -INF) is forbidden


@pytest.mark.parametrize(("length", "forbidden"), [(1, False), (2, True), (3, False)])
def test_forbid_at(run: Any, length: int, forbidden: bool) -> None:
    out = run(processors.forbid_at, [[0, 0]], [ROW], tokens=[2], length=length)
    assert (out[0][2] == -INF) is forbidden


def test_force_at(run: Any) -> None:
    assert run(processors.force_at, [[0]], [ROW], tokens=[1], length=1) == [[-INF, 0, -INF, -INF]]
    assert run(processors.force_at, [[0, 0]], [ROW], tokens=[1], length=1) == [ROW]


def test_allow_only(run: Any) -> None:
    def allowed(prompt: int, ids: Any) -> list[int]:
        return [prompt, int(ids[-1])]

    out = run(processors.allow_only, [[2], [3]], [ROW, ROW], allowed=allowed, beams=1)
    assert out == [[1.0, -INF, 0.5, -INF], [-INF, -2.0, -INF, 4.0]]


def test_allow_only_forces_what_was_forbidden(run: Any) -> None:
    scores = [[-INF, 1.0, 1.0, 1.0]] * 2 + [[-INF, 1.0, 1.0, 1.0], [2.0, 1.0, 1.0, 1.0]]
    out = run(processors.allow_only, [[0]] * 4, scores, allowed=lambda p, ids: [0], beams=2)
    assert [row[0] for row in out] == [0.0, 0.0, -INF, 2.0]


def test_allow_only_nothing_is_an_error(run: Any) -> None:
    with pytest.raises(InputError, match="allows no token for prompt 0"):
        run(processors.allow_only, [[0]], [ROW], allowed=lambda p, ids: [], beams=1)


def test_end_sooner(run: Any) -> None:
    settings = {"tokens": [1, 3], "start": 2, "factor": 2.0}
    out = run(processors.end_sooner, [[0] * 4], [ROW], **settings)
    assert out == [[1.0, -2.0 + 2 * 3, 0.5, 4.0 + 4 * 3]]
    assert run(processors.end_sooner, [[0] * 2], [ROW], **settings) == [ROW]
    shut = [[1.0, -INF, 0.5, 4.0]]
    assert run(processors.end_sooner, [[0] * 3], shut, **settings) == [[1.0, -INF, 0.5, 8.0]]


@pytest.mark.parametrize("factor", [10, 10.0, 1e30])
def test_the_end_comes_however_large_its_bonus(run: Any, factor: float) -> None:
    settings = {"tokens": [1, 2], "start": 0, "factor": factor}
    row = [1.0, -2.0, 0.0, 4.0]
    out = run(processors.end_sooner, [[0] * 400], [row], **settings)
    assert out == [[1.0, float(np.finfo(np.float32).max), 0.0, 4.0]]


def test_remove_invalid(run: Any) -> None:
    largest = float(np.finfo(np.float32).max)
    args = np.array([[0]]), np.array([[math.nan, INF, -INF, 1.0]], dtype=np.float32)
    assert processors.remove_invalid(*args).tolist() == [[0.0, largest, -largest, 1.0]]
    assert run(processors.remove_invalid, [[0]], [[INF, 0.0, -INF, 1.0]]) == [
        [largest, 0.0, -largest, 1.0]
    ]


def test_renormalize(run: Any) -> None:
    out = np.array(run(processors.renormalize, [[0]], [ROW])[0])
    np.testing.assert_allclose(np.exp(out).sum(), 1, rtol=1e-6)
    np.testing.assert_allclose(out - out[0], np.subtract(ROW, ROW[0]), rtol=1e-6)


def test_the_order_is_that_of_transformers() -> None:
    options = GenerationConfig(
        sequence_bias={(0,): 1.0}, repetition_penalty=2.0, no_repeat_ngram_size=2,
        bad_words_ids=[[1]], min_length=5, forced_bos_token_id=1, forced_eos_token_id=2,
        remove_invalid_values=True, exponential_decay_length_penalty=(1, 2.0),
        suppress_tokens=[0], begin_suppress_tokens=[1], do_sample=True, temperature=0.5,
        top_h=0.5, top_k=3, top_p=0.9, min_p=0.1, typical_p=0.9, epsilon_cutoff=0.1,
        eta_cutoff=0.1, renormalize_logits=True, eos_token_id=3,
    )  # fmt: skip

    def own(ids: Any, scores: Any) -> Any:
        return scores

    chain = pipeline.build(options, 2, 9, allowed=lambda p, ids: [0], custom=[own])
    names = [getattr(getattr(step, "func", step), "__name__", "") for step in chain]
    assert names[:13] == [
        "sequence_bias", "repetition_penalty", "no_repeat_ngram", "sequence_bias", "forbid_below",
        "allow_only", "force_at", "force_at", "remove_invalid", "end_sooner", "forbid",
        "forbid_at", "own",
    ]  # fmt: skip
    assert len(chain) == 13 + 8 + 1
    assert names[-1] == "renormalize"
    warpers = [step.__name__ for step in pipeline.warpers(options)]
    assert warpers == [
        "temperature", "top_h", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff",
        "eta_cutoff",
    ]  # fmt: skip


def test_what_is_off_is_not_in_the_chain() -> None:
    assert pipeline.build(GenerationConfig(), 2, 9) == []
    assert pipeline.build(GenerationConfig(do_sample=True, top_k=0), 2, 9) == []
