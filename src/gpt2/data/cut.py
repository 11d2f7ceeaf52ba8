"""Assigns the documents of the sources to the shards of a preparation.

The files are laid end to end by size in bytes, and each shard gets an equal stretch of the total. A
file that lies within the stretch of one shard is read only by that shard. If several shards share a
file, each of them reads it and takes its own documents, which are spread evenly over the length of
the file by their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from gpt2.data.sources import STDIN, File
from gpt2.errors import OptionError
from gpt2.parts import Shard, spread

UNKNOWN = 1 << 30  # minimum size in bytes of a set of unknown size, to spread its documents over


class Cut:
    """Selects a shard's documents. Raises `OptionError` for standard input: it is read once."""

    def __init__(self, files: Sequence[File], shard: Shard) -> None:
        if any(file.name == STDIN for file in files):
            raise OptionError("standard input cannot be split into shards: name files instead.")
        known = sum(file.size or 0 for file in files)
        # a data set of the hub, whose size is unknown, counts as much as all files together
        unknown = max(known, UNKNOWN)
        self.sizes = [max(1, unknown if file.size is None else file.size) for file in files]
        self.shard = shard
        self.starts = [0, *accumulate(self.sizes)]

    def touches(self, file: int) -> bool:
        """Whether the shard may include a document of the file."""
        start, size = self.starts[file], self.sizes[file]
        return self._at(start) <= self.shard.number <= self._at(start + size - 1)

    def has(self, file: int, number: int) -> bool:
        """Whether the shard includes a document, given by its number in the file."""
        return self._at(self.starts[file] + spread(number, self.sizes[file])) == self.shard.number

    def _at(self, place: int) -> int:
        return place * self.shard.of // self.starts[-1] + 1
