"""Fifty unselected stories in each language, marked by a reader who did not train the model.

    PYTHONPATH=src:. python -m benchmarks.mini_stories [--model M]      draw, keeping marks given
    PYTHONPATH=src:. python -m benchmarks.mini_stories --marks FILE     take marks, a line a story

The rubric gives 0 to 2 points for each. Grammar: 2 for no error or one slip, 1 for some errors, 0
for sentences that cannot be understood. Consistency of names and things: 2 if they stay the same, 1
if one changes or appears from nowhere, 0 if it is unclear who does what. Ending: 2 if the story
comes to a fitting end, 1 if it ends but the end is not that of its own story, 0 if it breaks off or
goes in circles.

A line of marks: language, seed, three marks.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, machine, table, write
from recipes.mini.ship import DRAWN, STARTS
from recipes.mini.sources import END

import gpt2

STORIES = 50  # of each language
RUBRIC = ("grammar", "consistency", "ending")


def drawn(name: str) -> list[dict[str, Any]]:
    """The stories, seeds 0 to 49, without marks."""
    model = gpt2.load(name)
    longer: dict[str, Any] = {**DRAWN, "max_new_tokens": 320}
    return [
        {"language": language, "seed": seed,
         "text": model.generate(start, seed=seed, **longer).split(END)[0].strip(),
         **dict.fromkeys(RUBRIC)}
        for language, start in STARTS.items()
        for seed in range(STORIES)
    ]  # fmt: skip


def marked(stories: list[dict[str, Any]], lines: list[str]) -> None:
    """Add marks, by language and seed."""
    known = {(story["language"], story["seed"]): story for story in stories}
    for line in filter(None, (line.strip() for line in lines)):
        language, seed, *marks = line.split()
        known[language, int(seed)].update(zip(RUBRIC, map(int, marks), strict=True))


def describe(found: dict[str, Any]) -> str:
    """The section of the results page."""
    rows = []
    for language in STARTS:
        own = [
            s for s in found["stories"] if s["language"] == language and s["grammar"] is not None
        ]
        if not own:
            continue
        means = [f"{statistics.mean(s[mark] for s in own):.2f}" for mark in RUBRIC]
        whole = sum(all(s[mark] == 2 for mark in RUBRIC) for s in own)
        broken = sum(any(s[mark] == 0 for mark in RUBRIC) for s in own)
        rows.append([language, str(len(own)), *means, str(whole), str(broken)])
    head = ["language", "stories", *(f"{mark}, of 2" for mark in RUBRIC), "2 in all", "any 0"]
    about = " ".join((__doc__ or "").split("\n\n")[2].split())
    return (
        "Stories of seeds 0 to 49 at temperature 0.7, without selection, graded by a reader who"
        f" did not train the model. {about}\n\n{table(head, rows)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="gpt2-mini")
    parser.add_argument("--marks", type=Path)
    given = parser.parse_args()
    path = RESULTS / "mini_stories.json"
    if given.marks:
        found = json.loads(path.read_text("utf-8"))
        marked(found["stories"], given.marks.read_text("utf-8").split("\n"))
    else:
        found = {"machine": machine(["numpy"]), "model": Path(given.model).name,
                 "stories": drawn(given.model)}  # fmt: skip
    print(write("mini_stories", found))
    print(describe(found))


if __name__ == "__main__":
    main()
