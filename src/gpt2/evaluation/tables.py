"""Results as tables in Markdown, which read well in a terminal too."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gpt2.evaluation.benchmark import Benchmark
from gpt2.evaluation.paper import SIZES, beside


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose columns are as wide as what is in them."""
    cells = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    cells.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(map(str.ljust, row, widths))} |" for row in cells)


def number(value: float, error: float = math.nan) -> str:
    """A figure with its standard error, in digits that make sense."""
    shown = f"{value:.4g}" if value < 1000 else f"{value:,.0f}"
    return shown if math.isnan(error) else f"{shown} ± {error:.2g}"


def of_results(results: Mapping[str, Any]) -> str:
    """What was measured, a measure a line."""
    rows = [
        [
            benchmark["title"],
            measure["title"],
            number(measure["value"], measure["error"]),
            str(measure["rows"]),
            measure["protocol"],
        ]
        for benchmark in results["benchmarks"].values()
        for measure in benchmark["measures"].values()
    ]
    return table(["benchmark", "measure", "value ± error", "examples", "protocol"], rows)


def of_paper(results: Mapping[str, Any]) -> str:
    """Table 3 of the paper; what has another protocol has a line of its own and no value there."""
    rows = []
    for row in beside(results["benchmarks"]):
        paper = row["paper"] or {}
        measured = ", ".join(number(m["value"], m["error"]) for m in row["measured"])
        values = [f"{paper[size]:g}" if size in paper else "" for size in SIZES]
        name = f"{row['column']}, {row['unit']}"
        rows.append([name, measured or "-", *values, row["protocol"]])
    head = ["", "measured ± error", *(f"paper {size}" for size in SIZES), "protocol"]
    return table(head, rows)


def of_benchmarks(benchmarks: Iterable[Benchmark]) -> str:
    """What there is, and where it comes from."""
    rows = [[b.name, b.group, b.title, b.licence, _in_paper(b), b.get] for b in benchmarks]
    return table(["name", "group", "set", "licence", "GPT-2 paper", "how to get it"], rows)


def _in_paper(benchmark: Benchmark) -> str:
    """Where the paper has a figure of this set."""
    columns = any(measure.column or measure.near for measure in benchmark.measures)
    return benchmark.paper or ("table 3" if columns else "")
