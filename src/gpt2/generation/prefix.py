"""Prefix caching: a prompt that shares a prefix with an earlier one is read only from there on.

It is used only if an engine's logits do not depend on how a text is split into calls
(``Engine.exact_pieces``), so the output is the same with and without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

from gpt2.engine import Engine


def count_common(a: Sequence[int], b: Sequence[int]) -> int:
    """The length of the common prefix of two texts, in tokens."""
    return next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )


def share(prompts: Sequence[Sequence[int]]) -> int:
    """The length of the common prefix of all prompts; at least one token of each is left over."""
    first = prompts[0]
    return min(min(count_common(first, other), len(other) - 1) for other in prompts)


class KeptTexts:
    """KV caches of earlier texts, reused for texts with the same prefix.

    Args:
        most: the number of texts to keep; each takes the memory of a full context. The last batch
            of prompts is kept in addition.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._texts: list[tuple[list[int], Any]] = []  # (tokens read, cache), the oldest first
        self._batch: tuple[list[int], Any] | None = None  # (the prefix of all rows, cache)
        self._lock = Lock()

    def borrow(self, engine: Engine, prompt: Sequence[int]) -> tuple[Any, int]:
        """Return a cache with exactly the first n tokens of ``prompt``, and n < len(prompt)."""
        with self._lock:
            lengths = [count_common(tokens, prompt) for tokens, _ in self._texts]
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
        """Return a cache with a row per prompt, each with exactly its first n tokens, and n.

        It has room for at least ``capacity`` tokens per row. A new cache (n = 0) gets a quarter
        more, so that a batch of slightly longer texts fits too.
        """
        head = prompts[0][: share(prompts)]
        with self._lock:
            kept, self._batch = self._batch, None
        if kept is None or kept[1].rows != len(prompts) or kept[1].capacity < capacity:
            del kept  # free it before allocating the next: both would take twice the memory
            roomy = min(capacity + capacity // 4, engine.config.n_positions)
            return engine.new_cache(len(prompts), roomy), 0
        tokens, cache = kept
        length = count_common(tokens, head)
        for row in range(len(prompts)):
            cache.truncate(row, length)
        return cache, length

    def give_back_batch(self, prompts: Sequence[Sequence[int]], cache: Any) -> None:
        """Keep the common prefix of the rows of ``cache``, replacing the previous batch."""
        head = list(prompts[0][: min(share(prompts), *cache.lengths)])
        with self._lock:
            self._batch = head, cache

    def give_back(self, tokens: Sequence[int], cache: Any) -> None:
        """Keep ``cache`` and the ``tokens`` it has read; the oldest text is dropped if needed."""
        with self._lock:
            self._texts.append((list(tokens[: cache.lengths[0]]), cache))
            del self._texts[: -self.most]
