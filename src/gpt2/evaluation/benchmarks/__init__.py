"""The benchmarks by name; each is a file of this folder and imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from gpt2.errors import OptionError

if TYPE_CHECKING:
    from gpt2.evaluation.benchmark import Benchmark

# In the order of the table. The file is the name with underscores for hyphens.
NAMES = [
    "lambada",
    "cbt-cn",
    "cbt-ne",
    "wikitext2",
    "ptb",
    "enwik8",
    "text8",
    "wikitext103",
    "billion-words",
    "winograd",
    "coqa",
    "cnn-dailymail",
    "wmt14-en-fr",
    "wmt14-fr-en",
    "natural-questions",
    "webquestions",
    "piqa",
    "blimp",
    "xquad-en",
    "xquad-zh",
    "abstention",
    "wmt19-en-zh",
    "wmt19-zh-en",
    "tatoeba-en-zh",
    "dialogsum",
    "winobias",
    "occupations",
    "robustness",
]


def benchmark(name: str) -> Benchmark:
    """The benchmark called so; raises `OptionError` for another name."""
    if name not in NAMES:
        raise OptionError(f"there is no benchmark {name!r}: there are {', '.join(NAMES)}.")
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    found: Benchmark = module.BENCHMARK
    return found


def chosen(what: str) -> list[Benchmark]:
    """The benchmarks of a list of names and groups (paper, bias, tasks, more, all) with commas."""
    found: dict[str, Benchmark] = {}
    every = [benchmark(name) for name in NAMES]
    groups = {b.group for b in every} | {"paper", "bias", "tasks", "more"}
    for part in filter(None, (p.strip() for p in what.split(","))):
        if part in groups or part == "all":
            new = [b for b in every if part in (b.group, "all")]
            if not new:
                raise OptionError(f"no benchmark belongs to {part!r} yet.")
        else:
            new = [benchmark(part)]
        found |= {b.name: b for b in new}
    if not found:
        raise OptionError(f"name a benchmark ({', '.join(NAMES)}) or a group.")
    return list(found.values())
