"""A job split into N shards, each processed independently on any machine, and the resulting parts.

Shards are numbered from 1, as in ``--shard 2/4``. The job alone determines the contents of each
shard, so no coordination is needed. A part records what it is a part of, so that `whole` can reject
parts that are missing, duplicated, or of a different job.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from gpt2.errors import CorruptFileError, OptionError, show

FORM = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,8})")
SPREAD = 0x9E3779B97F4A7C15  # 2^64 / golden ratio: its multiples are evenly spread


@dataclass(frozen=True)
class Shard:
    """One of ``of`` shards; ``number`` starts at 1."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Parse a shard such as "2/4". Raises `OptionError`."""
        match = FORM.fullmatch(text)
        if not match or int(match[1]) > int(match[2]):
            raise OptionError(
                f"a shard must be i/N, from 1/N to N/N, such as 2/4; found {show(text)}."
            )
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def from_part(cls, value: Any, path: str | os.PathLike[str]) -> Shard:
        """Parse the shard recorded in a part. Raises `CorruptFileError`."""
        try:
            return cls.parse(str(value))
        except OptionError as error:
            raise CorruptFileError(f"{os.fspath(path)}: {error}") from None

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def turn(self, number: int) -> bool:
        """Whether the piece ``number`` (from 0) belongs to this shard in round-robin order."""
        return number % self.of == self.number - 1


def spread(number: int, size: int) -> int:
    """Map each number to a position below ``size``, so that any run of numbers is evenly spread."""
    return ((number * SPREAD & (1 << 64) - 1) * size) >> 64


@dataclass(frozen=True)
class Part:
    """The description of a part.

    Attributes:
        name: the file or folder, for messages.
        shard: the shard it holds.
        work: what the result depends on: inputs, options, model.
    """

    name: str
    shard: Shard
    work: Mapping[str, Any]


def whole(parts: Sequence[Part]) -> list[int]:
    """The order in which parts form a complete result: each shard once, all of the same job.

    Raises `OptionError` naming the missing or duplicate shard, or the differences between jobs.
    """
    first = parts[0]
    positions: dict[int, int] = {}
    for at, part in enumerate(parts):
        if part.shard.of != first.shard.of:
            raise OptionError(
                f"{first.name} is shard {first.shard} and {part.name} is shard {part.shard}: they "
                "come from different splits."
            )
        if differ := differences(first.work, part.work):
            raise OptionError(
                f"{first.name} and {part.name} do not belong together: they differ in "
                f"{', '.join(differ)}. Create one of them again."
            )
        if (other := positions.setdefault(part.shard.number, at)) != at:
            raise OptionError(
                f"shard {part.shard} is given twice, as {parts[other].name} and {part.name}: give "
                "one."
            )
    if missing := first.shard.of - len(positions):
        shards = (
            Shard(n, first.shard.of) for n in range(1, first.shard.of + 1) if n not in positions
        )
        several = f" and {missing - 3} more" if missing > 3 else ""
        names = ", ".join(map(str, islice(shards, 3))) + several
        are = "shards" if missing > 1 else "shard"
        raise OptionError(f"{are} {names} missing: give all {first.shard.of} parts.")
    return [positions[number] for number in sorted(positions)]


def check_target(parts: Sequence[Path], target: Path) -> None:
    """Raise `OptionError` if merging would overwrite one of the parts."""
    if os.path.realpath(target) in map(os.path.realpath, parts):
        raise OptionError(f"{target} is one of the parts: write the output to another place.")


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], where: str = "") -> list[str]:
    """The names of differing entries, with both values, truncated."""
    differing: list[str] = []
    for name in dict.fromkeys([*ours, *theirs]):
        a, b = ours.get(name), theirs.get(name)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            differing += differences(a, b, f"{where}{name}.")
        elif a != b:
            differing.append(f"{where}{name} ({show(a)}, {show(b)})")
    return differing
