"""The probabilities of a text of any length by a model with a limited context.

The text follows the id `start`. Where the context is full it begins anew with its last half: each
token is judged by at least half a context, and a text is read about twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gpt2.native import NativeEngine

PIECE = 64  # tokens whose logits exist at a time


class Reader:
    """A context that tokens are appended to, one or several at a time."""

    def __init__(self, model: NativeEngine, start: int) -> None:
        self.model, self.size = model, model.config.n_positions
        self.cache = model.new_cache(1)
        self.kept = [start]  # what the cache holds, but the last: that one is read next

    @property
    def room(self) -> int:
        """How many tokens can be read before the context is full."""
        return self.size + 1 - len(self.kept)

    def logits(self, ids: Sequence[int]) -> Any:
        """Logits [n, V] before each of at most ``room`` ids, which are appended."""
        found = self.model.extend(self.cache, [self.kept[-1:] + list(ids[:-1])], logits="all")
        self.append(ids)
        return found

    def next(self) -> Any:
        """Logits [V] of the next token, which `append` then appends."""
        found = self.model.extend(self.cache, [self.kept[-1:]])
        assert found is not None
        return found[0]

    def append(self, ids: Sequence[int]) -> None:
        """Note ids whose logits were asked for; begin anew where the context is full."""
        self.kept += ids
        if self.room == 0:
            self.kept = self.kept[-max(1, self.size // 2) :]
            self.cache.truncate(0, 0)
            if len(self.kept) > 1:
                self.model.extend(self.cache, [self.kept[:-1]], logits="none")


def intervals(
    model: NativeEngine, start: int, ids: Sequence[int]
) -> Iterator[list[tuple[int, int]]]:
    """The intervals of a text's tokens, some at a time."""
    reader, done = Reader(model, start), 0
    while done < len(ids):
        piece = ids[done : done + min(PIECE, reader.room)]
        yield model.intervals(reader.logits(piece), piece)
        done += len(piece)
