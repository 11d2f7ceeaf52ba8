"""How many tokens of a prompt one step reads, from how long steps took."""

from __future__ import annotations

LEAST, MOST = 16, 256  # tokens
ALONE = 0.1  # seconds of a step in which nobody waits for a token
WEIGHT = 0.2  # of the newest time in the averages


class Pace:
    """A step with a slice of a prompt takes about two decoding steps."""

    def __init__(self) -> None:
        self.step_s: float | None = None  # of decoding alone
        self.token_s: float | None = None  # more for each token of a slice

    def slice(self, rows: int) -> int:
        """The size of the next slice beside so many decoding rows."""
        if self.token_s is None or (rows and self.step_s is None):
            return 2 * LEAST
        time = self.step_s if rows else ALONE
        wished = int((time or 0.0) / self.token_s)
        return max(1, min(max(wished, LEAST), MOST - rows))

    def took(self, rows: int, tokens: int, seconds: float) -> None:
        """Learn from a step of so many decoding rows and tokens of a slice."""
        if not tokens:
            self.step_s = _average(self.step_s, seconds)
            return
        own = seconds - (self.step_s or 0.0) if rows else seconds
        self.token_s = _average(self.token_s, max(own, seconds / 100) / tokens)

    def reading_s(self, tokens: int) -> float:
        """How long it takes to read so many tokens, as far as is known."""
        return tokens * (self.token_s or 1e-3)


def _average(old: float | None, new: float) -> float:
    return new if old is None else old + WEIGHT * (new - old)
