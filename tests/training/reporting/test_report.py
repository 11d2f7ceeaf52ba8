"""The report of a run, and the baselines its loss is compared with."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from gpt2.data.overlap import Copied
from gpt2.errors import InputError
from gpt2.training.inputs.batches import IGNORED, Batch
from gpt2.training.reporting.baselines import PRIORS, count_baselines
from gpt2.training.reporting.log import Log
from gpt2.training.reporting.report import make_report, warnings
from gpt2.training.reporting.validation import Validation

V = 7


def batch_of(ids: list[int], ignored: int = 0) -> Batch:
    labels = np.array([ids[1:]])
    labels[0, :ignored] = IGNORED
    return Batch(np.array([ids[:-1]]), labels)


def text(seed: int, length: int = 400) -> list[int]:
    """Tokens in which the next depends on the last."""
    chance, ids = np.random.default_rng(seed), [0]
    for _ in range(length):
        ids.append(int((ids[-1] * 2 + chance.integers(0, 3)) % V))
    return ids


def test_baselines_are_what_counting_gives() -> None:
    train, held = text(0), text(1)
    found = count_baselines([batch_of(train[:200]), batch_of(train[199:])], [batch_of(held)], V)
    counts, pairs = Counter(train[1:]), Counter(itertools.pairwise(train))
    firsts = Counter(train[:-1])
    p = {t: (counts[t] + 1) / (len(train) - 1 + V) for t in range(V)}
    unigram = -np.mean([math.log(p[t]) for t in held[1:]])
    bigram = min(
        -np.mean([math.log((pairs[a, b] + m * p[b]) / (firsts[a] + m))
                  for a, b in itertools.pairwise(held)])
        for m in PRIORS
    )  # fmt: skip
    assert found.uniform == math.log(V)
    assert found.unigram == pytest.approx(unigram)
    assert found.bigram == pytest.approx(bigram)
    assert found.bigram < found.unigram - 0.3
    assert found.tokens == 400


def test_what_does_not_count_is_not_counted() -> None:
    train = count_baselines([batch_of(text(0), ignored=100)], [batch_of(text(1), ignored=399)], V)
    assert train.tokens == 300
    with pytest.raises(InputError, match="nothing to compare"):
        count_baselines([batch_of(text(0))], [batch_of([1, 2], ignored=1)], V)
    assert count_baselines([batch_of(text(0))] * 9, [batch_of(text(1))], V, most=500).tokens == 800


def write_run(folder: Path, losses: list[float], sample: str) -> None:
    with Log(folder, 100, tokens_per_step=1, flops_per_token=1, show=False) as log:
        for step in range(1, 101):
            log.step(step, 3 - step / 100, 1e-3, 1.0, 0.1, 1)
        for step, loss in zip((50, 100), losses, strict=True):
            log.validation(step, Validation(loss, 100, 2.0, {"1": 4.0, "2": 3.0, "3-4": 2.5}))
        log.sample(100, "Once", sample)


CORPUS = "it was the best of times it was the worst of times it was the age of wisdom"


def test_a_run_is_reported(tmp_path: Path) -> None:
    write_run(tmp_path, [1.5, 1.2], f" upon a time {CORPUS[:52]} of iron")
    report = make_report(
        tmp_path, V, [batch_of(text(0))], [batch_of(text(1))], [CORPUS], epochs=1.5
    )
    report.write(tmp_path)
    shown = (tmp_path / "report.md").read_text("utf-8")
    read = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert read["loss"] == read["last_loss"] == 1.2
    assert read["training_loss"] == pytest.approx(np.mean([3 - s / 100 for s in range(91, 101)]))
    assert read["samples"][0]["longest"] == 12
    assert read["warnings"] == report.warnings
    for part in (
        "| perplexity | 3.32 |",
        "| every token equally likely (ln V) | 1.946 | 7.0 tokens |",
        "in 25.0% of its size",
        "Reading 3-4 tokens instead of 2 gains 0.5000 nats per token.",
        "The longest copied run has 12 words: “it was the best of times it was the worst of times”",
        "    Once upon a time it was",
    ):
        assert part in shown
    with pytest.raises(InputError, match="no validation"):
        make_report(tmp_path / "none", V, [], [], [], epochs=1)


def test_a_text_learned_by_heart_is_warned_of(tmp_path: Path) -> None:
    write_run(tmp_path, [2.3, 2.6], "")
    report = make_report(tmp_path, V, [batch_of(text(0))], [batch_of(text(1))], [CORPUS], epochs=9)
    assert [warning.split()[:3] for warning in report.warnings] == [
        ["The", "validation", "loss"], ["The", "training", "loss"], ["The", "model", "saw"],
    ]  # fmt: skip
    assert (report.loss, report.step, report.last_loss) == (2.3, 50, 2.6)
    assert "no better than counting bigrams" in report.markdown()


def test_warnings_need_a_reason() -> None:
    assert warnings(2.0, 1.99, 10, 1.8, 50) == []
    assert warnings(2.0, 2.0, 10, None, 50) == []
    copied = Copied(100, 5, 30, "")
    assert "30 words in a row" in warnings(2.0, 2.0, 10, 1.9, 1, [copied])[0]
