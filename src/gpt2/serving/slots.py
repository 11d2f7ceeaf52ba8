"""Slots: rows of one cache that requests take and give back, with what earlier texts left there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gpt2.serving.prefixes import Prefixes

# Tokens that are worth waiting for until another row has read them; and worth another text's slot.
WORTH = 16
# Tokens that are copied in the time in which one is read, into memory that nobody has touched yet:
# most of that time the system makes pages (GPT-2 124M, int8 weights: 500 copied in 16 ms, 22 read).
COPIED = 20


@dataclass(eq=False, slots=True)
class Slot:
    """A row of the cache: ``read`` tokens of ``text`` are in it, the rest is promised."""

    row: int
    tenant: str = ""
    text: Sequence[int] = ()
    read: int = 0
    busy: bool = False
    used: int = 0  # when it was given back: the order of these numbers


@dataclass(frozen=True, slots=True)
class Match:
    """What is there of a text: ``read`` tokens in ``slot``; ``promised`` once others are read."""

    slot: Slot | None = None
    read: int = 0
    promised: int = 0

    @property
    def worth_waiting(self) -> bool:
        """Whether another row is just reading much more of the same beginning."""
        return self.promised >= self.read + WORTH


@dataclass
class Slots:
    """The rows of a cache.

    Args:
        cache: of the engine, empty.
        shared: whether a text may begin from what another left: the engine's logits must not
            depend on how a text was cut.
    """

    cache: Any
    shared: bool
    version: int = 0  # changes with what can be found or taken
    _trees: dict[str, Prefixes[Slot]] = field(default_factory=dict)
    _clock: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.all = [Slot(row) for row in range(self.cache.rows)]

    @property
    def free(self) -> int:
        """How many can be taken."""
        return sum(not slot.busy for slot in self.all)

    @property
    def busy_tokens(self) -> int:
        """Tokens that busy slots hold."""
        return sum(slot.read for slot in self.all if slot.busy)

    def find(self, tenant: str, ids: Sequence[int]) -> Match:
        """The most of a text that is in a slot; never its last token, whose logits are needed."""
        tree = self._trees.get(tenant)
        if tree is None or not self.shared:
            return Match()
        best = Match()
        for length, slot in tree.alike(ids):
            length = min(length, len(ids) - 1)
            if length <= best.read:
                break  # and so are all others
            read = min(length, slot.read)
            promised = max(best.promised, length if slot.busy else read)
            better = read > best.read or (read == best.read and not slot.busy and best.slot is None)
            best = Match(slot if better else best.slot, max(read, best.read), promised)
        return best

    def take(self, tenant: str, ids: Sequence[int], match: Match | None = None) -> tuple[Slot, int]:
        """A free slot for a text, and how many of its first tokens are in it.

        An empty slot is taken before the least recently used one. What the text begins from stays
        there beside its copy, unless it is sooner read again than copied, or hardly more is lost
        with it than with another text. ``match`` is what `find` said.
        """
        match = match or Match()
        source, read = match.slot, match.read
        free = [slot for slot in self.all if not slot.busy]
        slot = min(free, key=lambda s: (s is source, s.read > 0, s.used))
        if source is not None and not source.busy:
            lost = source.read - read
            if lost <= (WORTH if slot.read > 0 else read // COPIED):
                slot = source
        if slot is source:
            self.cache.truncate(slot.row, read)
        elif source is not None and read:
            self.cache.copy(source.row, slot.row, read)
            if not source.busy:
                source.used = next(self._clock)
        else:
            self.cache.truncate(slot.row, 0)
        self._forget(slot)
        slot.tenant, slot.text, slot.read, slot.busy = tenant, ids, read, True
        self._know(slot)
        return slot, read

    def give_back(self, slot: Slot, ids: Sequence[int]) -> None:
        """Let go of a slot, whose first ``slot.read`` tokens are those of ``ids``."""
        slot.text, slot.busy, slot.used = tuple(ids[: slot.read]), False, next(self._clock)
        self._know(slot)

    def drop(self, slot: Slot) -> None:
        """Let go of a slot whose contents are not to be trusted."""
        self._forget(slot)
        self.cache.truncate(slot.row, 0)
        slot.text, slot.read, slot.busy, slot.used = (), 0, False, 0
        self.version += 1

    def _know(self, slot: Slot) -> None:
        if self.shared:
            self._trees.setdefault(slot.tenant, Prefixes()).add(slot, slot.text)
        self.version += 1

    def _forget(self, slot: Slot) -> None:
        tree = self._trees.get(slot.tenant)
        if tree is not None:
            tree.remove(slot)
            if not len(tree):
                del self._trees[slot.tenant]
