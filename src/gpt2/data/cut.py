"""Which documents of the sources a shard has.

The files lie side by side, as long as they have bytes, and the shards share that length evenly. A
file within one shard's stretch is read by that shard alone. Where several share a file, each reads
it and takes its own: the documents are thrown evenly over the file's length by their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from gpt2.data.sources import STDIN, File
from gpt2.errors import OptionError
from gpt2.parts import Shard, spread

UNKNOWN = 1 << 30  # bytes that such a set counts as at least: its documents spread over them


class Cut:
    """The documents of a shard. Raises `OptionError` for standard input: it is read but once."""

    def __init__(self, files: Sequence[File], shard: Shard) -> None:
        if any(file.name == STDIN for file in files):
            raise OptionError("standard input has no shards: each reads its own; name files.")
        known = sum(file.size or 0 for file in files)
        # a set of the hub, whose size is not known, counts as much as all files
        unknown = max(known, UNKNOWN)
        self.sizes = [max(1, unknown if file.size is None else file.size) for file in files]
        self.shard = shard
        self.starts = [0, *accumulate(self.sizes)]

    def touches(self, file: int) -> bool:
        """Whether the shard may have a document of the file."""
        start, size = self.starts[file], self.sizes[file]
        return self._at(start) <= self.shard.number <= self._at(start + size - 1)

    def has(self, file: int, number: int) -> bool:
        """Whether a document is the shard's, by its number in the file."""
        return self._at(self.starts[file] + spread(number, self.sizes[file])) == self.shard.number

    def _at(self, place: int) -> int:
        return place * self.shard.of // self.starts[-1] + 1
