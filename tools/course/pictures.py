"""The course's pictures as SVG: a matrix, bars, curves, steps.

They adapt to light and dark mode, and their words (``class="w"``) are translated for the Chinese
pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

STYLE = (
    "<style>text{font:13px system-ui,sans-serif;fill:#1f2328}.n{font-size:11px}.l{stroke:#8b949e;"
    "fill:none}.a{fill:#2f6fed}.b{fill:#d9722e}.s0{stroke:#2f6fed;fill:none;stroke-width:2}"
    ".s1{stroke:#d9722e;fill:none;stroke-width:2}.s2{stroke:#2c974b;fill:none;stroke-width:2}"
    ".o{stroke:#8b949e;fill:#8b949e22}.i{fill:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.a{fill:#6ea0ff}.s0{stroke:#6ea0ff}"
    ".b{fill:#f0965a}.s1{stroke:#f0965a}.s2{stroke:#57c777}}</style>"
)


def svg(width: float, height: float, parts: Sequence[str]) -> str:
    """A complete picture."""
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    inside = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n{STYLE}\n{inside}\n</svg>\n'
    )


def text(x: float, y: float, words: str, anchor: str = "start", kind: str = "w") -> str:
    """Text: words (``w``, translated), or numbers and tokens (``n``, unchanged)."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}"'
    return f"<text {place}>{escape(words)}</text>"


def rectangle(x: float, y: float, w: float, h: float, more: str) -> str:
    """A rectangle; ``more`` are its other attributes."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" {more}/>'


def matrix(values: Any, rows: Sequence[str], columns: Sequence[str], down: str, across: str) -> str:
    """A cell for each number; larger numbers are darker."""
    cell, left, top = 44, 110, 70
    most = max(abs(float(v)) for row in values for v in row) or 1.0
    parts = [text(8, top - 14, down), text(left, 18, across)]
    for j, name in enumerate(columns):
        parts.append(text(left + cell * (j + 0.5), top - 14, name, "middle", "n"))
    for i, name in enumerate(rows):
        y = top + cell * i
        parts.append(text(left - 10, y + 26, name, "end", "n"))
        for j, v in enumerate(values[i]):
            shade = abs(float(v)) / most
            x, kind = left + cell * j, "a" if v >= 0 else "b"
            parts.append(rectangle(x, y, cell - 2, cell - 2, 'class="o"'))
            parts.append(
                rectangle(x, y, cell - 2, cell - 2, f'class="{kind}" fill-opacity="{shade:.2f}"')
            )
            parts.append(text(x + cell / 2 - 1, y + 26, f"{float(v):.2f}", "middle", "n"))
    return svg(left + cell * len(columns) + 10, top + cell * len(rows) + 10, parts)


def bars(
    names: Sequence[str], values: Sequence[float], unit: str, digits: int = 2, kind: str = "n"
) -> str:
    """A bar for each number, from top to bottom."""
    left, wide, high = 170, 380, 28
    most, parts = max(max(values), 1e-12), [text(left, 18, unit)]
    for i, (name, value) in enumerate(zip(names, values, strict=True)):
        y, long = 30 + high * i, wide * max(value, 0) / most
        parts.append(text(left - 10, y + 17, name, "end", kind))
        parts.append(rectangle(left, y + 3, long, high - 8, 'class="a" rx="2"'))
        parts.append(text(left + long + 6, y + 17, f"{value:.{digits}f}", kind="n"))
    return svg(left + wide + 80, 40 + high * len(names), parts)


def curves(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]], across: str, up: str
) -> str:
    """A line for each series of points (x, y)."""
    left, top, wide, high = 56, 40, 520, 220
    xs = [float(x) for line in series.values() for x in line[0]]
    ys = [float(y) for line in series.values() for y in line[1]]
    (x0, x1), (y0, y1) = (min(xs), max(xs)), (min([0.0, *ys]), max(ys))

    def place(x: float, y: float) -> tuple[float, float]:
        return left + wide * (x - x0) / (x1 - x0), top + high * (1 - (y - y0) / (y1 - y0))

    parts = [f'<path class="l" d="M{left} {top}V{top + high}H{left + wide}"/>', text(8, 20, up)]
    parts.append(text(left + wide, top + high + 36, across, "end"))
    for v in (y0, (y0 + y1) / 2, y1):
        parts.append(text(left - 6, place(x0, v)[1] + 4, f"{v:.3g}", "end", "n"))
    for v in (x0, (x0 + x1) / 2, x1):
        parts.append(text(place(v, y0)[0], top + high + 16, f"{v:.4g}", "middle", "n"))
    for at, (name, (x, y)) in enumerate(series.items()):
        points = " ".join("{:.1f},{:.1f}".format(*place(a, b)) for a, b in zip(x, y, strict=True))
        parts.append(f'<polyline class="s{at}" points="{points}"/>')
        parts.append(f'<path class="s{at}" d="M{left + 158 * at + 90} 16h24"/>')
        parts.append(text(left + 158 * at + 118, 20, name))
    return svg(left + wide + 24, top + high + 46, parts)


def steps(*columns: Sequence[str | None], joins: Sequence[tuple[int, int, int, int]] = ()) -> str:
    """Boxes with arrows from each to the next, one column per list.

    None leaves a position free. ``joins`` are arrows between boxes of different columns, each
    (column, row, column, row).
    """
    wide, high, gap, parts = 200, 36, 26, []
    tall = max(len(column) for column in columns) * (high + gap)
    for at, column in enumerate(columns):
        x = 10 + at * (wide + 60)
        for i, name in enumerate(column):
            if name is None:
                continue
            y = 10 + i * (high + gap)
            parts.append(rectangle(x, y, wide, high, 'class="o" rx="6"'))
            parts.append(text(x + wide / 2, y + 23, name, "middle"))
            if i + 1 < len(column):
                m, end = x + wide / 2, y + high + gap
                parts.append(f'<path class="l" d="M{m} {y + high}V{end - 2}m-4 -6l4 6l4 -6"/>')
    for begin, row, end, target in joins:
        right = end > begin
        x0 = 10 + begin * (wide + 60) + (wide if right else 0)
        x1 = 10 + end * (wide + 60) + (0 if right else wide)
        y0, y1 = (28 + place * (high + gap) for place in (row, target))
        back = -7 if right else 7
        parts.append(f'<path class="l" d="M{x0} {y0}L{x1} {y1}m{back} -5l{-back} 5l{back} 5"/>')
    return svg(len(columns) * (wide + 60) - 40, tall, parts)
