"""The tokens an engine has read of each row, and the sliding window for full rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpt2.engine import Engine
from gpt2.generation import arrays
from gpt2.generation.arrays import Array
from gpt2.generation.prefix import KeptTexts, share


class Context:
    """Rows of tokens and the cache that holds them.

    Args:
        engine: computes the logits.
        rows: the tokens of each row, initially its prompt; the caller appends to them and then
            calls `extend`.
        copies: the number of consecutive rows with the same prompt, which is read only once.
        new: the maximum number of tokens that may follow a prompt.
        window: whether a full row continues from the last half of its context.
        kept: the KV caches of earlier texts; only used with one row per prompt.
        whole: whether the cache needs room for the model's full context.
    """

    def __init__(
        self,
        engine: Engine,
        rows: list[list[int]],
        copies: int = 1,
        new: int = 1,
        window: bool = False,
        kept: KeptTexts | None = None,
        whole: bool = False,
    ) -> None:
        self.engine = engine
        self.copies = copies
        self.limit = engine.config.n_positions
        self.keep = max(1, self.limit // 2)
        longest = max(map(len, rows)) + new - 1  # the last token is never read
        self.window = window and longest > self.limit
        self.rows = rows
        self.exact = engine.exact_pieces
        self.kept = kept if self.exact and copies == 1 and not self.window else None
        self.read = 0  # tokens of each prompt that are already in the cache
        capacity = self.limit if whole else min(longest, self.limit)
        if self.kept is None:
            self.cache = engine.new_cache(len(self.rows), capacity)
        elif len(self.rows) == 1:
            self.cache, self.read = self.kept.borrow(engine, self.rows[0])
        else:
            self.cache, self.read = self.kept.borrow_batch(engine, self.rows, capacity)

    def close(self) -> None:
        """Give back a borrowed cache."""
        if self.kept is None:
            return
        if len(self.rows) == 1:
            self.kept.give_back(self.rows[0], self.cache)
        else:
            self.kept.give_back_batch(self.rows, self.cache)
        self.kept = None

    def prefill(self) -> Array:
        """Read the prompts and return float32 logits [R, V], R = prompts x copies."""
        firsts = list(range(0, len(self.rows), self.copies))
        prompts = [self.rows[r][self.read :] for r in firsts]
        if self.window:
            prompts = [row if len(row) <= self.limit else row[-self.keep :] for row in prompts]
        prompts = self._read_shared(prompts)
        logits = arrays.float32(self.engine.extend(self.cache, prompts, rows=firsts))
        if self.copies == 1:
            return logits
        sources = [r // self.copies for r in range(len(self.rows))]
        self.cache.gather([source * self.copies for source in sources])
        return logits[arrays.integers(logits, sources)]

    def _read_shared(self, prompts: list[list[int]]) -> list[list[int]]:
        """Read the common prefix of several prompts once; returns the rest of each."""
        start = share(prompts) if self.exact and len(prompts) > 1 else 0
        if start == 0:
            return prompts
        self.engine.extend(self.cache, [prompts[0][:start]], rows=[0], logits="none")
        self.cache.gather([0] * len(self.rows))
        return [prompt[start:] for prompt in prompts]

    def extend(self, tokens: Array, rows: Sequence[int] | None = None) -> Array:
        """Read one token of each of ``rows`` (None: all); float32 logits [len(rows), V].

        ``tokens`` [len(rows)] has the engine's array type and was already appended to
        ``self.rows``.
        """
        ids: Any = tokens[:, None]
        if self.window:
            ids = self._move(rows if rows is not None else range(len(self.rows)), ids)
        return arrays.float32(self.engine.extend(self.cache, ids, rows=rows))

    def unread(self, rows: Sequence[int] | None = None) -> list[list[int]]:
        """The ids `extend` reads of each of ``rows``, for engines that choose tokens themselves."""
        wanted = range(len(self.rows)) if rows is None else rows
        ids = [self.rows[r][-1:] for r in wanted]
        return self._move(wanted, ids) if self.window else ids

    def _move(self, rows: Sequence[int], ids: Any) -> Any:
        lengths = self.cache.lengths
        full = {r for r in rows if lengths[r] == self.limit}
        if not full:
            return ids
        for r in full:
            self.cache.truncate(r, 0)
        return [self.rows[r][-self.keep :] if r in full else self.rows[r][-1:] for r in rows]
