"""Progress on standard error: a line rewritten on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
QUIET = 2.0  # seconds in which nothing is shown: short work needs no progress


class Progress:
    """How far something has come, its rate and, where the total is known, the time left."""

    def __init__(
        self, what: str = "", *, unit: str, total: int | None = None, quiet: bool = False
    ) -> None:
        self.unit, self.quiet, self.terminal = unit, quiet, sys.stderr.isatty()
        self._begin(what, total)

    def _begin(self, what: str, total: int | None) -> None:
        self.what, self.total, self.done = what, total, 0
        self.begin = self.shown = time.perf_counter()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.terminal and self.shown > self.begin:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def over(self, items: Iterable[T], size: Callable[[T], int]) -> Iterator[T]:
        """The items, counted as they pass."""
        for item in items:
            yield item
            self.to(self.done + size(item))

    def stage(self, what: str, done: int, total: int) -> None:
        """Tell how far one stage after the other is."""
        if what != self.what:
            self.__exit__()
            self._begin(what, total)
        self.to(done)

    def to(self, done: int) -> None:
        """Tell that ``done`` units are done."""
        self.done = done
        now = time.perf_counter()
        if self.quiet:
            return
        if now - self.begin > QUIET and now - self.shown > (0.2 if self.terminal else 10):
            self.shown = now
            start, end = ("\r\x1b[K", "") if self.terminal else ("", "\n")
            print(f"{start}{self._line(now)}", end=end, file=sys.stderr, flush=True)

    def _line(self, now: float) -> str:
        rate = self.done / (now - self.begin)
        if not self.total:
            return f"{self.what}: {self.done:,} {self.unit}, {rate:,.0f}/s"
        left = (self.total - self.done) / max(rate, 1e-9)
        return f"{self.what}: {self.done:,} of {self.total:,} {self.unit}, {left:.0f} s left"
