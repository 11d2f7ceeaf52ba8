"""Probabilities of texts of any length from a model with a limited context.

Each text follows the id `start`. When the context is full, it restarts with its last half: each
token is predicted from at least half a context, and a text is read about twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gpt2.native import NativeEngine

PIECE = 64  # tokens whose logits are in memory at a time


class Reader:
    """Contexts, one per cache row, to which one or more tokens at a time are appended."""

    def __init__(self, model: NativeEngine, start: int, rows: int = 1) -> None:
        self.model, self.size = model, model.config.n_positions
        self.cache = model.new_cache(rows)
        # each row's tokens in the cache, followed by the one to be read next
        self.kept = [[start] for _ in range(rows)]

    @property
    def room(self) -> int:
        """The number of tokens that fit before the first context is full."""
        return self.size + 1 - len(self.kept[0])

    def logits(self, ids: Sequence[int]) -> Any:
        """Logits [n, V] before each of at most ``room`` ids; appends the ids to the first row."""
        logits = self.model.extend(self.cache, [self.kept[0][-1:] + list(ids[:-1])], logits="all")
        self.append([0], [ids])
        return logits

    def next(self, rows: Sequence[int]) -> Any:
        """Logits [n, V] for the next token of some rows, to be appended with `append`."""
        return self.model.extend(self.cache, [self.kept[row][-1:] for row in rows], rows)

    def append(self, rows: Sequence[int], ids: Sequence[Sequence[int]]) -> None:
        """Append ids whose logits were computed; restart a full context."""
        full = []
        for row, more in zip(rows, ids, strict=True):
            self.kept[row] += more
            if len(self.kept[row]) > self.size:
                self.kept[row] = self.kept[row][-max(1, self.size // 2) :]
                self.cache.truncate(row, 0)
                full.append(row)
        if full and len(self.kept[full[0]]) > 1:
            texts = [self.kept[row][:-1] for row in full]
            self.model.extend(self.cache, texts, full, logits="none")


def intervals(
    model: NativeEngine, start: int, ids: Sequence[int]
) -> Iterator[list[tuple[int, int]]]:
    """Yield the intervals of a text's tokens in blocks."""
    reader, done = Reader(model, start), 0
    while done < len(ids):
        piece = ids[done : done + min(PIECE, reader.room)]
        yield model.intervals(reader.logits(piece), piece)
        done += len(piece)
