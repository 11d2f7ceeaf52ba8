"""How sure a figure is, and how well a model knows when it is right.

Of its probability of an answer two questions are asked. Over questions with the right text and with
a text that cannot hold the answer: how often is the first surer (area under the ROC curve)? And
over all answers, the surest first: how much of what is answered is wrong (the risk-coverage curve;
El-Yaniv & Wiener 2010, https://jmlr.org/papers/v11/el-yaniv10a.html)?
"""

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


def auroc(higher: Sequence[float], lower: Sequence[float]) -> float:
    """The chance that one of ``higher`` is above one of ``lower``, equal ones counted half."""
    if not higher or not lower:
        raise InputError("the area under a ROC curve needs figures of both kinds.")
    both = np.asarray([*higher, *lower], float)
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # the mean rank of equal ones, from 1
    total = float(ranks[inverse[: len(higher)]].sum())
    above = total - len(higher) * (len(higher) + 1) / 2
    return above / (len(higher) * len(lower))


def risk_coverage(confidences: Sequence[float], risks: Sequence[float]) -> list[float]:
    """The mean risk of the surest 1, 2, ... n answers; equally sure ones share their mean risk."""
    if len(confidences) != len(risks) or not risks:
        raise InputError(f"{len(confidences)} confidences do not match {len(risks)} risks.")
    sure, risk = np.asarray(confidences, float), np.asarray(risks, float)
    _, inverse = np.unique(-sure, return_inverse=True)
    even = np.bincount(inverse, risk) / np.bincount(inverse)
    ordered = even[np.sort(inverse)]
    return list(np.cumsum(ordered) / np.arange(1, len(ordered) + 1))


def area(confidences: Sequence[float], risks: Sequence[float]) -> float:
    """The mean of `risk_coverage`: lower is better; confidences that tell nothing give the mean
    risk."""
    return float(np.mean(risk_coverage(confidences, risks)))


def answered_wrongly(right: Sequence[float], wrong: Sequence[float], share: float = 0.5) -> float:
    """The share of questions without an answer that are answered all the same, at the bound above
    which ``share`` of those with one are."""
    bound = float(np.quantile(np.asarray(right, float), 1 - share))
    return float(np.mean(np.asarray(wrong, float) >= bound))
