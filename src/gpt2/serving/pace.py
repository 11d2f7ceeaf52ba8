"""How many tokens of prompts one step reads, from how long steps took."""

from __future__ import annotations

import statistics
from collections import deque

LEAST, MOST = 16, 256  # tokens
ALONE = 0.1  # seconds of a step in which nobody waits for a token
WAITS = 4.0  # what a row that waits counts against one that is written, and sees its tokens come
# Times of which the middle one counts: a single slow step says nothing. Rows come and go, and what
# a token takes changes little.
STEPS, TOKENS = 3, 9
FRESH = 8  # steps with slices in a row; then one without tells what decoding takes by now
INSTANT = 1e-6  # seconds; a clock may stand still


class Pace:
    """Reading a prompt takes as long as decoding in each step; where several rows wait for theirs,
    longer, by how many wait for each that is written."""

    def __init__(self) -> None:
        self.step_s: float | None = None  # of decoding alone
        self.token_s: float | None = None  # more for each token of a slice
        self._steps: deque[float] = deque(maxlen=STEPS)
        self._tokens: deque[float] = deque(maxlen=TOKENS)
        self._mixed = 0  # steps since one of decoding alone

    def slice(self, rows: int, waiting: int = 1) -> int:
        """The tokens read beside so many rows that are written, for so many that are not yet."""
        if rows and (self.step_s is None or self._mixed >= FRESH):
            return 0
        if self.token_s is None:
            return 2 * LEAST
        longer = max(1.0, WAITS * (waiting - 1) / max(rows, 1))
        time = (self.step_s or 0.0) * longer if rows else ALONE
        return max(1, min(max(int(time / self.token_s), LEAST), MOST - rows))

    def took(self, rows: int, tokens: int, seconds: float) -> None:
        """Learn from a step of so many decoding rows and tokens of slices."""
        if not tokens:
            self._mixed = 0
            self._steps.append(seconds)
            self.step_s = statistics.median(self._steps)
            return
        self._mixed += bool(rows)
        if self._mixed > 1 and rows and self.token_s is not None:
            return  # what its decoding took is not known: there may be more rows by now
        own = seconds - self._steps[-1] if rows and self._steps else seconds
        self._tokens.append(max(own, seconds / 100, INSTANT) / tokens)
        self.token_s = statistics.median(self._tokens)

    def reading_s(self, tokens: int) -> float:
        """How long it takes to read so many tokens, as far as is known."""
        return tokens * (self.token_s or 1e-3)
