"""Which row of the cache a text gets, beside what earlier texts left."""

from __future__ import annotations

import numpy as np

from gpt2.native import NativeEngine
from gpt2.serving.scheduler import Scheduler
from gpt2.serving.slots import Slot, Slots
from tests.serving.listening import Heard, alone, request
from tests.serving.test_scheduler import (
    ROOMY,
    SHARED,
    Fixed,
    engine,
    random_ids,
    run,
    schedulers,
    tight,
)

__all__ = ["schedulers"]  # a fixture
IDS: list[int] = np.random.default_rng(3).integers(10, 290, 200).tolist()


def read(slots: Slots, model: NativeEngine, ids: list[int]) -> tuple[Slot, int]:
    """A slot that held a text for a while, and how much of the text was there before."""
    slot, begun = slots.take("", ids, slots.find("", ids))
    model.extend(slots.cache, [ids[begun:]], [slot.row], "none")
    slot.read = len(ids)
    slots.give_back(slot, ids)
    return slot, begun


def test_a_row_is_taken_over_where_its_end_is_sooner_read_again_than_its_beginning_copied() -> None:
    model = engine()
    slots = Slots(model.new_cache(3), shared=True)
    first, begun = read(slots, model, IDS[:103])
    assert begun == 0
    like = [*IDS[:100], 5, 6]  # three would be lost
    assert read(slots, model, like) == (first, 100)
    other, begun = read(slots, model, [*IDS[:80], 7, 8])  # 22 would
    assert (other is first, begun) == (False, 80)
    assert (first.text, first.read) == (tuple(like), 102)  # whole, beside its copy
    assert slots.find("", like).read == 101


def cached(scheduler: Scheduler, ids: list[int], tenant: str = "") -> int:
    (heard,) = run(scheduler, [request(ids, tenant=tenant, max_new_tokens=2)])
    assert heard.ids == alone(scheduler.model, request(ids, max_new_tokens=2))
    return heard.facts.cached_tokens


def test_a_prompt_another_and_the_first_again(opened: list[Scheduler]) -> None:
    scheduler = Scheduler(engine(), tight(engine(), 2))
    opened.append(scheduler)
    one, other = SHARED[:50], SHARED[10:55]
    assert cached(scheduler, one) == 0
    assert cached(scheduler, other) == 0
    assert cached(scheduler, one) == 49
    assert cached(scheduler, other) == 44
    assert cached(scheduler, [*one, 77, 78]) >= 50  # goes on where one ended
    assert cached(scheduler, other) == 44


def test_the_least_recently_used_makes_room(opened: list[Scheduler]) -> None:
    scheduler = Scheduler(engine(), tight(engine(), 3))
    opened.append(scheduler)
    a, b, c, d = ([n, *SHARED[:30]] for n in (10, 11, 12, 13))
    assert [cached(scheduler, ids) for ids in (a, b, c)] == [0, 0, 0]
    assert cached(scheduler, a) == 30
    assert cached(scheduler, d) == 0  # it takes the place of b
    assert cached(scheduler, c) == 30
    assert cached(scheduler, b) == 0  # that of a
    assert cached(scheduler, d) == 30
    assert cached(scheduler, c) == 30
    assert cached(scheduler, a) == 0


def test_tenants_share_nothing(opened: list[Scheduler]) -> None:
    scheduler = Scheduler(engine(), tight(engine(), 2))
    opened.append(scheduler)
    for turn in range(3):  # under tight memory too
        for tenant in ("a", "b"):
            found = cached(scheduler, SHARED[:40], tenant)
            assert found == (39 if turn else 0)
    for tenant, seed in (("a", 1), ("b", 2), ("c", 3), ("b", 4)):
        cached(scheduler, [*SHARED[:9], *random_ids(seed)], tenant)
    assert cached(scheduler, [*SHARED[:9], *random_ids(5)], "d") == 0
    trees = scheduler.slots._trees
    assert {slot.tenant for slot in scheduler.slots.all} >= set(trees)
    for tenant, tree in trees.items():
        assert all(slot.tenant == tenant for slot in tree._texts)


def test_a_shared_beginning_is_read_once_by_those_that_come_together(
    opened: list[Scheduler],
) -> None:
    scheduler = Scheduler(engine(), ROOMY, pace=Fixed(8))
    opened.append(scheduler)
    heard = [Heard() for _ in range(6)]
    requests = [request([*SHARED, 20 + i], max_new_tokens=3) for i in range(6)]
    scheduler.submit(requests, heard)
    for asked, listener in zip(requests, heard, strict=True):
        assert listener.wait().ids == alone(engine(), asked)
    cached = sum(listener.facts.cached_tokens for listener in heard)
    assert 5 * 60 - 8 < cached <= 5 * 60  # the second may begin beside the last slice of the first


def test_no_slot_holds_what_its_text_does_not(opened: list[Scheduler]) -> None:
    """After all kinds of ends each free slot goes on as its text says."""
    model = engine()
    scheduler = Scheduler(model, tight(model, 4, max_rows=3), pace=Fixed(7))
    opened.append(scheduler)
    heard = [Heard(stop_after=1 + i % 4) for i in range(12)]
    for i, listener in enumerate(heard):
        ids = [*SHARED[: 5 * (i % 5)], *random_ids(i)]
        ticket = scheduler.submit([request(ids, max_new_tokens=30)], [listener])
        if i % 3 == 0:
            scheduler.cancel(ticket)
    for listener in heard:
        assert listener.wait().reason in ("stop", "cancelled", "length")
    scheduler.close(drain=True)
    slots: Slots = scheduler.slots
    lengths = slots.cache.lengths
    for slot in slots.all:
        assert not slot.busy
        assert lengths[slot.row] == slot.read == len(slot.text)
        if slot.read:
            logits = model.extend(slots.cache, [[9]], [slot.row])
            fresh = model.extend(model.new_cache(1), [[*slot.text, 9]])
            np.testing.assert_array_equal(logits, fresh)
