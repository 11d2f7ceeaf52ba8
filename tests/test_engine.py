"""One test of the seam for every engine: the same weights, the same answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpt2 import reference
from gpt2.config import GPT2Config
from gpt2.engine import Engine
from gpt2.errors import ContextLengthError, InputError, MissingDependencyError, OptionError
from gpt2.numpy_engine import NumpyEngine
from tests.tiny import random_weights

END = 2
CONFIG = GPT2Config(
    vocab_size=67, n_positions=24, n_embd=32, n_layer=2, n_head=2, bos_token_id=1, eos_token_id=END
)


def weights() -> dict[str, Any]:
    """Large enough that logits differ clearly."""
    return random_weights(CONFIG, std=0.3)


def build(name: str) -> Any:
    if name == "reference":
        return NumpyEngine(weights(), CONFIG)
    if name == "native":
        from gpt2.native import NativeEngine

        try:
            return NativeEngine(weights(), CONFIG, kv_dtype="fp32", threads=1)
        except MissingDependencyError as error:
            pytest.skip(str(error))
    torch = pytest.importorskip("torch")
    from gpt2.model import GPT2LMHeadModel

    model = GPT2LMHeadModel(CONFIG).eval()
    given = {key: torch.from_numpy(value) for key, value in weights().items()}
    model.load_state_dict({**given, "lm_head.weight": given["transformer.wte.weight"]})
    return model


@pytest.fixture(params=["reference", "torch", "native"])
def engine(request: pytest.FixtureRequest) -> Any:
    return build(request.param)


def want(*rows: list[int]) -> Any:
    """The last logits of each row, each computed alone and without a cache."""
    return np.stack([reference.forward(weights(), CONFIG, row)[-1] for row in rows])


def same(got: Any, wanted: Any) -> None:
    np.testing.assert_allclose(np.asarray(got), wanted, rtol=2e-4, atol=2e-4)


A, B, C = [3, 9, 4, 17, 5], [8, 8], [40, 11, 60]


def test_it_is_an_engine(engine: Any) -> None:
    assert isinstance(engine, Engine)
    assert engine.config == CONFIG


def test_rows_of_different_lengths(engine: Any) -> None:
    cache = engine.new_cache(3)
    same(engine.extend(cache, [A, B, C]), want(A, B, C))
    assert cache.lengths == [5, 2, 3]
    same(engine.extend(cache, [[7], [8], [9]]), want([*A, 7], [*B, 8], [*C, 9]))


def test_some_rows_in_any_order(engine: Any) -> None:
    cache = engine.new_cache(3)
    same(engine.extend(cache, [C, A], rows=[2, 0]), want(C, A))
    assert cache.lengths == [5, 0, 3]
    same(engine.extend(cache, [B, [1, 2]], rows=[1, 2]), want(B, [*C, 1, 2]))


def test_all_logits_and_none(engine: Any) -> None:
    cache = engine.new_cache(2)
    assert engine.extend(cache, [A, B], logits="none") is None
    got = engine.extend(cache, [[6], [7, 8, 9]], logits="all")
    more = [reference.forward(weights(), CONFIG, row) for row in ([*A, 6], [*B, 7, 8, 9])]
    same(got, np.concatenate([more[0][-1:], more[1][-3:]]))


def test_chunks_are_as_good_as_the_whole(engine: Any) -> None:
    cache = engine.new_cache(1)
    for token in A[:-1]:
        engine.extend(cache, [[token]], logits="none")
    same(engine.extend(cache, [A[-1:]]), want(A))


def test_gather_copies_rows(engine: Any) -> None:
    cache = engine.new_cache(3)
    engine.extend(cache, [A, B, C])
    cache.gather([2, 0, 0])
    assert cache.lengths == [3, 5, 5]
    same(engine.extend(cache, [[1], [1], [2]]), want([*C, 1], [*A, 1], [*A, 2]))


def test_copy_makes_one_row_like_another(engine: Any) -> None:
    cache = engine.new_cache(3)
    engine.extend(cache, [A, B, C])
    cache.copy(0, 2, 4)
    assert cache.lengths == [5, 2, 4]
    same(engine.extend(cache, [[1], [2], [3]]), want([*A, 1], [*B, 2], [*A[:4], 3]))
    for wrong in ((0, 1, 7), (0, 1, -1)):
        with pytest.raises(InputError):
            cache.copy(*wrong)
    assert cache.lengths == [6, 3, 5]


def test_truncate_forgets_and_releases(engine: Any) -> None:
    cache = engine.new_cache(2)
    engine.extend(cache, [A, B])
    cache.truncate(0, 3)
    cache.truncate(1, 0)
    assert cache.lengths == [3, 0]
    same(engine.extend(cache, [[50], C]), want([*A[:3], 50], C))


def test_an_array_of_ids(engine: Any) -> None:
    cache = engine.new_cache(2)
    logits = engine.extend(cache, [A, A])
    best = logits.argmax(-1)[:, None]
    token = best.tolist()[0][0]
    same(engine.extend(cache, best), want([*A, token], [*A, token]))


def test_the_context_has_an_end(engine: Any) -> None:
    cache = engine.new_cache(1)
    engine.extend(cache, [list(range(24))])
    with pytest.raises(ContextLengthError):
        engine.extend(cache, [[1]])
    short = engine.new_cache(1, capacity=3)
    with pytest.raises(ContextLengthError):
        engine.extend(short, [[1, 2, 3, 4]])


@pytest.mark.parametrize(
    ("ids", "rows"),
    [
        *[([[67]], None), ([[-1]], None), ([[]], None), ([[1.5]], None), ([[1], [2]], None)],
        *[([[1]], [-1]), ([[1]], [1]), ([[1], [1]], [0, 0])],
    ],
    ids=str,
)
def test_what_does_not_fit_is_an_error(engine: Any, ids: Any, rows: Any) -> None:
    with pytest.raises(InputError):
        engine.extend(engine.new_cache(1), ids, rows)


def test_what_is_not_in_a_cache_is_an_error(engine: Any) -> None:
    cache = engine.new_cache(2)
    engine.extend(cache, [A, B])
    for row, length in ((0, -1), (0, 6), (-1, 1), (2, 0)):
        with pytest.raises(InputError):
            cache.truncate(row, length)
    for source, target in ((-1, 0), (2, 0), (0, -1), (0, 2)):
        with pytest.raises(InputError):
            cache.copy(source, target, 1)
    for sources in ([0], [0, 2], [0, -1]):
        with pytest.raises(InputError):
            cache.gather(sources)
    with pytest.raises((InputError, OptionError)):
        engine.extend(cache, [A, B], logits="first")
    assert cache.lengths == [5, 2]


OPTIONS: list[dict[str, Any]] = [
    {},
    {"num_beams": 3, "num_return_sequences": 2},
    {"repetition_penalty": 1.3, "no_repeat_ngram_size": 2},
    {"do_sample": True, "seed": 3, "num_return_sequences": 2},
    {"do_sample": True, "seed": 4, "top_p": 0.8, "temperature": 0.7},
    {"long": "window", "max_new_tokens": 40},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", ["torch", "native"])
def test_every_engine_writes_the_same_text(name: str, options: dict[str, Any]) -> None:
    options = {"max_new_tokens": 12, **options}
    wanted = build("reference").generate([A, B, C], **options)
    assert build(name).generate([A, B, C], **options).tolist() == wanted.tolist()
