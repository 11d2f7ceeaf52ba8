"""Computes results from judged rows, of one run or of the parts that ``--shard`` writes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from gpt2.errors import CorruptFileError, MissingFileError
from gpt2.evaluation.benchmarks import benchmark
from gpt2.evaluation.paper import beside
from gpt2.evaluation.runner import Judged, result
from gpt2.files import read_json_object
from gpt2.files.records import record
from gpt2.parts import Part, Shard, whole

NEEDED = ("on", "missing", "seconds", "time")
NOT_WORK = ("part", "benchmarks", "missing", "seconds", "commit", "versions", "machine", "time")


def is_done(
    path: Path,
    about: Mapping[str, Any],
    data: Mapping[str, Mapping[str, str]],
    sets: Collection[str],
) -> dict[str, Any] | None:
    """Read a part if it belongs to this work and has all ``sets``, with the hashes in ``data``;
    else None."""
    try:
        there = read_json_object(path)
    except (MissingFileError, CorruptFileError):
        return None
    if any(there.get(name) != value for name, value in about.items()):
        return None
    done = there.get("benchmarks")
    files = {name: one["files"] for name, one in done.items()} if isinstance(done, dict) else {}
    same = files.keys() >= set(sets) and all(
        hashes.items() <= files[name].items() for name, hashes in data.items()
    )
    return there if same else None


def results_of(run: Mapping[str, Any], judged: Mapping[str, Judged], paper: bool) -> dict[str, Any]:
    """The results of a run, with figures instead of rows."""
    figures = {name: result(benchmark(name), rows) for name, rows in judged.items()}
    results = {**run, "benchmarks": figures}
    return {**results, "paper": beside(figures)} if paper else results


def merge(paths: Sequence[Path]) -> dict[str, Any]:
    """Merge the parts into the results of a single run, except for its duration and its date.

    Raises:
        OptionError: a part is missing or repeated, or has different data, options or a different
            model.
        CorruptFileError: a file is not a part.
    """
    parts = [_read(path) for path in paths]
    ordered = [parts[at] for at in whole([stated for stated, _, _ in parts])]
    run: dict[str, Any] = dict(ordered[0][1])
    del run["part"]
    on = run.pop("on")
    missing: dict[str, str] = {}
    for _, content, _ in ordered:
        missing = {**content["missing"], **missing}
    judged = {
        name: _together([rows[name] for _, _, rows in ordered])
        for name in ordered[0][2]
        if name not in missing
    }
    run["missing"] = missing
    run["seconds"] = round(sum(content["seconds"] for _, content, _ in ordered), 3)
    run["time"] = max(content["time"] for _, content, _ in ordered)
    return results_of(run, judged, "paper" in on)


def _together(parts: Sequence[Judged]) -> Judged:
    first = parts[0]
    rows = {number: rows for part in parts for number, rows in part.rows.items()}
    seconds = sum(part.seconds for part in parts)
    return Judged(first.files, first.examples, first.of, seconds, first.windows, rows)


def _read(path: Path) -> tuple[Part, dict[str, Any], dict[str, Judged]]:
    content = read_json_object(path)
    if not isinstance(content.get("benchmarks"), dict) or not {"part", *NEEDED} <= content.keys():
        raise CorruptFileError(f"{path} is not part of an evaluation.")
    judged = {
        name: record(Judged, value, f"{path}: {name}")
        for name, value in content["benchmarks"].items()
    }
    work = {name: value for name, value in content.items() if name not in NOT_WORK}
    work |= {name: {**rows.files, "examples": rows.examples} for name, rows in judged.items()}
    return Part(str(path), Shard.from_part(content["part"], path), work), content, judged
