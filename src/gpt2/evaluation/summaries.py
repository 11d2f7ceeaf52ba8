"""Summary sets: ROUGE of what the task `summarize` gives, of Lead-3 and of Random-3."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from gpt2.evaluation.baselines import lead, picked
from gpt2.evaluation.benchmark import Measure, Subject, mean
from gpt2.evaluation.metrics import rouge
from gpt2.evaluation.readers import Summarised
from gpt2.tasks import TASKS
from gpt2.tasks.sentences import sentences

HOW = "the task summarize: TL;DR:, top-k 2 with a seed, three sentences; long texts in parts"
TITLES = {
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "rougeLsum": "ROUGE-Lsum",
    "average": "R-AVG",
}


def scores(summary: str, references: Sequence[str]) -> dict[str, float]:
    """ROUGE as rouge-score counts English, the mean over the references."""
    found = [rouge(summary, reference, "en") for reference in references]
    return {name: sum(one[name] for one in found) / len(found) for name in TITLES}


def judge(subject: Subject, examples: Sequence[Summarised]) -> list[dict[str, Any]]:
    """ROUGE of the model's summary and of both baselines."""
    rows = []
    for example in examples:
        found = TASKS["summarize"].run(subject.model, {"text": example.text}, None, {})
        seed = int(hashlib.sha256(example.text.encode()).hexdigest()[:8], 16)
        every = {
            "": "\n".join(sentences(str(found["summary"]))),
            "lead_": lead(example.text),
            "random_": picked(example.text, seed),
        }
        row: dict[str, Any] = {"summary": every[""]}
        for prefix, summary in every.items():
            own = scores(summary, example.summaries)
            row |= {f"{prefix}{name}": value for name, value in own.items()}
        rows.append(row)
    return rows


def measures(references: str) -> tuple[Measure, ...]:
    """Each kind of ROUGE in percent, of the model and of the baselines."""
    ways = {
        "": (HOW, ""),
        "lead_": ("the text's first three sentences", ": Lead-3"),
        "random_": ("three sentences of the text, drawn with a seed", ": Random-3"),
    }
    kinds = "F1, rouge-score's words, no stemming, R-L of the whole text and R-Lsum by lines"
    return tuple(
        mean(
            f"{prefix}{name}",
            f"{title}{suffix}",
            f"{how}; {references}; {kinds}",
            f"{prefix}{name}",
            scale=100,
        )
        for prefix, (how, suffix) in ways.items()
        for name, title in TITLES.items()
    )
