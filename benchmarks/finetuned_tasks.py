"""The section of docs/results.md on the models of `recipes/tasks/run.py`."""

from __future__ import annotations

import math
from typing import Any

from benchmarks.common import table

TASK_MEASURES = {
    "bleu": "BLEU", "chrf": "chrF", "em": "exact match, %", "f1": "F1, %", "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2", "rougeL": "ROUGE-L", "own title": "likelier under its own title, %",
}  # fmt: skip
NO_MODEL = {"bleu": "copy_", "chrf": "copy_", "em": "trivial_", "f1": "trivial_",
            "rouge1": "lead_", "rouge2": "lead_", "rougeL": "lead_"}  # fmt: skip
OWN = {
    "translate": "short sentences of the Tatoeba test",
    "answer": "the recipe's own questions",
    "summarize": "the recipe's own texts",
    "write": "the recipe's own texts",
}
COUNT_TITLES = {
    "left out: the same again": "left out: duplicates",
    "left out: the Chinese is in the test set": "left out: Chinese side in the test set",
    "left out: the English is in the test set": "left out: English side in the test set",
    "left out: the question is in a test set": "left out: question in a test set",
}
CLEARLY = 2  # standard errors of a difference
Row = list[str]


def describe(found: dict[str, Any]) -> str:
    parts = [
        f"`recipes/tasks/run.py` fine-tunes `{found['model']}` for each task, in both languages, "
        "with at most eight minutes of one core each. Three things are measured before and after:\n"
        "\n- the loss on held-out rows of the recipe,\n"
        "- the task's measures on held-out rows (for translation on short sentences of the test "
        "set, since the model has read the other pairs before),\n"
        "- published test sets, which the training pairs do not overlap.\n\n"
        "Each figure is next to a baseline that needs no model: the better of those in the results "
        "file; on published sets the source as its own translation, the context's first sentence "
        "or the most frequent answer, and Lead-3. A model beats the baseline if the difference is "
        f"more than {CLEARLY} standard errors. The results file has ten outputs of each task.\n"
    ]
    for name, task in found["tasks"].items():
        counts = ", ".join(
            f"{COUNT_TITLES.get(key, key)} {count:,}" for key, count in task["counts"].items()
        )
        losses = [task[when]["loss"]["nats_a_token"] for when in ("before", "after")]
        rows = [["held-out rows", "loss, nats per token", *(f"{x:.3f}" for x in losses), "", "",
                 f"{task['validation']:,}"]]  # fmt: skip
        rows += _own(name, task)
        rows += [row for key in task["after"]["benchmarks"] for row in _published(task, key)]
        head = ["set", "measure", "before", "after", "baseline", "beats baseline", "examples"]
        parts.append(
            f"### {name.capitalize()}\n\n`{' '.join(task['command'])}`; rows: {counts}.\n\n"
            f"{table(head, rows)}\n"
        )
    return "\n".join(parts)


def _own(name: str, task: dict[str, Any]) -> list[Row]:
    """Rows of the task's own kind, next to the best baseline of each measure."""
    rows = []
    for key, before in task["before"]["rows"].items():
        other, best = max(
            ((which, own[key]) for which, own in task["no model"].items()),
            key=lambda one: one[1]["value"],
        )
        cells = _cells([before, task["after"]["rows"][key], best], which=other)
        rows.append([OWN[name], TASK_MEASURES[key], *cells, f"{task['rows']:,}"])
    return rows


def _published(task: dict[str, Any], name: str) -> list[Row]:
    both = [task[when]["benchmarks"][name] for when in ("before", "after")]
    rows = []
    for key, title in TASK_MEASURES.items():
        if key in both[0]["measures"]:
            own = [one["measures"][key] for one in both]
            cells = _cells([*own, both[1]["measures"][NO_MODEL[key] + key]])
            examples = f"{own[1]['rows']:,} of {both[1]['of']:,}"
            rows.append([both[1]["title"], title, *cells, examples])
    return rows


def _cells(figures: list[dict[str, float]], which: str = "") -> Row:
    """Before, after, without a model, and whether "after" is clearly above the baseline."""
    values = [f"{m['value']:.3g} ± {m['error']:.2g}" for m in figures]
    _, after, other = figures
    gap = after["value"] - other["value"]
    clear = gap > CLEARLY * math.hypot(after["error"], other["error"])
    name = f" ({which})" if which else ""
    return [*values[:2], values[2] + name, "yes" if clear else "no"]
