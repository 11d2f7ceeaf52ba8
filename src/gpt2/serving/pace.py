"""How many tokens of prompts one step reads, from how long steps took."""

from __future__ import annotations

import statistics
from collections import deque

LEAST, MOST = 16, 256  # tokens
ALONE = 0.1  # seconds of a step in which nobody waits for a token
INSTANT = 1e-6  # seconds; a clock may stand still
LATELY = 5  # times of which the middle one counts: a single slow step says nothing
FRESH = 8  # steps with slices in a row; then one without tells what decoding takes by now


class Pace:
    """Reading takes as long as decoding in each step; where more rows wait for their prompt than
    are written, so many times as long."""

    def __init__(self) -> None:
        self.step_s: float | None = None  # of decoding alone
        self.token_s: float | None = None  # more for each token of a slice
        self._steps: deque[float] = deque(maxlen=LATELY)
        self._tokens: deque[float] = deque(maxlen=LATELY)
        self._mixed = 0  # steps since one of decoding alone

    def slice(self, rows: int, waiting: int = 1) -> int:
        """The tokens read beside so many rows that are written, for so many that are not yet."""
        if rows and (self.step_s is None or self._mixed >= FRESH):
            return 0
        if self.token_s is None:
            return 2 * LEAST
        time = (self.step_s or 0.0) * max(1.0, waiting / rows) if rows else ALONE
        return max(1, min(max(int(time / self.token_s), LEAST), MOST - rows))

    def took(self, rows: int, tokens: int, seconds: float) -> None:
        """Learn from a step of so many decoding rows and tokens of slices."""
        if not tokens:
            self._mixed = 0
            self._steps.append(seconds)
            self.step_s = statistics.median(self._steps)
            return
        self._mixed += bool(rows)
        own = seconds - (self.step_s or 0.0) if rows else seconds
        self._tokens.append(max(own, seconds / 100, INSTANT) / tokens)
        self.token_s = statistics.median(self._tokens)

    def reading_s(self, tokens: int) -> float:
        """How long it takes to read so many tokens, as far as is known."""
        return tokens * (self.token_s or 1e-3)
