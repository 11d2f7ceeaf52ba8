"""Progress on standard error: a bar on a terminal, occasional lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

T = TypeVar("T")
QUIET = 2.0  # seconds before progress is shown: short work needs none


class Progress:
    """Shows the progress, the rate and, if the total is known, the time left."""

    def __init__(
        self, what: str = "", *, unit: str, total: int | None = None, quiet: bool = False
    ) -> None:
        self.unit, self.quiet, self.terminal = unit, quiet, sys.stderr.isatty()
        self.bar: Bar | None = None
        self._begin(what, total)

    def _begin(self, what: str, total: int | None) -> None:
        self.what, self.total, self.done = what, total, 0
        self.begin = self.shown = time.perf_counter()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def over(self, items: Iterable[T], size: Callable[[T], int]) -> Iterator[T]:
        """Yield the items and count them."""
        for item in items:
            yield item
            self.to(self.done + size(item))
        self.__exit__()

    def stage(self, what: str, done: int, total: int) -> None:
        """Report the progress of successive stages."""
        if what != self.what:
            self.__exit__()
            self._begin(what, total)
        self.to(done)

    def tick(self, done: int, total: int | None) -> None:
        """Report that ``done`` of ``total`` units are done."""
        self.total = total
        self.to(done)

    def to(self, done: int) -> None:
        """Report that ``done`` units are done."""
        self.done = done
        now = time.perf_counter()
        pause = 0.2 if self.terminal else 10
        if self.quiet or now - self.begin < QUIET or now - self.shown < pause:
            return
        self.shown = now
        if self.terminal:
            self._draw(self._line(now))
        else:
            print(self._line(now), file=sys.stderr, flush=True)

    def _draw(self, line: str) -> None:
        """Draw with rich, which is imported only if a terminal waits for longer than `QUIET`."""
        if self.bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.fields[line]}", markup=False), BarColumn(20))
            console = Console(stderr=True)
            self.bar = Bar(*columns, console=console, transient=True, auto_refresh=False,
                           redirect_stdout=False)  # fmt: skip
            self.bar.start()
            self.bar.add_task("", line="")
        task = self.bar.task_ids[0]
        self.bar.update(task, completed=self.done, total=self.total, line=line, refresh=True)

    def _line(self, now: float) -> str:
        rate = self.done / (now - self.begin)
        if not self.total:
            return f"{self.what}: {self.done:,} {self.unit}, {rate:,.0f}/s"
        left = (self.total - self.done) / max(rate, 1e-9)
        return f"{self.what}: {self.done:,} of {self.total:,} {self.unit}, {left:.0f} s left"
