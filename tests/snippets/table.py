"""The page docs/reference/snippets.md, of what snippets gave: python -m tests.snippets.table."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.conftest import ROOT
from tests.snippets import members
from tests.snippets.plain import GROUPS
from tests.snippets.run import Row, compare
from tests.tiny import write_tiny

PAGE = ROOT / "docs" / "reference" / "snippets.md"
HEAD = """\
# Snippets written for transformers

Each row is a snippet of the kind found in model cards, tutorials and forum answers
([source](../../tests/snippets/plain.py)). It was run twice on the same tiny random weights: with
transformers, and with `from transformers import` replaced by `from gpt2 import` and nothing else
changed. The results were compared; numbers may differ by rounding. `python -m tests.snippets.table`
writes the table, and a test checks that it is current.

"""
PEERS = ROOT / "tests" / "peers" / "table.md"  # what tests/peers holds


def rows() -> list[Row]:
    """Every snippet's row."""
    with tempfile.TemporaryDirectory() as folder:
        write_tiny(Path(folder))
        return [
            compare(group, title, code, Path(folder))
            for group, snippets in GROUPS.items()
            for title, code in snippets.items()
        ]


def page(found: Sequence[Row], lacking: Mapping[str, Sequence[str]]) -> str:
    """The page in Markdown, of the snippets' rows and `members.lacking`."""
    counts = Counter(row.outcome for row in found)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    lines = [f"Of {len(found)} snippets: {told}.\n"]
    for group in dict.fromkeys(row.group for row in found):
        lines += [f"\n## {group}\n", "| snippet | with `gpt2` | |", "|---|---|---|"]
        lines += [
            f"| {row.title} | {row.outcome} | {row.note.replace('|', '&#124;')} |"
            for row in found
            if row.group == group
        ]
    lines += [members.HEAD, "| object | |", "|---|---|"]
    lines += [
        f"| {kind} | {', '.join(f'`{n}`' for n in names)} |" for kind, names in lacking.items()
    ]
    return HEAD + "\n".join(lines) + "\n\n" + PEERS.read_text("utf-8")


if __name__ == "__main__":
    made = rows()
    PAGE.write_text(page(made, members.lacking()), "utf-8")
    for row in made:
        if row.outcome in ("unclear error", "differs"):
            print(f"{row.group} / {row.title}: {row.outcome} {row.note}", file=sys.stderr)
