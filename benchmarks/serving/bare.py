"""The bare engine, called as in the step loop: the baseline for the overhead of the server's loop
and HTTP."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from gpt2.engine import Ask

PROMPT, TOKENS = 32, 192  # of each row


def prompts(rows: int, vocabulary: int, seed: int) -> list[list[int]]:
    found: list[list[int]] = np.random.default_rng(seed).integers(
        1, vocabulary - 1, (rows, PROMPT)
    ).tolist()  # fmt: skip
    return found


def seconds(model: Any, cache: Any, rows: list[list[int]]) -> float:
    """Seconds to generate all rows: prompts in one call, then one token of each row per step."""
    for row in range(len(rows)):
        cache.truncate(row, 0)
    numbers, like = list(range(len(rows))), Ask("largest")
    begin = time.perf_counter()
    pieces, places = rows, np.cumsum([len(row) for row in rows]) - 1
    for _ in range(TOKENS):
        asks = [(int(at), like) for at in places]
        pieces = [[a.token] for a in model.extend_asked(cache, pieces, numbers, asks)]
        places = np.arange(len(rows))
    return time.perf_counter() - begin
