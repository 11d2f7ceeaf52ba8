"""Tables for a terminal: at most 80 columns wide, with long content below them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gpt2.evaluation.benchmark import Benchmark

WIDTH = 80


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """A table with columns as wide as their content; cells that are too wide are wrapped.

    The first ``words`` columns hold text; the others hold numbers and are right-aligned.
    """
    from io import StringIO

    from rich.console import Console
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for at, title in enumerate(head):
        made.add_column(title, justify="left" if at < words else "right", overflow="fold")
    for row in rows:
        made.add_row(*row)
    out = StringIO()
    Console(file=out, width=WIDTH, color_system=None, markup=False, emoji=False).print(made)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def with_notes(head: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """A table whose rows each end with a note; the cell shows its number, the text is below."""
    cells = [list(row) for row in rows]
    notes = list(dict.fromkeys(row[-1] for row in cells))
    for row in cells:
        row[-1] = f"[{notes.index(row[-1]) + 1}]"
    lines = [wrap(f"[{number}] {note}") for number, note in enumerate(notes, 1)]
    return "\n".join([table(head, cells, words=words), "", *lines])


def wrap(line: str, indent: int = 4) -> str:
    """Wrap a line and indent all lines but the first."""
    return textwrap.fill(line, WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False)


def number(value: float | None, error: float | None = None) -> str:
    """Format a value and its standard error with a sensible number of digits; - if undefined."""
    if value is None:
        return "-"
    shown = f"{value:.4g}" if value < 1000 else f"{value:,.0f}"
    return shown if error is None else f"{shown} ± {error:.2g}"


def of_results(results: Mapping[str, Any]) -> str:
    """The results as a table with one measure per line."""
    rows = [
        [b["title"], m["title"], number(m["value"], m["error"]), f"{m['rows']:,}", m["protocol"]]
        for b in results["benchmarks"].values()
        for m in b["measures"].values()
    ]
    head = ["benchmark", "measure", "value ± error", "examples", "protocol"]
    return with_notes(head, rows, words=2)


def of_paper(rows: Iterable[Mapping[str, Any]]) -> str:
    """Table 3 of the paper; a measure with a different protocol has a separate line without the
    paper's value."""
    from gpt2.evaluation.paper import SIZES

    cells = []
    for row in rows:
        paper = row["paper"] or {}
        measured = ", ".join(number(m["value"], m["error"]) for m in row["measured"])
        values = [f"{paper[size]:g}" if size in paper else "" for size in SIZES]
        cells.append([f"{row['column']}, {row['unit']}", measured or "-", *values, row["protocol"]])
    return with_notes(["column", "measured ± error", *SIZES, "protocol"], cells)


def of_benchmarks(benchmarks: Sequence[Benchmark]) -> str:
    """The available benchmarks, and below them how to get the data."""
    rows = [[b.name, b.group, b.title, b.licence] for b in benchmarks]
    ways = [wrap(f"{b.name}: {b.get}") for b in benchmarks]
    return "\n".join([table(["name", "group", "set", "licence"], rows, words=4), "", *ways])
