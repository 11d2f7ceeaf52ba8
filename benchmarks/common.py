"""Shared parts of the benchmarks: machine description, interleaved timing, result files."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from gpt2.machine import commit, describe

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def machine(packages: Iterable[str] = ()) -> dict[str, Any]:
    """Processor, cores, load, Python, the commit and the versions of the packages compared."""
    return {
        **describe(),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "commit": commit(ROOT),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {name: metadata.version(name) for name in packages},
    }


def note_run(result: dict[str, Any], part: str) -> None:
    """Record that the run of ``result["machine"]`` measured a part of the result, which other runs
    may keep."""
    facts = {name: result["machine"][name] for name in ("commit", "time", "load_before")}
    result.setdefault("measured", {})[part] = facts


def other_runs(result: Mapping[str, Any]) -> str:
    """The parts of a result that were measured at other commits than the last part; or nothing."""
    parts: dict[str, list[str]] = {}
    for part, facts in result.get("measured", {}).items():
        if facts["commit"] != result["machine"]["commit"]:
            parts.setdefault(facts["commit"], []).append(part)
    lines = (f"At commit {commit}: {'; '.join(names)}." for commit, names in parts.items())
    return " ".join(lines)


def figure(values: Sequence[float]) -> dict[str, float]:
    """The median, minimum and maximum of several runs."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def interleaved(
    contenders: Mapping[str, Callable[[], object]], rounds: int = 7, warmup: int = 1
) -> dict[str, dict[str, float]]:
    """Seconds of each contender: median, minimum and maximum of ``rounds`` turns in rotation.

    They take turns, so a slow minute of the machine affects all of them.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(warmup + rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            begin = time.perf_counter()
            contenders[name]()
            if turn >= warmup:
                seconds[name].append(time.perf_counter() - begin)
    return {name: figure(all_) for name, all_ in seconds.items()}


def write(name: str, result: Mapping[str, Any], folder: Path = RESULTS) -> Path:
    """Write ``results/<name>.json`` atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)
    return path


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [list(head), *(list(row) for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spread(figure: Mapping[str, float], digits: int = 0) -> str:
    """The median, with minimum and maximum in brackets unless there is only one value."""
    low, high = sorted((figure["min"], figure["max"]))
    middle = f"{figure['median']:.{digits}f}"
    return middle if low == high else f"{middle} ({low:.{digits}f}-{high:.{digits}f})"


def tie(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether the spreads overlap, so that the run does not show which is faster."""
    return min(one["max"], other["max"]) >= max(one["min"], other["min"])


def times(one: Mapping[str, float], other: Mapping[str, float]) -> str:
    """The ratio of two rates in words, or a tie."""
    ratio = f"{one['median'] / other['median']:.2f}x"
    return f"tie ({ratio})" if tie(one, other) else ratio


def folded(title: str, text: str) -> str:
    """Text that is folded until the reader opens it."""
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"
