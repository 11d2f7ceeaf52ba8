"""Prefixes that were read before: prompts that begin alike are read only from where they part.

It is done where an engine's logits do not depend on how a text was cut (``Engine.exact_pieces``),
so the text is the one without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

from gpt2.engine import Engine


def common(a: Sequence[int], b: Sequence[int]) -> int:
    """How many tokens two texts begin with in common."""
    return next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )


def share(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all prompts begin with in common; each keeps at least one of its own."""
    first = prompts[0]
    return min(min(common(first, other), len(other) - 1) for other in prompts)


class KeptTexts:
    """Caches with what texts left in them, for texts that begin the same.

    Args:
        most: how many texts are kept; each takes the memory of a whole context. Of prompts that
            were continued together the last ones are kept besides.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._texts: list[tuple[list[int], Any]] = []  # (tokens read, cache), the oldest first
        self._batch: tuple[list[int], Any] | None = None  # (what its rows begin with, cache)
        self._lock = Lock()

    def borrow(self, engine: Engine, prompt: Sequence[int]) -> tuple[Any, int]:
        """A cache that holds the first n tokens of ``prompt`` and no more, and n < len(prompt)."""
        with self._lock:
            lengths = [common(tokens, prompt) for tokens, _ in self._texts]
            best = max(range(len(lengths)), key=lengths.__getitem__, default=None)
            if best is None or (lengths[best] == 0 and len(self._texts) < self.most):
                return engine.new_cache(1), 0
            length = min(lengths[best], len(prompt) - 1)
            _, cache = self._texts.pop(best if length else 0)
        cache.truncate(0, length)
        return cache, length

    def borrow_batch(
        self, engine: Engine, prompts: Sequence[Sequence[int]], capacity: int
    ) -> tuple[Any, int]:
        """A cache with a row for each of ``prompts`` that holds their first n tokens and no more.

        It has room for ``capacity`` tokens a row at least. n is 0 where a new one is made, with a
        quarter more room, so that a batch of slightly longer texts fits too.
        """
        head = prompts[0][: share(prompts)]
        with self._lock:
            kept, self._batch = self._batch, None
        if kept is None or kept[1].rows != len(prompts) or kept[1].capacity < capacity:
            del kept  # before there is another: both together would take twice the memory
            roomy = min(capacity + capacity // 4, engine.config.n_positions)
            return engine.new_cache(len(prompts), roomy), 0
        tokens, cache = kept
        length = common(tokens, head)
        for row in range(len(prompts)):
            cache.truncate(row, length)
        return cache, length

    def give_back_batch(self, prompts: Sequence[Sequence[int]], cache: Any) -> None:
        """Keep what the rows of ``cache`` have in common, in place of the batch before."""
        head = list(prompts[0][: min(share(prompts), *cache.lengths)])
        with self._lock:
            self._batch = head, cache

    def give_back(self, tokens: Sequence[int], cache: Any) -> None:
        """Keep what ``cache`` has read of ``tokens``; the oldest text makes room."""
        with self._lock:
            self._texts.append((list(tokens[: cache.lengths[0]]), cache))
            del self._texts[: -self.most]
