"""A fuzzing run: the corpus, then numbered cases of all forms in turn; counts and findings."""

from __future__ import annotations

import dataclasses
import itertools
import os
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from tools.fuzz.box import empty, keep
from tools.fuzz.server import Ended, Server
from tools.fuzz.trial import FINDINGS, Case, called

BATCH = 400  # cases per fork
Named = tuple[str, Case]


@dataclasses.dataclass
class Campaign:
    """The cases to try and the findings.

    Args:
        seed: the seed of the damage.
        found: the folder for findings.
        forms: the names of the forms.
        each: the number of numbered cases per form; 0 for as many as time allows.
        until: the end time, as in `time.monotonic`.
    """

    seed: int
    found: Path
    forms: list[str]
    each: int
    until: float
    counts: dict[str, Counter[str]] = dataclasses.field(default_factory=dict)
    seconds: defaultdict[str, float] = dataclasses.field(default_factory=lambda: defaultdict(float))
    findings: list[tuple[str, Case, str, str]] = dataclasses.field(default_factory=list)

    def run(self, named: list[Named], only: bool = False) -> None:
        """Try named cases and, unless ``only``, numbered ones, until the end or an interrupt."""
        place = Path(tempfile.mkdtemp(prefix="gpt2-fuzz-", dir=_quick()))
        asked = {"place": str(place), "found": str(self.found), "seed": self.seed,
                 "forms": self.forms}  # fmt: skip
        self.counts = {name: Counter() for name in self.forms}
        cases = itertools.chain(named, () if only else self._numbered())
        try:
            with Server(asked) as server:
                while batch := list(itertools.islice(cases, BATCH)):
                    while batch and time.monotonic() < self.until:
                        batch = batch[self._try(server, batch, place) :]
                    print(f"{sum(c.total() for c in self.counts.values()):,} cases", flush=True)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        finally:
            empty(place)

    def _numbered(self) -> Iterator[Named]:
        numbers = range(self.each) if self.each else itertools.count()
        for number in itertools.takewhile(lambda _: time.monotonic() < self.until, numbers):
            yield from ((name, number) for name in self.forms)

    def _try(self, server: Server, batch: list[Named], place: Path) -> int:
        """Try a batch; returns the number of cases with an outcome."""
        done = 0
        for ended in server.tried(batch):
            done += 1
            if ended[2] in ("hang", "crash"):
                keep(place / "box" / "case", self.found / called(*ended[:2]))
            self._count(ended)
        return done

    def _count(self, ended: Ended) -> None:
        name, case, outcome, text, seconds = ended
        self.counts[name][outcome] += 1
        self.seconds[name] += seconds
        if outcome not in FINDINGS:
            return
        last = text.strip().splitlines()[-1][:300] if text.strip() else ""
        self.findings.append((name, case, outcome, last))
        again = f'python -m tools.fuzz --repeat "{name} {case}" --seed {self.seed}'
        place = self.found / f"{called(name, case)}.txt"
        place.write_text(f"{outcome}\n{again}\n\n{text}\n", "utf-8")
        print(f"{outcome}: {last:.150}\n    {again}", flush=True)


def _quick() -> str | None:
    """A folder in memory, if available: a case is a few small files that are soon removed."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
