"""Compares table 3 of the GPT-2 paper (Radford et al. 2019) with measured figures.

A measured figure shares the paper's row only if its protocol is the same, as far as the paper and
its authors describe it; any other figure has a separate row with its protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

SIZES = ("124M", "355M", "774M", "1558M")


class Column(NamedTuple):
    """One column of the table, smallest model first."""

    unit: str
    values: tuple[float, float, float, float]
    protocol: str


_DETOKENISED = "zero-shot, invertible de-tokeniser, per token of the published set"
# The windows according to the authors, in openai/gpt-2 issue 78; the paper does not describe them.
_WINDOWS = "windows of 1024 tokens, stride 32"
TABLE_3 = {
    "LAMBADA ppl": Column(
        "perplexity", (35.13, 15.60, 10.87, 8.63), "OpenAI's text; which tokens is not told"
    ),
    "LAMBADA acc": Column(
        "%", (45.99, 55.48, 60.12, 63.24), "OpenAI's text, stop-word filter; list not told"
    ),
    "CBT-CN": Column("%", (87.65, 92.35, 93.45, 93.30), "de-tokenised, likelihood of the rest too"),
    "CBT-NE": Column("%", (83.4, 87.1, 88.0, 89.05), "de-tokenised, likelihood of the rest too"),
    "WikiText2": Column("perplexity", (29.41, 22.76, 19.93, 18.34), f"{_DETOKENISED}; {_WINDOWS}"),
    "PTB": Column("perplexity", (65.85, 47.33, 40.31, 35.76), f"{_DETOKENISED}; {_WINDOWS}"),
    "enwik8": Column("bits a byte", (1.16, 1.01, 0.97, 0.93), f"per byte; {_WINDOWS}"),
    "text8": Column("bits a character", (1.17, 1.06, 1.02, 0.98), f"per character; {_WINDOWS}"),
    "WikiText103": Column(
        "perplexity", (37.50, 26.37, 22.05, 17.48), f"{_DETOKENISED}; {_WINDOWS}"
    ),
    "1BW": Column("perplexity", (75.20, 55.72, 44.575, 42.16), f"{_DETOKENISED}; by sentence"),
}


def beside(benchmarks: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the table: the paper's, and one for each measured figure whose protocol differs.

    Args:
        benchmarks: the ``benchmarks`` of a result.

    Returns:
        Rows with ``column``, ``unit``, ``protocol``, ``paper`` (values by size; None in a row with
        a different protocol) and ``measured`` (a list of value and error; empty if there is none).
    """
    figures = [m for b in benchmarks.values() for m in b["measures"].values()]
    rows = []
    for name, column in TABLE_3.items():
        same = [m for m in figures if m["column"] == name]
        paper = dict(zip(SIZES, column.values, strict=True))
        rows.append(_row(name, column, column.protocol, paper, same))
        for figure in figures:
            if figure["near"] == name:
                rows.append(_row(name, column, figure["protocol"], None, [figure]))
    return rows


def _row(
    name: str,
    column: Column,
    protocol: str,
    paper: Mapping[str, float] | None,
    figures: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    measured = [{"value": f["value"], "error": f["error"]} for f in figures]
    return {
        "column": name,
        "unit": column.unit,
        "protocol": protocol,
        "paper": paper,
        "measured": measured,
    }
