"""Slots: rows of the KV cache that requests take and give back, reusing earlier texts' prefixes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gpt2.serving.prefixes import Prefixes

# The number of tokens that is worth waiting for while another row reads them, or worth evicting
# another text.
WORTH = 16
# Tokens that can be copied in the time of reading one, into untouched memory: page allocation takes
# most of that time (GPT-2 124M, int8 weights: 500 copied in 16 ms, 22 read).
COPIED = 20


@dataclass(eq=False, slots=True)
class Slot:
    """A row of the cache: ``read`` tokens of ``text`` are in it, the rest will follow."""

    row: int
    tenant: str = ""
    text: Sequence[int] = ()
    read: int = 0
    busy: bool = False
    used: int = 0  # when it was given back, as a sequence number


@dataclass(frozen=True, slots=True)
class Match:
    """The cached prefix of a text: ``read`` tokens in ``slot``; ``promised`` once other rows have
    read theirs."""

    slot: Slot | None = None
    read: int = 0
    promised: int = 0

    @property
    def worth_waiting(self) -> bool:
        """Whether another row is currently reading much more of the same prefix."""
        return self.promised >= self.read + WORTH


@dataclass
class Slots:
    """The rows of a cache.

    Args:
        cache: an empty cache of the engine.
        shared: whether a text may reuse another text's prefix, which requires that the engine's
            logits do not depend on how a text was split.
    """

    cache: Any
    shared: bool
    version: int = 0  # changes when what can be found or taken changes
    _trees: dict[str, Prefixes[Slot]] = field(default_factory=dict)
    _clock: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.all = [Slot(row) for row in range(self.cache.rows)]

    @property
    def free(self) -> int:
        """The number of free slots."""
        return sum(not slot.busy for slot in self.all)

    @property
    def busy_tokens(self) -> int:
        """The number of tokens in busy slots."""
        return sum(slot.read for slot in self.all if slot.busy)

    def find(self, tenant: str, ids: Sequence[int]) -> Match:
        """The longest cached prefix of a text, without its last token, whose logits are needed."""
        tree = self._trees.get(tenant)
        if tree is None or not self.shared:
            return Match()
        best = Match()
        for length, slot in tree.alike(ids):
            length = min(length, len(ids) - 1)
            if length <= best.read:
                break  # as do all that follow
            read = min(length, slot.read)
            promised = max(best.promised, length if slot.busy else read)
            better = read > best.read or (read == best.read and not slot.busy and best.slot is None)
            best = Match(slot if better else best.slot, max(read, best.read), promised)
        return best

    def take(self, tenant: str, ids: Sequence[int], match: Match | None = None) -> tuple[Slot, int]:
        """Take a free slot for a text; returns it and the number of prefix tokens in it.

        An empty slot is taken before the least recently used one. The slot with the prefix is kept
        and copied, unless reading the prefix again is faster than copying it, or evicting it costs
        little more than evicting another text. ``match`` is the result of `find`.
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
        """Release a slot, whose first ``slot.read`` tokens are those of ``ids``."""
        slot.text, slot.busy, slot.used = tuple(ids[: slot.read]), False, next(self._clock)
        self._know(slot)

    def drop(self, slot: Slot) -> None:
        """Release a slot whose contents are invalid."""
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
