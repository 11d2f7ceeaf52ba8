"""Converts a page to a notebook: its code blocks become cells with their output."""

from __future__ import annotations

import json
import re
from typing import Any

BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
MATH = re.compile(r"^```math\n(.*?)^```\n", re.DOTALL | re.MULTILINE)


def notebook(page: str) -> str:
    """The page as notebook JSON in nbformat 4.5."""
    cells: list[dict[str, Any]] = []
    at = 0
    for block in BLOCK.finditer(page):
        _markdown(cells, page[at : block.start()])
        _code(cells, block[1], block[2] or "")
        at = block.end()
    _markdown(cells, page[at:])
    about = {"name": "python3", "display_name": "Python 3", "language": "python"}
    whole = {"cells": cells, "metadata": {"kernelspec": about}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _markdown(cells: list[dict[str, Any]], text: str) -> None:
    text = re.sub(r"<!-- nav -->\n[^\n]*\n", "", text)
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)
    text = MATH.sub(lambda found: f"$$\n{found[1]}$$\n", text)
    text = re.sub(r"\]\((?!\w+://|#)", "](../", text)
    if text.strip():
        lines = text.strip().splitlines(keepends=True)
        cells.append(
            {"cell_type": "markdown", "id": f"c{len(cells)}", "metadata": {}, "source": lines}
        )


def _code(cells: list[dict[str, Any]], source: str, printed: str) -> None:
    out = {"name": "stdout", "output_type": "stream", "text": printed.splitlines(keepends=True)}
    cells.append(
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"c{len(cells)}",
            "metadata": {},
            "outputs": [out] if printed else [],
            "source": source.rstrip("\n").splitlines(keepends=True),
        }
    )
