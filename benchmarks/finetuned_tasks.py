"""The section of docs/results.md on what `recipes/tasks/run.py` made."""

from __future__ import annotations

from typing import Any

from benchmarks.common import table

TASK_MEASURES = {
    "bleu": "BLEU", "chrf": "chrF", "em": "exact match, %", "f1": "F1, %", "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2", "rougeL": "ROUGE-L",
}  # fmt: skip
NO_MODEL = {"bleu": "copy_", "chrf": "copy_", "em": "trivial_", "f1": "trivial_",
            "rouge1": "lead_", "rouge2": "lead_", "rougeL": "lead_"}  # fmt: skip


def describe(found: dict[str, Any]) -> str:
    parts = [
        f"`{found['model']}` fine-tuned for each task by `recipes/tasks/run.py` for some minutes "
        "of one core, and measured before and after: the loss on rows of the recipe that were not "
        "trained on, and the task's test sets, of which the pairs hold nothing. Without a model: "
        "the source as its translation, the context's first sentence or the most frequent answer, "
        "Lead-3. What a model of this size writes is not worth reading; the file has ten of each.\n"
    ]
    for name, task in found["tasks"].items():
        counts = ", ".join(f"{key} {count:,}" for key, count in task["counts"].items())
        losses = [task[when]["loss"]["nats_a_token"] for when in ("before", "after")]
        rows = [["rows not trained on", "loss, nats a token", *(f"{x:.3f}" for x in losses), "",
                 f"{task['validation']:,}"]]  # fmt: skip
        rows += [row for key in task["after"]["benchmarks"] for row in _before_after(task, key)]
        parts.append(
            f"### {name.capitalize()}\n\n`{' '.join(task['command'])}`; rows: {counts}.\n\n"
            + table(["set", "measure", "before", "after", "no model", "examples"], rows)
            + "\n"
        )
    return "\n".join(parts)


def _before_after(task: dict[str, Any], name: str) -> list[list[str]]:
    both = [task[when]["benchmarks"][name] for when in ("before", "after")]
    rows = []
    for key, title in TASK_MEASURES.items():
        if key in both[0]["measures"]:
            own = [one["measures"][key] for one in both]
            other = both[1]["measures"][NO_MODEL[key] + key]
            values = [f"{m['value']:.3g} ± {m['error']:.2g}" for m in (*own, other)]
            examples = f"{own[1]['rows']:,} of {both[1]['of']:,}"
            rows.append([both[1]["title"], title, *values, examples])
    return rows
