"""Batches as a pure function of (seed, step).

The data loader has no state: each batch is computed from its step number. A run that resumes at any
step, on any number of processes, therefore sees the same batches as an uninterrupted run. Each rank
takes a slice of the global batch; together the slices make up that batch.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np

from gpt2.errors import InputError, OptionError
from gpt2.randomness import mix, random_bits

IGNORED = -100  # label of positions that the loss ignores, as in torch and transformers
_ROUNDS = 6


@dataclasses.dataclass(frozen=True)
class Batch:
    """Rows to train on.

    Attributes:
        inputs: int64 [rows, T], what the model reads.
        labels: int64 [rows, T], the next token at each position, or `IGNORED`. They are already
            shifted: ``labels[:, t]`` is predicted from ``inputs[:, : t + 1]``.
    """

    inputs: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def counted(self) -> int:
        """The number of unmasked targets; ranks weight their means by it."""
        return int((self.labels != IGNORED).sum())

    def rows(self, start: int, stop: int) -> Batch:
        """Some of the rows."""
        return Batch(self.inputs[start:stop], self.labels[start:stop])

    def ignore_labels(self) -> Batch:
        """The same rows with all labels ignored."""
        return Batch(self.inputs, np.full_like(self.labels, IGNORED))


class Source(Protocol):
    """A source of batches: windows of a corpus, or examples.

    Attributes:
        per_epoch: the number of rows in an epoch.
        batch_size: the number of rows in a global batch.
    """

    per_epoch: int
    batch_size: int

    def batch(self, step: int, rank: int = 0, ranks: int = 1) -> Batch:
        """The rows of a step (from 0) that a rank trains on."""
        ...


class Held(Protocol):
    """A validation set: `Whole`, or its equivalent over examples."""

    def __len__(self) -> int:
        """Batches in all."""
        ...

    def batch(self, step: int, rank: int = 0, ranks: int = 1) -> Batch:
        """The rows of a batch that belong to a rank; there may be none."""
        ...


def share(rows: int, rank: int, ranks: int) -> range:
    """The consecutive rows that belong to a rank; ranks differ by at most one row."""
    if not 0 <= rank < ranks:
        raise OptionError(f"rank must be at least 0 and below {ranks}, found {rank}.")
    return range(rows * rank // ranks, rows * (rank + 1) // ranks)


class Order:
    """An endless shuffled order of ``count`` items: each epoch has each item once, newly shuffled.

    The k-th item is computed, not looked up: a Feistel network permutes the numbers below a power
    of four, and is applied again until the result is below ``count``. (Black and Rogaway, "Ciphers
    with Arbitrary Finite Domains", 2002: cycle walking.) Memory and start-up time do not grow with
    the number of items.
    """

    def __init__(self, count: int, seed: int) -> None:
        if count < 1:
            raise InputError("there are no rows to order.")
        self.count, self.seed = count, seed
        self._half = max(1, ((count - 1).bit_length() + 1) // 2)  # bits

    def at(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(epoch, number below ``count``) at each position; int64 arrays of the same shape."""
        epochs, within = np.divmod(np.asarray(places, np.int64), self.count)
        numbers = np.empty_like(within)
        for epoch in np.unique(epochs):
            here = epochs == epoch
            numbers[here] = self.permute(within[here], int(epoch))
        return epochs, numbers

    def permute(self, numbers: np.ndarray, epoch: int) -> np.ndarray:
        """The result of an epoch's permutation for each number."""
        keys = [random_bits(self.seed, epoch, turn) for turn in range(_ROUNDS)]
        out = self._feistel(numbers.astype(np.uint64), keys)
        while (outside := out >= self.count).any():
            out[outside] = self._feistel(out[outside], keys)
        return out.astype(np.int64)

    def _feistel(self, numbers: np.ndarray, keys: list[int]) -> np.ndarray:
        bits, mask = np.uint64(self._half), np.uint64((1 << self._half) - 1)
        left, right = numbers >> bits, numbers & mask
        for key in keys:
            left, right = right, left ^ (mix(right ^ np.uint64(key)) & mask)
        return (left << bits) | right


class Tokens(Protocol):
    """A sequence of tokens, such as `TokenData`."""

    def __len__(self) -> int: ...

    def run(self, start: int, length: int) -> np.ndarray:
        """``length`` tokens starting at ``start``, int64."""
        ...


class Windows:
    """Windows of T tokens and their successors: a `Source` for pretraining.

    In each epoch the corpus is cut into windows that start T tokens apart, so each token is
    predicted once. The windows come in random order without replacement. Each epoch starts cutting
    at a random offset below T, so the borders differ between epochs. The remainder at the two ends,
    less than two windows, is left out in that epoch.

    Args:
        tokens: the corpus; it must have at least T + 1 tokens.
        length: T.
        batch_size: the number of rows in a global batch.
        seed: determines the order.
    """

    def __init__(self, tokens: Tokens, length: int, batch_size: int, seed: int) -> None:
        if length < 1 or batch_size < 1:
            raise OptionError(
                f"windows require a length and a batch size of at least 1, found {length} and "
                f"{batch_size}."
            )
        if len(tokens) < length + 1:
            raise InputError(
                f"the text has {len(tokens)} tokens, but a window of {length} requires "
                f"{length + 1}: use more text, or a smaller --length."
            )
        self.tokens, self.length, self.batch_size, self.seed = tokens, length, batch_size, seed
        whole = (len(tokens) - 1) // length
        self.per_epoch = max(1, whole - 1)  # one less than fit, so that they can be shifted
        self._slack = min(length - 1, len(tokens) - 1 - self.per_epoch * length)
        self.order = Order(self.per_epoch, seed)

    def batch(self, step: int, rank: int = 0, ranks: int = 1) -> Batch:
        """The rows of a step (from 0) that a rank trains on."""
        windows = self.windows(step, rank, ranks)
        return Batch(windows[:, :-1], windows[:, 1:])

    def windows(self, step: int, rank: int = 0, ranks: int = 1) -> np.ndarray:
        """The same rows as windows: int64 [rows, T + 1]."""
        rows = share(self.batch_size, rank, ranks)
        starts = self.starts(step * self.batch_size + np.arange(rows.start, rows.stop))
        out = np.empty((len(rows), self.length + 1), np.int64)
        for row, start in zip(out, starts, strict=True):
            row[:] = self.tokens.run(int(start), self.length + 1)
        return out

    def starts(self, places: np.ndarray) -> np.ndarray:
        """The corpus offsets of the windows at these positions of the endless order."""
        epochs, numbers = self.order.at(places)
        offsets = np.array([self.offset(int(epoch)) for epoch in np.unique(epochs)], np.int64)
        return offsets[np.searchsorted(np.unique(epochs), epochs)] + numbers * self.length

    def offset(self, epoch: int) -> int:
        """The corpus offset of the first window of an epoch."""
        return random_bits(self.seed, epoch, _ROUNDS) % (self._slack + 1)


class Whole:
    """A full pass over a text in order, to measure its loss: each token but the first counts once.

    Rows are windows that start T tokens apart; the last is padded, which the loss ignores.
    """

    def __init__(self, tokens: Tokens, length: int, batch_size: int) -> None:
        if len(tokens) < 2:
            raise InputError(
                f"a loss requires at least two tokens, but the text has {len(tokens)}."
            )
        self.tokens, self.length, self.batch_size = tokens, length, batch_size
        self.per_epoch = -(-(len(tokens) - 1) // length)

    def __len__(self) -> int:
        """Batches in all."""
        return -(-self.per_epoch // self.batch_size)

    def batch(self, step: int, rank: int = 0, ranks: int = 1) -> Batch:
        """Batch number ``step``, below ``len``; the last may have fewer rows, a rank even none."""
        first = step * self.batch_size
        rows = share(min(self.batch_size, self.per_epoch - first), rank, ranks)
        inputs = np.zeros((len(rows), self.length), np.int64)
        labels = np.full_like(inputs, IGNORED)
        for at, row in enumerate(rows):
            start = (first + row) * self.length
            count = min(self.length, len(self.tokens) - 1 - start)
            window = self.tokens.run(start, count + 1)
            inputs[at, :count], labels[at, :count] = window[:-1], window[1:]
        return Batch(inputs, labels)


def prefetch(
    batch: Callable[[int], Batch], start: int, stop: int | None = None, depth: int = 2
) -> Iterator[tuple[int, Batch]]:
    """Yield (step, ``batch(step)``) from ``start`` on, prepared in advance by a thread.

    The batches are the same as without a thread. An error in the thread is raised here. Closing the
    iterator ends the thread.
    """
    steps = iter(range(start, stop)) if stop is not None else itertools.count(start)
    with ThreadPoolExecutor(1, "prefetch") as pool:
        ready: deque[tuple[int, Future[Batch]]] = deque()
        try:
            while True:
                for step in itertools.islice(steps, depth + 1 - len(ready)):
                    ready.append((step, pool.submit(batch, step)))
                if not ready:
                    return
                step, made = ready.popleft()
                yield step, made.result()
        finally:
            for _, made in ready:
                made.cancel()
