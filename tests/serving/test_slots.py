"""Which row of the cache a text gets, beside what earlier texts left."""

from __future__ import annotations

import numpy as np

from gpt2.native import NativeEngine
from gpt2.serving.slots import Slot, Slots
from tests.tiny import random_weights, tiny_config

CONFIG = tiny_config(n_positions=128)
IDS: list[int] = np.random.default_rng(3).integers(10, 290, 200).tolist()


def read(slots: Slots, engine: NativeEngine, ids: list[int]) -> tuple[Slot, int]:
    """A slot that held a text for a while, and how much of the text was there before."""
    slot, begun = slots.take("", ids, slots.find("", ids))
    engine.extend(slots.cache, [ids[begun:]], [slot.row], "none")
    slot.read = len(ids)
    slots.give_back(slot, ids)
    return slot, begun


def test_a_row_is_taken_over_where_its_end_is_sooner_read_again_than_its_beginning_copied() -> None:
    engine = NativeEngine(random_weights(CONFIG), CONFIG, threads=1)
    slots = Slots(engine.new_cache(3), shared=True)
    first, begun = read(slots, engine, IDS[:103])
    assert begun == 0
    like = [*IDS[:100], 5, 6]  # three would be lost
    assert read(slots, engine, like) == (first, 100)
    other, begun = read(slots, engine, [*IDS[:80], 7, 8])  # 22 would
    assert (other is first, begun) == (False, 80)
    assert (first.text, first.read) == (tuple(like), 102)  # whole, beside its copy
    assert slots.find("", like).read == 101
