"""The benchmarks by name; each family of benchmarks is a file that is imported when needed.

``sets.toml`` describes each set: what it is, where it comes from and how to get it. The file that
``code`` names there reads it, judges it and measures it.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from gpt2.errors import OptionError, show, suggestion
from gpt2.evaluation.benchmark import Benchmark, File, Measure, Subject


@cache
def sets() -> dict[str, dict[str, Any]]:
    """The description of each set by name, in the order of the table."""
    return tomllib.loads((files(__name__) / "sets.toml").read_text("utf-8"))


def publish(
    name: str,
    read: Callable[..., Sequence[Any]],
    judge: Callable[[Subject, Sequence[Any]], list[dict[str, Any]]],
    measures: Sequence[Measure],
) -> Benchmark:
    """Build the benchmark of a published set from its description and its functions.

    Args:
        name: in ``sets.toml``.
        read: called with the paths of its files, in order, without missing optional files.
        judge, measures: see `gpt2.evaluation.benchmark`.
    """
    facts = {key: value for key, value in sets()[name].items() if key not in ("code", "files")}
    listed = tuple(
        File(**{**file, "also": tuple(file.get("also", ()))})
        for file in sets()[name].get("files", ())
    )

    def read_found(paths: Mapping[str, Path]) -> list[Any]:
        return list(read(*paths.values()))

    return Benchmark(
        name=name, files=listed, read=read_found, judge=judge, measures=tuple(measures), **facts
    )


def benchmark(name: str) -> Benchmark:
    """The benchmark with this name; raises `OptionError` for an unknown name."""
    if name not in sets():
        groups = {facts["group"] for facts in sets().values()}
        near = suggestion(name, [*sets(), *groups, "all"])
        raise OptionError(
            f"there is no benchmark {show(name)}.{near} The benchmarks are {', '.join(sets())}."
        )
    module, attribute = sets()[name]["code"].split(".")
    return getattr(importlib.import_module(f"{__name__}.{module}"), attribute)


def choose(what: str) -> list[Benchmark]:
    """The benchmarks in a comma-separated list of names and groups.

    The groups are paper, bias, tasks, more and all.
    """
    names: dict[str, None] = {}
    for part in filter(None, (p.strip() for p in what.split(","))):
        group = [name for name, facts in sets().items() if part in (facts["group"], "all")]
        names |= dict.fromkeys(group or [part])
    if not names:
        raise OptionError(f"name a benchmark ({', '.join(sets())}) or a group.")
    return [benchmark(name) for name in names]
