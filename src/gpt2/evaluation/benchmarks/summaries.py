"""Summary sets: ROUGE of the task `summarize`, of Lead-3 and of Random-3."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import Any

from gpt2.evaluation.benchmark import Measure, Subject, percent
from gpt2.evaluation.benchmarks import publish
from gpt2.evaluation.metrics import rouge
from gpt2.evaluation.readers import Summarised, read_cnn_dailymail, read_dialogsum
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


def lead(text: str, count: int = 3) -> str:
    """The first sentences, one per line: Lead-3 of the paper's table 4."""
    return "\n".join(sentences(text)[:count])


def pick(text: str, seed: int, count: int = 3) -> str:
    """Random sentences in the order of the text, one per line: Random-3 of the same table."""
    every = sentences(text)
    at = sorted(random.Random(seed).sample(range(len(every)), min(count, len(every))))
    return "\n".join(every[i] for i in at)


def scores(summary: str, references: Sequence[str]) -> dict[str, float]:
    """ROUGE as rouge-score computes it for English, averaged over the references."""
    each = [rouge(summary, reference, "en") for reference in references]
    return {name: sum(one[name] for one in each) / len(each) for name in TITLES}


def judge(subject: Subject, examples: Sequence[Summarised]) -> list[dict[str, Any]]:
    """ROUGE of the model's summary and of both baselines."""
    rows = []
    for example in examples:
        result = TASKS["summarize"].run(subject.model, {"text": example.text})
        seed = int(hashlib.sha256(example.text.encode()).hexdigest()[:8], 16)
        every = {
            "": "\n".join(sentences(str(result["summary"]))),
            "lead_": lead(example.text),
            "random_": pick(example.text, seed),
        }
        row: dict[str, Any] = {"summary": every[""]}
        for prefix, summary in every.items():
            figures = scores(summary, example.summaries)
            row |= {f"{prefix}{name}": value for name, value in figures.items()}
        rows.append(row)
    return rows


def measures(references: str) -> tuple[Measure, ...]:
    """Each kind of ROUGE in percent, for the model and for the baselines."""
    ways = {
        "": (HOW, ""),
        "lead_": ("the text's first three sentences", ": Lead-3"),
        "random_": ("three sentences of the text, drawn with a seed", ": Random-3"),
    }
    kinds = "F1, rouge-score's words, no stemming, R-L of the whole text and R-Lsum by lines"
    return tuple(
        percent(f"{prefix}{name}", f"{title}{suffix}", f"{how}; {references}; {kinds}")
        for prefix, (how, suffix) in ways.items()
        for name, title in TITLES.items()
    )


CNN_DAILYMAIL = publish(
    "cnn-dailymail",
    lambda listed: read_cnn_dailymail(listed.parent),
    judge,
    measures("the highlights"),
)
DIALOGSUM = publish("dialogsum", read_dialogsum, judge, measures("the mean over three references"))
