"""Keys and values take memory as far as texts reach, whatever the cache has room for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gpt2.config import GPT2Config
from gpt2.native import NativeEngine
from tests.native.models import random_weights

CONFIG = GPT2Config(n_layer=4, n_embd=256, n_head=4, vocab_size=300, n_positions=2048)


def resident() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is in memory")
def test_short_texts_take_the_memory_of_short_texts() -> None:
    model = NativeEngine(random_weights(CONFIG), CONFIG, dtype="int8", threads=1)
    model.extend(model.new_cache(32), [[1] * 8] * 32, None, "none")  # room to compute in
    before = resident()
    cache = model.new_cache(32)
    assert cache.nbytes > 250e6
    assert resident() - before < 0.02 * cache.nbytes
    for _ in range(4):
        model.extend(cache, [[1] * 8] * cache.rows, None, "none")
    share = 32 / cache.capacity
    assert 0.5 * share < (resident() - before) / cache.nbytes < 3 * share
