"""Whatever runs beside it, a row writes what the library writes for it alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from gpt2.errors import ContextLengthError, InputError, OptionError
from gpt2.native import NativeEngine
from gpt2.numpy_engine import NumpyEngine
from gpt2.serving.scheduler import Draining, Limits, Loop, QueueFull, Request, Scheduler
from tests.serving.listening import PATIENCE, Heard, alone, request
from tests.tiny import random_weights, tiny_config

CONFIG = tiny_config(n_positions=128, eos_token_id=7)
SHARED = np.random.default_rng(1).integers(10, 290, 60).tolist()
ROOMY = Limits(memory_bytes=1 << 28, max_rows=32)


class Fixed:
    """Slices of one size."""

    step_s, token_s = 0.001, 0.0001

    def __init__(self, size: int) -> None:
        self.size = size

    def slice(self, rows: int, waiting: int) -> int:
        return self.size

    def took(self, rows: int, tokens: int, seconds: float) -> None:
        pass

    def reading_s(self, tokens: int) -> float:
        return tokens * self.token_s


@cache
def engine(dtype: str = "int8") -> NativeEngine:
    return NativeEngine(random_weights(CONFIG), CONFIG, dtype=dtype, threads=1)


def random_ids(seed: int, most: int = 40) -> list[int]:
    random = np.random.default_rng(seed)
    return random.integers(10, 290, random.integers(1, most)).tolist()


OPTIONS: list[dict[str, Any]] = [
    {"do_sample": True, "top_k": 0},
    {"do_sample": True, "top_k": 20, "temperature": 0.8},
    {"do_sample": True, "top_k": 0, "top_p": 0.9, "min_p": 0.01},
    {},
    {"do_sample": True, "repetition_penalty": 1.2, "presence_penalty": 0.6},
    {"frequency_penalty": 0.7, "no_repeat_ngram_size": 3},
    {"do_sample": True, "top_k": 8, "typical_p": 0.8, "temperature": 1.3},
    {"do_sample": True, "sequence_bias": {(40,): 3.0}, "suppress_tokens": [50, 51]},
]


def options(i: int, new: int) -> dict[str, Any]:
    """One of the `OPTIONS`, with a seed where it is used."""
    own = OPTIONS[i % len(OPTIONS)]
    return {**own, "max_new_tokens": new, **({"seed": 100 + i} if "do_sample" in own else {})}


def many() -> list[Request]:
    """32 rows of all kinds; half begin with the same 60 tokens, a few are the same throughout."""
    rows = []
    for i in range(32):
        ids = (SHARED if i % 2 else []) + random_ids(i % 29)
        top = None if i % 3 else i % 5
        own = options(i, 4 + i % 13)
        rows.append(request(ids, top=top, judged_from=1 if i % 11 == 5 else None, **own))
    return rows


@pytest.fixture(name="opened")
def schedulers() -> Iterator[list[Scheduler]]:
    found: list[Scheduler] = []
    yield found
    for one in found:
        one.close(drain=False)


def run(scheduler: Scheduler, requests: list[Request]) -> list[Heard]:
    heard = [Heard() for _ in requests]
    for asked, listener in zip(requests, heard, strict=True):
        scheduler.submit([asked], [listener])
    return [listener.wait() for listener in heard]


@pytest.mark.parametrize(("dtype", "size"), [("int8", 1), ("int8", 16), ("int4", 16),
                                             ("fp32", 16), ("fp32", 1000)])  # fmt: skip
def test_the_same_bytes_alone_among_31_and_cached(
    dtype: str, size: int, opened: list[Scheduler]
) -> None:
    model, requests = engine(dtype), many()
    scheduler = Scheduler(model, ROOMY, pace=Fixed(size))
    opened.append(scheduler)
    first, again = run(scheduler, requests), run(scheduler, requests)
    assert sum(heard.facts.cached_tokens for heard in again) > 300
    for asked, one, other in zip(requests, first, again, strict=True):
        wanted = alone(model, asked)
        assert one.ids == wanted
        assert other.ids == wanted
        assert one.tokens == other.tokens
        assert one.prompt_tokens == other.prompt_tokens
        assert one.reason == ("stop" if wanted[-1] == 7 else "length")
        check_logprobs(model, asked, one)
    assert scheduler.stats.generated_tokens == sum(len(heard.ids) for heard in first + again)
    assert scheduler.stats.prefix_hits == sum(h.facts.cached_tokens for h in first + again)


def check_logprobs(model: Any, asked: Request, heard: Heard) -> None:
    """Against `extend_logprobs`, which evaluation rests on, bit for bit."""
    ids, begin = [*asked.ids, *heard.ids], len(asked.ids)
    scored, _ = model.extend_logprobs(model.new_cache(1), [ids[:-1]], targets=[ids[1:]])
    if asked.top is None:
        assert all(token.logprob is None and not token.top_ids for token in heard.tokens)
    else:
        assert [t.logprob for t in heard.tokens] == scored[begin - 1 :].tolist()
        top, _ = model.extend_top(model.new_cache(1), [ids[:-1]], None, max(asked.top, 1), "all")
        for token, best in zip(heard.tokens, top[begin - 1 :].tolist(), strict=True):
            assert token.top_ids == tuple(best[: asked.top])
    if asked.judged_from:
        assert [t.id for t in heard.prompt_tokens] == list(asked.ids)
        assert heard.facts.cached_tokens == 0
        assert heard.prompt_tokens[0].logprob is None
        assert [t.logprob for t in heard.prompt_tokens[1:]] == scored[: begin - 1].tolist()
        assert all(len(t.top_ids) == (asked.top or 0) for t in heard.prompt_tokens[1:])


def test_row_k_is_the_kth_of_the_library(opened: list[Scheduler]) -> None:
    model, ids = engine(), random_ids(3)
    own: dict[str, Any] = {"do_sample": True, "seed": 5, "max_new_tokens": 9}
    scheduler = Scheduler(model, ROOMY, pace=Fixed(16))
    opened.append(scheduler)
    heard = [Heard() for _ in range(4)]
    scheduler.submit([request(ids, row=row, **own) for row in range(4)], heard)
    library = model.generate([ids], num_return_sequences=4, pad_token_id=0, **own)
    for row, listener in zip(library[:, len(ids) :].tolist(), heard, strict=True):
        written = listener.wait().ids
        assert written == row[: len(written)]
    read = sum(h.facts.prompt_tokens - h.facts.cached_tokens for h in heard)
    assert read == len(ids) + 3  # the prompt is read once


def test_other_engines_row_by_row(opened: list[Scheduler]) -> None:
    model = NumpyEngine(random_weights(CONFIG), CONFIG)
    scheduler = Scheduler(model, Limits(max_rows=3))
    opened.append(scheduler)
    requests = [
        request(random_ids(i, 20), top=2, judged_from=1 if i == 1 else None, **options(i, 6))
        for i in range(5)
    ]
    for asked, heard in zip(requests, run(scheduler, requests), strict=True):
        assert heard.error is None
        assert heard.ids == alone(model, asked)
        assert all(len(token.top_ids) == 2 for token in heard.tokens)
        assert len(heard.prompt_tokens) == (len(asked.ids) if asked.judged_from else 0)


def test_torch_row_by_row(opened: list[Scheduler]) -> None:
    torch = pytest.importorskip("torch")
    from gpt2.model import GPT2LMHeadModel

    torch.manual_seed(0)
    model = GPT2LMHeadModel(CONFIG).eval()
    scheduler = Scheduler(model, Limits(max_rows=3))
    opened.append(scheduler)
    requests = [request(random_ids(i, 20), top=1, **options(i, 6)) for i in range(4)]
    for asked, heard in zip(requests, run(scheduler, requests), strict=True):
        assert heard.error is None
        assert heard.ids == alone(model, asked)


# ---- The prefix cache ----


def tight(model: NativeEngine, slots: int, **more: Any) -> Limits:
    return Limits(memory_bytes=slots * model.new_cache(1).nbytes, **more)


@pytest.mark.parametrize(("token_s", "first"), [(10.0, "short"), (1e-9, "long")])
def test_what_is_read_soonest_comes_first_less_what_it_has_waited(
    token_s: float, first: str, opened: list[Scheduler]
) -> None:
    pace, order = Fixed(1), []
    pace.token_s = token_s
    scheduler = Scheduler(engine(), ROOMY, pace=pace)
    opened.append(scheduler)
    begun = threading.Event()

    def hear(name: str) -> Heard:
        return Heard(on_token=lambda heard: order.append(name), stop_after=1)

    def late(ids: Any, scores: Any) -> Any:  # the long one begins when the short one is there
        begun.wait(60)
        return scores

    gate = request([3], max_new_tokens=1, processors=(late,))
    scheduler.submit([gate], [Heard()])
    heard = [hear("long"), hear("short")]
    for ids, listener in zip((SHARED, random_ids(4, 9)), heard, strict=True):
        scheduler.submit([request(ids, max_new_tokens=1)], [listener])
    begun.set()
    for listener in heard:
        listener.wait()
    assert order[0] == first
    assert len(order) == 2


def test_short_prompts_are_read_together(opened: list[Scheduler]) -> None:
    scheduler = Scheduler(engine(), ROOMY, pace=Fixed(30))
    opened.append(scheduler)
    prompts = [[10 + 30 * i + j for j in range(n)] for i, n in enumerate((12, 10, 11, 9))]
    requests, heard = (
        [request(ids, max_new_tokens=1) for ids in prompts],
        [Heard() for _ in prompts],
    )
    scheduler.submit(requests, heard)
    for asked, listener in zip(requests, heard, strict=True):
        assert listener.wait().ids == alone(scheduler.model, asked)
    assert scheduler.stats.steps == 2  # 9, 10 and 11 tokens; 12


# ---- Ends ----


def test_a_listener_ends_its_row(opened: list[Scheduler]) -> None:
    scheduler = Scheduler(engine(), ROOMY)
    opened.append(scheduler)
    heard = Heard(stop_after=3)
    scheduler.submit([request(SHARED, max_new_tokens=20)], [heard])
    assert heard.wait().reason == "stop"
    assert len(heard.ids) == 3
    assert heard.facts.generated_tokens == 3
    assert heard.facts.first_token_s > 0


def test_a_listener_that_fails_ends_its_row_alone(opened: list[Scheduler]) -> None:
    scheduler = Scheduler(engine(), ROOMY)
    opened.append(scheduler)

    def fail(heard: Heard) -> None:
        raise RuntimeError("the client is odd")

    bad, good = Heard(on_token=fail), Heard()
    asked = request(SHARED, max_new_tokens=5)
    scheduler.submit([asked, asked], [bad, good])
    assert bad.wait().reason == "error"
    assert "odd" in str(bad.error)
    assert good.wait().ids == alone(engine(), asked)


def test_a_row_that_cannot_choose_fails_alone(opened: list[Scheduler]) -> None:
    scheduler = Scheduler(engine(), ROOMY)
    opened.append(scheduler)
    bans = {"suppress_tokens": list(range(300))}
    bad, good = Heard(), Heard()
    asked = request(SHARED, max_new_tokens=5)
    own: dict[str, Any] = {"do_sample": True, "seed": 1, "max_new_tokens": 5, **bans}
    scheduler.submit([request(SHARED, **own), asked], [bad, good])
    assert bad.wait().reason == "error"
    assert isinstance(bad.error, InputError)
    assert good.wait().ids == alone(engine(), asked)


@pytest.mark.parametrize("where", ["queue", "prefill", "decoding"])
def test_a_client_that_leaves(where: str, opened: list[Scheduler]) -> None:
    model = engine()
    limits = tight(model, 1, max_rows=1)
    scheduler = Scheduler(model, limits, pace=Fixed(1))
    opened.append(scheduler)
    gone, other = Heard(), Heard()
    asked = request(random_ids(5), max_new_tokens=4)
    if where == "queue":
        begun, queued = threading.Event(), threading.Event()
        ended: list[bool] = []

        def drop(heard: Heard) -> None:
            begun.set()
            assert queued.wait(PATIENCE)
            if len(heard.tokens) == 2:
                scheduler.cancel(ticket)
            ended.append(gone.done.is_set())

        busy = Heard(on_token=drop)
        scheduler.submit([request(SHARED, max_new_tokens=10)], [busy])
        assert begun.wait(PATIENCE)
        ticket = scheduler.submit([asked], [gone])
        queued.set()
        assert busy.wait().reason == "length"
        assert ended == 2 * [False] + 8 * [True]  # within a step
        assert gone.wait().reason == "cancelled"
    else:

        def leave(heard: Heard) -> None:
            if len(heard.tokens) == 2:
                scheduler.cancel(ticket)

        if where == "decoding":
            gone.on_token = leave
        ticket = scheduler.submit([request(SHARED, max_new_tokens=60)], [gone])
        if where == "prefill":
            scheduler.cancel(ticket)
        assert gone.wait().reason == "cancelled"
        assert len(gone.tokens) == (2 if where == "decoding" else 0)
    scheduler.submit([asked], [other])
    assert other.wait().ids == alone(model, asked)
    assert scheduler.stats.cancelled == 1
    scheduler.close(drain=True)
    assert scheduler.stats.running == scheduler.stats.waiting == 0
    assert not scheduler.stats.kv_usage


def test_ten_times_the_capacity(opened: list[Scheduler]) -> None:
    model = engine()
    limits = tight(model, 2, max_rows=2, queue_requests=4)
    scheduler = Scheduler(model, limits)
    opened.append(scheduler)
    taken, waits = [], []
    for i in range(60):
        asked, heard = request(random_ids(i), max_new_tokens=12), Heard()
        try:
            scheduler.submit([asked], [heard])
            taken.append((asked, heard))
        except QueueFull as full:
            waits.append(full.retry_after_s)
    assert waits
    assert all(1 <= seconds <= 120 for seconds in waits)
    assert scheduler.stats.rejected == len(waits)
    for asked, heard in taken:  # none is lost
        assert heard.wait().ids == alone(model, asked)


def test_the_queue_is_limited_in_tokens_and_rows(opened: list[Scheduler]) -> None:
    model = engine()
    limits = tight(model, 1, max_rows=1, queue_requests=3, queue_tokens=100)
    scheduler = Scheduler(model, limits, pace=Fixed(1))
    opened.append(scheduler)
    scheduler.submit([request(SHARED, max_new_tokens=60)], [Heard()])
    scheduler.submit([request(SHARED, max_new_tokens=2)], [Heard()])
    with pytest.raises(QueueFull):
        scheduler.submit([request(SHARED, max_new_tokens=2)], [Heard()])
    row = request([5], max_new_tokens=2)
    with pytest.raises(QueueFull):
        scheduler.submit([row] * 4, [Heard() for _ in range(4)])
    with pytest.raises(InputError, match="from 1 to 4 rows"):
        scheduler.submit([row] * 5, [Heard() for _ in range(5)])


@pytest.mark.parametrize("where", ["find", "take"])
def test_a_fault_of_a_step_ends_its_rows_and_not_the_thread(
    where: str, opened: list[Scheduler], monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = Scheduler(engine(), ROOMY)
    opened.append(scheduler)

    def fault(*arguments: Any) -> None:
        raise ZeroDivisionError("somewhere in the scheduler")

    asked = request(SHARED, max_new_tokens=3)
    with monkeypatch.context() as patch:
        patch.setattr(scheduler.slots, where, fault)
        bad = Heard()
        scheduler.submit([asked], [bad])
        assert bad.wait().reason == "error"
        assert isinstance(bad.error, ZeroDivisionError)
    good = Heard()
    scheduler.submit([asked], [good])
    assert good.wait().ids == alone(engine(), asked)
    assert scheduler.alive


def test_draining_and_ending_at_once() -> None:
    scheduler = Scheduler(engine(), ROOMY)
    heard = [Heard() for _ in range(4)]
    scheduler.submit([request(random_ids(i), max_new_tokens=20) for i in range(4)], heard)
    scheduler.close(drain=True)
    assert all(listener.reason in ("length", "stop") for listener in heard)
    with pytest.raises(Draining):
        scheduler.submit([request([5])], [Heard()])
    scheduler = Scheduler(engine(), tight(engine(), 2, max_rows=1), pace=Fixed(1))
    heard = [Heard() for _ in range(3)]
    scheduler.submit([request(SHARED, max_new_tokens=60) for _ in range(3)], heard)
    scheduler.close(drain=False)
    assert [listener.reason for listener in heard] == ["cancelled"] * 3
    thread = scheduler.loop._thread
    if thread is not None:
        thread.join(60)
        assert not thread.is_alive()


def test_several_models_in_turns() -> None:
    loop = Loop()
    models = [engine("int8"), engine("fp32")]
    both = [Scheduler(model, ROOMY, loop=loop) for model in models]
    heard = [Heard(), Heard()]
    asked = request(SHARED, max_new_tokens=30)
    for scheduler, listener in zip(both, heard, strict=True):
        scheduler.submit([asked], [listener])
    for model, listener in zip(models, heard, strict=True):
        assert listener.wait().ids == alone(model, asked)
    both[0].close(drain=True)
    again = Heard()
    both[1].submit([asked], [again])
    assert again.wait().ids == heard[1].ids
    both[1].close(drain=True)
    assert loop.alive


def test_what_cannot_be_taken(opened: list[Scheduler]) -> None:
    model = engine()
    scheduler = Scheduler(model, ROOMY)
    opened.append(scheduler)
    wrong: list[tuple[Request, type[Exception]]] = [
        (request([], max_new_tokens=2), InputError),
        (request([1], max_new_tokens=2, top=-1), OptionError),
        (request([1], max_new_tokens=2, top=129), OptionError),
        (request([1] * 128, max_new_tokens=2), ContextLengthError),
        (request([1, 300], max_new_tokens=2), InputError),
        (request([1, -1], max_new_tokens=2), InputError),
        (request([1], max_new_tokens=2, forced_eos_token_id=300), OptionError),
    ]
    for asked, error in wrong:
        with pytest.raises(error):
            scheduler.submit([request([1], max_new_tokens=1), asked], [Heard(), Heard()])
    assert not scheduler.has_work
    with pytest.raises(OptionError, match="allow more memory"):
        Scheduler(model, Limits(memory_bytes=1000))
