"""What cannot be a row: the thread that steps calls the engine for it, piece by piece."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gpt2.config import GPT2Config
from gpt2.errors import ContextLengthError
from gpt2.native import NativeEngine
from gpt2.numpy_engine import NumpyEngine
from gpt2.scoring import Scorer
from gpt2.serving.between import PIECE, between
from gpt2.serving.scheduler import Draining, Limits, Scheduler
from tests.native.models import random_weights

CONFIG = GPT2Config(n_layer=2, n_embd=64, n_head=2, vocab_size=300, n_positions=400)
PROMPT = np.random.default_rng(1).integers(0, 299, 300).tolist()


class Watched(NativeEngine):
    """Tells of each call that reads."""

    def __init__(self) -> None:
        super().__init__(random_weights(CONFIG), CONFIG)
        self.seen: list[tuple[int, int]] = []

    def _note(self, ids: Any) -> None:
        self.seen.append((threading.get_ident(), sum(len(row) for row in ids)))

    def extend(self, cache: Any, ids: Any, *given: Any, **named: Any) -> Any:
        self._note(ids)
        return super().extend(cache, ids, *given, **named)

    def extend_top(self, cache: Any, ids: Any, *given: Any, **named: Any) -> Any:
        self._note(ids)
        return super().extend_top(cache, ids, *given, **named)

    def extend_logprobs(self, cache: Any, ids: Any, *given: Any, **named: Any) -> Any:
        self._note(ids)
        return super().extend_logprobs(cache, ids, *given, **named)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Watched, Scheduler]]:
    model = Watched()
    scheduler = Scheduler(model, Limits(max_rows=2, memory_bytes=1 << 24))
    yield model, scheduler
    scheduler.close(drain=False)


@pytest.mark.parametrize(
    "options",
    [
        {"do_sample": False},
        {"do_sample": True, "seed": 3, "num_return_sequences": 3, "pad_token_id": 0},
        {"num_beams": 4, "num_return_sequences": 2, "pad_token_id": 0},
        {"do_sample": True, "seed": 3, "repetition_penalty": 1.3, "top_k": 20},
        {"do_sample": False, "max_length": 390, "stop_strings": None},
    ],
    ids=["greedy", "three", "beams", "processors", "long"],
)
def test_it_writes_what_the_model_writes(served: Any, options: dict[str, Any]) -> None:
    model, scheduler = served
    options = {"max_new_tokens": 12, **options} if "max_length" not in options else options
    want = model.generate([PROMPT], **options).tolist()
    model.seen.clear()
    assert between(model, scheduler.loop).generate([PROMPT], **options).tolist() == want
    threads, sizes = zip(*model.seen, strict=True)
    assert set(threads) == {scheduler.loop._thread.ident}
    assert max(sizes) <= PIECE
    assert sum(sizes) >= len(PROMPT)


def test_it_scores_what_the_model_scores(served: Any) -> None:
    model, scheduler = served
    pairs = [(PROMPT[:200], PROMPT[200 + i : 210 + i]) for i in range(5)]
    want = Scorer(model).loglikelihood(pairs)
    model.seen.clear()
    assert Scorer(between(model, scheduler.loop)).loglikelihood(pairs) == want
    assert {thread for thread, _ in model.seen} == {scheduler.loop._thread.ident}
    assert max(size for _, size in model.seen) <= model.score_tokens


def test_an_error_is_told_to_who_waits(served: Any) -> None:
    model, scheduler = served
    with pytest.raises(ContextLengthError):
        between(model, scheduler.loop).generate([PROMPT], max_new_tokens=500)
    with pytest.raises(ZeroDivisionError):
        scheduler.loop.call(lambda: 1 // 0)
    assert scheduler.alive
    assert scheduler.loop.call(lambda: 7) == 7


def test_other_engines(served: Any) -> None:
    model = NumpyEngine(random_weights(CONFIG), CONFIG)
    _, scheduler = served
    want = model.generate([PROMPT[:20]], max_new_tokens=4).tolist()
    made = between(model, scheduler.loop)
    assert made.generate([PROMPT[:20]], max_new_tokens=4).tolist() == want
    assert made.name == "reference"
    assert not hasattr(made, "extend_asked")


def test_after_the_end_there_is_nobody_to_call() -> None:
    scheduler = Scheduler(NativeEngine(random_weights(CONFIG), CONFIG), Limits(max_rows=1))
    scheduler.close(drain=True)
    thread = scheduler.loop._thread
    if thread is not None:
        thread.join(30)
    with pytest.raises(Draining):
        scheduler.loop.call(lambda: 1)


class Telling(Watched):
    """Tells who asks what it is."""

    @property
    def facts(self) -> dict[str, Any]:
        return {**super().facts, "thread": threading.get_ident()}


def test_what_an_engine_is_is_asked_by_the_thread_that_steps() -> None:
    model = Telling()
    scheduler = Scheduler(model, Limits(max_rows=1, memory_bytes=1 << 24))
    found = between(model, scheduler.loop).facts
    assert found.pop("thread") == scheduler.loop.call(threading.get_ident) != threading.get_ident()
    assert found == {**NativeEngine.facts.fget(model)}  # type: ignore[attr-defined]
    scheduler.close(drain=False)
