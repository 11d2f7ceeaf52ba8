"""Work cut into N shards, each done by itself on any machine, and the parts that come of it.

Shards are numbered from 1, as ``--shard 2/4``. Which shard has what follows from the work alone, so
that nobody has to tell them, and a part says what it is a part of, so that `whole` can refuse one
that is missing, doubled, or of other work.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from gpt2.errors import CorruptFileError, OptionError, shown

FORM = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,8})")
SPREAD = 0x9E3779B97F4A7C15  # 2^64 by the golden ratio: multiples of it lie evenly


@dataclass(frozen=True)
class Shard:
    """One of ``of`` shards; ``number`` is from 1."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Of "2/4". Raises `OptionError`."""
        found = FORM.fullmatch(text)
        if not found or int(found[1]) > int(found[2]):
            raise OptionError(
                f"a shard is written i/N, from 1/N to N/N, as in 2/4; found {shown(text)}."
            )
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def stated(cls, value: Any, path: str | os.PathLike[str]) -> Shard:
        """What a part says that it is. Raises `CorruptFileError`."""
        try:
            return cls.parse(str(value))
        except OptionError as error:
            raise CorruptFileError(f"{os.fspath(path)}: {error}") from None

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def turn(self, number: int) -> bool:
        """Whether the piece with a number from 0 is this shard's, where they take turns."""
        return number % self.of == self.number - 1


def spread(number: int, size: int) -> int:
    """A place below ``size`` for each number, so that any run of numbers lies evenly."""
    return ((number * SPREAD & (1 << 64) - 1) * size) >> 64


@dataclass(frozen=True)
class Part:
    """What a part says of itself.

    Attributes:
        name: the file or folder, for messages.
        shard: of all.
        work: what the whole depends on: inputs, options, model.
    """

    name: str
    shard: Shard
    work: Mapping[str, Any]


def whole(parts: Sequence[Part]) -> list[int]:
    """The order of parts that make a whole: each shard once, all of one work.

    Raises `OptionError` that names the shard that is missing or comes twice, and what differs.
    """
    first = parts[0]
    found: dict[int, int] = {}
    for at, part in enumerate(parts):
        if part.shard.of != first.shard.of:
            raise OptionError(
                f"{first.name} is shard {first.shard} and {part.name} is shard {part.shard}: they "
                "are parts of two ways to cut."
            )
        if differ := differences(first.work, part.work):
            raise OptionError(
                f"{first.name} and {part.name} are not of one work, they differ in "
                f"{', '.join(differ)}: make one of them anew."
            )
        if (other := found.setdefault(part.shard.number, at)) != at:
            raise OptionError(
                f"shard {part.shard} comes twice, as {parts[other].name} and {part.name}: give one."
            )
    if missing := first.shard.of - len(found):
        shards = (Shard(n, first.shard.of) for n in range(1, first.shard.of + 1) if n not in found)
        several = f" and {missing - 3} more" if missing > 3 else ""
        names = ", ".join(map(str, islice(shards, 3))) + several
        are = "shards" if missing > 1 else "shard"
        raise OptionError(f"{are} {names} missing: give all {first.shard.of} parts.")
    return [found[number] for number in sorted(found)]


def check_target(parts: Sequence[Path], target: Path) -> None:
    """Raise `OptionError` where a part would be written over by what it is merged to."""
    if os.path.realpath(target) in map(os.path.realpath, parts):
        raise OptionError(f"{target} is one of the parts: write to another place.")


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any], where: str = "") -> list[str]:
    """What differs, by name, with both values where they are short."""
    found: list[str] = []
    for name in dict.fromkeys([*ours, *theirs]):
        a, b = ours.get(name), theirs.get(name)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found += differences(a, b, f"{where}{name}.")
        elif a != b:
            found.append(f"{where}{name} ({shown(a)}, {shown(b)})")
    return found
