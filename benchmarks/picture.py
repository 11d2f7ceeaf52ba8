"""The picture in docs/results.md: bars with their spread, drawn as SVG without a library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, LEFT, RIGHT, BAR, GAP, TITLE = 760, 150, 90, 16, 5, 34
OURS, OTHERS, LINE = "#1f6feb", "#9aa4af", "#57606a"
STYLE = "font-family='sans-serif' font-size='12' fill='#57606a'"


def bars(title: str, panels: Mapping[str, Sequence[tuple[str, Mapping[str, float]]]]) -> str:
    """Panels below each other on one scale; bars whose names start with "gpt2" are ours.

    Args:
        title: the title of the picture.
        panels: heading -> (name, figure with median, min and max), in order.
    """
    most = max(figure["max"] for rows in panels.values() for _, figure in rows)
    scale = (WIDTH - LEFT - RIGHT) / most
    parts, y = [_text(8, 20, title, "font-weight='bold'")], TITLE
    for heading, rows in panels.items():
        parts.append(_text(8, y + 14, heading, "font-weight='bold'"))
        y += 22
        for name, figure in rows:
            parts += _bar(name, figure, y, scale)
            y += BAR + GAP
        y += 8
    body = "\n".join(parts)
    size = f"width='{WIDTH}' height='{y}' viewBox='0 0 {WIDTH} {y}'"
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' {size} role='img' {STYLE}>\n"
        f"<title>{title}</title>\n{body}\n</svg>\n"
    )


def _bar(name: str, figure: Mapping[str, float], y: int, scale: float) -> list[str]:
    colour = OURS if name.startswith("gpt2") else OTHERS
    end, low, high = (LEFT + scale * figure[key] for key in ("median", "min", "max"))
    middle = y + BAR / 2
    return [
        _text(LEFT - 6, y + 12, name, "text-anchor='end'"),
        f"<rect x='{LEFT}' y='{y}' width='{end - LEFT:.1f}' height='{BAR}' fill='{colour}'/>",
        f"<path d='M{low:.1f} {middle}H{high:.1f}' stroke='{LINE}' stroke-width='2'/>",
        _text(high + 6, y + 12, f"{figure['median']:.0f}", ""),
    ]


def _text(x: float, y: float, text: str, style: Any) -> str:
    return f"<text x='{x:.1f}' y='{y}' {style}>{text}</text>"
