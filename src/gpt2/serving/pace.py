"""Chooses how many prompt tokens a step reads, from the durations of earlier steps."""

from __future__ import annotations

import statistics
from collections import deque

LEAST, MOST = 16, 256  # tokens
ALONE = 0.1  # seconds of a step in which no row waits for a token
WAITS = 4.0  # weight of a waiting row relative to one that is being generated
# Numbers of times whose median is used, so that a single slow step does not count. Rows come and
# go, but the time per token changes little.
STEPS, TOKENS = 3, 9
FRESH = 8  # consecutive steps with slices before one without them re-measures decoding
INSTANT = 1e-6  # seconds; a clock may not advance


class Pace:
    """Balances prompt reading and decoding.

    In each step, reading prompts takes as long as decoding; if several rows wait for their prompts,
    longer, in proportion to the waiting rows per generating row.
    """

    def __init__(self) -> None:
        self.step_s: float | None = None  # seconds of a step with decoding only
        self.token_s: float | None = None  # additional seconds per token of a slice
        self._steps: deque[float] = deque(maxlen=STEPS)
        self._tokens: deque[float] = deque(maxlen=TOKENS)
        self._mixed = 0  # steps since one with decoding only

    def slice(self, rows: int, waiting: int = 1) -> int:
        """The number of prompt tokens to read, with ``rows`` decoding and ``waiting`` waiting."""
        if rows and (self.step_s is None or self._mixed >= FRESH):
            return 0
        if self.token_s is None:
            return 2 * LEAST
        longer = max(1.0, WAITS * (waiting - 1) / max(rows, 1))
        time = (self.step_s or 0.0) * longer if rows else ALONE
        return max(1, min(max(int(time / self.token_s), LEAST), MOST - rows))

    def took(self, rows: int, tokens: int, seconds: float) -> None:
        """Learn from a step with this many decoding rows and slice tokens."""
        if not tokens:
            self._mixed = 0
            self._steps.append(seconds)
            self.step_s = statistics.median(self._steps)
            return
        self._mixed += bool(rows)
        if self._mixed > 1 and rows and self.token_s is not None:
            return  # its decoding time is unknown: there may be more rows by now
        extra = seconds - self._steps[-1] if rows and self._steps else seconds
        self._tokens.append(max(extra, seconds / 100, INSTANT) / tokens)
        self.token_s = statistics.median(self._tokens)

    def reading_s(self, tokens: int) -> float:
        """The estimated seconds to read that many tokens."""
        return tokens * (self.token_s or 1e-3)
