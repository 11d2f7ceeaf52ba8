"""The benchmarks by name; a family of them is a file, imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from gpt2.errors import OptionError

if TYPE_CHECKING:
    from gpt2.evaluation.benchmark import Benchmark

# In the order of the table: name -> the file of this folder, and what it is called there.
SETS = {
    "lambada": ("lambada", "LAMBADA"),
    "cbt-cn": ("cbt", "COMMON_NOUNS"),
    "cbt-ne": ("cbt", "NAMED_ENTITIES"),
    "wikitext2": ("language_modelling", "WIKITEXT_2"),
    "ptb": ("language_modelling", "PENN_TREEBANK"),
    "enwik8": ("language_modelling", "ENWIK8"),
    "text8": ("language_modelling", "TEXT8"),
    "wikitext103": ("language_modelling", "WIKITEXT_103"),
    "billion-words": ("language_modelling", "BILLION_WORDS"),
    "winograd": ("winograd", "WINOGRAD"),
    "coqa": ("reading", "COQA"),
    "cnn-dailymail": ("summaries", "CNN_DAILYMAIL"),
    "wmt14-en-fr": ("translation", "WMT14_EN_FR"),
    "wmt14-fr-en": ("translation", "WMT14_FR_EN"),
    "natural-questions": ("questions", "NATURAL_QUESTIONS"),
    "webquestions": ("questions", "WEBQUESTIONS"),
    "piqa": ("piqa", "PIQA"),
    "blimp": ("blimp", "BLIMP"),
    "xquad-en": ("reading", "XQUAD_EN"),
    "xquad-zh": ("reading", "XQUAD_ZH"),
    "abstention": ("abstention", "ABSTENTION"),
    "wmt19-en-zh": ("translation", "WMT19_EN_ZH"),
    "wmt19-zh-en": ("translation", "WMT19_ZH_EN"),
    "tatoeba-en-zh": ("translation", "TATOEBA_EN_ZH"),
    "dialogsum": ("summaries", "DIALOGSUM"),
    "winobias": ("occupations", "WINOBIAS"),
    "occupations": ("occupations", "OCCUPATIONS"),
    "robustness": ("robustness", "ROBUSTNESS"),
}
GROUPS = ("paper", "bias", "tasks", "more")


def benchmark(name: str) -> Benchmark:
    """The benchmark called so; raises `OptionError` for another name."""
    if name not in SETS:
        raise OptionError(f"there is no benchmark {name!r}: there are {', '.join(SETS)}.")
    module, attribute = SETS[name]
    found: Benchmark = getattr(importlib.import_module(f"{__name__}.{module}"), attribute)
    return found


def chosen(what: str) -> list[Benchmark]:
    """The benchmarks of a list of names and groups (paper, bias, tasks, more, all) with commas."""
    found: dict[str, Benchmark] = {}
    for part in filter(None, (p.strip() for p in what.split(","))):
        names = SETS if part in (*GROUPS, "all") else [part]
        own = map(benchmark, names)
        found |= {b.name: b for b in own if part in (b.name, b.group, "all")}
    if not found:
        raise OptionError(f"name a benchmark ({', '.join(SETS)}) or a group.")
    return list(found.values())
