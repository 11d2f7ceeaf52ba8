"""How sure a figure is, and how well a model knows when it is right."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from gpt2.errors import InputError

T = TypeVar("T")


def mean_error(values: Sequence[float]) -> float:
    """The standard error of a mean: sample deviation over the root of the count; NaN for one."""
    if len(values) < 2:
        return math.nan
    return float(np.std(values, ddof=1)) / math.sqrt(len(values))


def bootstrap_error(
    examples: Sequence[T],
    statistic: Callable[[Sequence[T]], float],
    *,
    times: int = 200,
    seed: int = 1234,
) -> float:
    """The standard error of any statistic of a set, by resampling its examples.

    For what is no mean: BLEU, a perplexity over words of texts of unlike lengths. The same
    examples, seed and times give the same figure; ``times`` examples sets are drawn.
    """
    if len(examples) < 2:
        return math.nan
    random = np.random.default_rng(seed)
    drawn = random.integers(0, len(examples), (times, len(examples)))
    return float(np.std([statistic([examples[i] for i in row]) for row in drawn], ddof=1))


@dataclass(frozen=True)
class Bin:
    """Examples whose confidence lies next to each other."""

    count: int
    confidence: float  # mean, 0..1
    accuracy: float  # mean, 0..1


@dataclass(frozen=True)
class Calibration:
    """How accuracy goes with confidence; `top` is the paper's figure of section 3.8."""

    bins: list[Bin]
    error: float  # expected calibration error: mean |confidence - accuracy|, weighted by count
    top: float  # accuracy on the most confident share
    top_count: int

    def json(self) -> dict[str, object]:
        """As plain values."""
        return {
            "bins": [vars(b) for b in self.bins],
            "expected_calibration_error": self.error,
            "accuracy_of_most_confident": self.top,
            "most_confident": self.top_count,
        }


def calibration(
    confidences: Sequence[float], correct: Sequence[float], bins: int = 10, share: float = 0.01
) -> Calibration:
    """Accuracy by confidence, in ``bins`` bins of equal count, least confident first.

    Args:
        confidences: the model's probability of its own answer, 0..1.
        correct: 1 where the answer was right, else 0.
        bins: at most one an example.
        share: of the most confident examples whose accuracy is told by itself. The paper: 63.1 %
            on the 1 % of Natural Questions that GPT-2 is most confident of. At least one example.

    Equal confidences keep their order in the list, so the figures do not depend on the machine.
    """
    if len(confidences) != len(correct) or not correct:
        raise InputError(f"{len(confidences)} confidences do not match {len(correct)} answers.")
    sure, right = np.asarray(confidences, float), np.asarray(correct, float)
    order = np.argsort(sure, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if len(part)]
    made = [Bin(len(p), float(sure[p].mean()), float(right[p].mean())) for p in parts]
    error = sum(b.count * abs(b.confidence - b.accuracy) for b in made) / len(order)
    count = max(1, round(share * len(order)))
    most = np.argsort(-sure, kind="stable")[:count]
    return Calibration(made, error, float(right[most].mean()), count)
