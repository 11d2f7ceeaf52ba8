"""Robustness: what typing errors, lost case and lost characters in the input do to a prediction.

LAMBADA's last word is predicted after a passage into which noise came (`gpt2.evaluation.noise`).
The word itself stays as it is, so the perplexity tells what the noise costs and not how odd it is.
Every tenth passage is taken, at each rate of each kind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gpt2.evaluation.benchmark import Benchmark, File, Measure, Row, Subject, corpus, mean
from gpt2.evaluation.noise import KINDS, RATES, noisy
from gpt2.evaluation.readers import read_lines

FILE, EVERY = "lambada_test.jsonl", 10
WORDS = {"typos": "the key beside it", "case": "the other case", "drop": "left out"}


def conditions() -> dict[str, tuple[str, float]]:
    """Name -> kind and rate; without noise all kinds are the same."""
    noise = [(kind, rate) for kind in KINDS for rate in RATES if rate]
    return {"clean": ("typos", 0.0), **{f"{k}_{round(100 * r)}": (k, r) for k, r in noise}}


def read(files: Mapping[str, Path]) -> list[str]:
    """Every tenth passage."""
    return [str(entry["text"]) for entry in read_lines(files[FILE])][::EVERY]


def judge(subject: Subject, examples: Sequence[str]) -> list[dict[str, Any]]:
    """The last word's logarithm, and whether it is predicted, under each condition."""
    pairs = []
    for text in examples:
        at = text.rindex(" ")
        for kind, rate in conditions().values():
            pairs.append(subject.encode(noisy(text[:at], kind, rate), text[at:]))
    scores = iter(subject.scorer.loglikelihood(pairs))
    rows = []
    for _ in examples:
        row: dict[str, Any] = {}
        for name in conditions():
            score = next(scores)
            row |= {f"{name}_word": score.logprob, f"{name}_acc": score.greedy}
        rows.append(row)
    return rows


def _perplexity(key: str) -> Any:
    def value(rows: Sequence[Row]) -> float:
        return math.exp(-sum(row[key] for row in rows) / len(rows))

    return value


def _measures() -> list[Measure]:
    found = []
    for name, (kind, rate) in conditions().items():
        noise = f"{rate:.0%} of the letters before it: {WORDS[kind]}" if rate else "no noise"
        how = f"LAMBADA, OpenAI's text, every tenth passage; the whole last word; {noise}"
        title = f"{kind} {rate:.0%}" if rate else "clean"
        key = f"{name}_word"
        found += [
            corpus(f"{name}_ppl", f"perplexity, {title}", how, [key], _perplexity(key),
                   better="lower"),
            mean(f"{name}_acc", f"accuracy, %, {title}", how, f"{name}_acc", scale=100),
        ]  # fmt: skip
    return found


BENCHMARK = Benchmark(
    name="robustness",
    title="Robustness to noise",
    source="this project's noise in https://huggingface.co/datasets/EleutherAI/lambada_openai",
    licence="CC BY 4.0",
    files=(File(FILE, "4aa8d02cd17c719165fc8a7887fddd641f43fcafa4b1c806ca8abc31fabdb226"),),
    get="Save https://huggingface.co/datasets/EleutherAI/lambada_openai, data/lambada_test.jsonl.",
    read=read,
    judge=judge,
    measures=tuple(_measures()),
    together=32,
    group="more",
)
