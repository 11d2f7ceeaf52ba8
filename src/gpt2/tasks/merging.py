"""Merges the parts of a batch, one per shard, into the file that a single run would write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gpt2.errors import CorruptFileError
from gpt2.files import atomic, parse_json, read_bytes
from gpt2.parts import Part, Shard, whole

AGAIN = "run its command again to resume it."


def merge(paths: Sequence[Path], target: Path) -> int:
    """Merge parts that `gpt2.tasks.batch.run_batch` wrote; returns the number of rows.

    Raises:
        OptionError: a part is missing or repeated, or has different rows, options or a different
            model.
        CorruptFileError: a part is incomplete.
    """
    read = [_read(path) for path in paths]
    order = whole([part for part, _ in read])
    lines = [read[at][1] for at in order]
    count = sum(map(len, lines))
    with atomic(target) as part, part.open("wb") as out:
        for number in range(count):
            out.write(lines[number % len(lines)][number // len(lines)])
    return count


def _read(path: Path) -> tuple[Part, list[bytes]]:
    """Read the description of a part and its lines."""
    head, *lines = read_bytes(path).splitlines(keepends=True) or [b""]
    if not head.endswith(b"\n"):  # killed before the first line was complete
        raise CorruptFileError(f"{path} has no complete line: {AGAIN}")
    stated: Any = parse_json(head, f"{path}, line 1")
    work = stated.get("work") if isinstance(stated, dict) else None
    rows = work.get("rows") if isinstance(work, dict) else None
    if not isinstance(work, dict) or not isinstance(rows, int):
        raise CorruptFileError(
            f"{path} is not part of a batch: its first line does not describe one."
        )
    shard = Shard.from_part(stated.get("part"), path)
    wanted = len(range(shard.number - 1, rows, shard.of))
    done = sum(line.endswith(b"\n") for line in lines)
    if done != wanted or len(lines) != wanted:
        raise CorruptFileError(
            f"{path} has only {done} of the {wanted} rows of shard {shard}: {AGAIN}"
        )
    for number, line in enumerate(lines):
        index = number * shard.of + shard.number - 1
        if not line.startswith(f'{{"index": {index}, '.encode()):
            raise CorruptFileError(f"{path}, line {number + 2} is not the result of row {index}.")
    return Part(str(path), shard, work), lines
