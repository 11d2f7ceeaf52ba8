"""Standard errors of figures, and the calibration of a model's confidence.

The probability of an answer is evaluated in two ways. Over questions with the right text and with a
text that cannot contain the answer: how often the first has the higher probability (area under the
ROC curve). Over all answers, most confident first: how many of the given answers are wrong (the
risk-coverage curve; El-Yaniv & Wiener 2010, https://jmlr.org/papers/v11/el-yaniv10a.html).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from gpt2.errors import InputError

T = TypeVar("T")


def finite(value: float) -> float | None:
    """A value for JSON, which has no NaN: None if it is not finite."""
    return value if math.isfinite(value) else None


def mean_error(values: Sequence[float]) -> float:
    """The standard error of a mean: sample standard deviation / sqrt(count); NaN for one value."""
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

    It is for statistics that are not means: BLEU, or a perplexity per word over texts of different
    lengths. ``times`` sets of examples are drawn. The same examples, seed and times give the same
    figure.
    """
    if len(examples) < 2:
        return math.nan
    random = np.random.default_rng(seed)
    drawn = random.integers(0, len(examples), (times, len(examples)))
    return float(np.std([statistic([examples[i] for i in row]) for row in drawn], ddof=1))


@dataclass(frozen=True)
class Bin:
    """Examples of adjacent confidence."""

    count: int
    confidence: float  # mean, 0..1
    accuracy: float  # mean, 0..1


@dataclass(frozen=True)
class Calibration:
    """Accuracy as a function of confidence; `top` is the paper's figure of section 3.8."""

    bins: list[Bin]
    error: float  # expected calibration error: mean |confidence - accuracy|, weighted by count
    top: float  # accuracy on the most confident share
    top_count: int


def calibration(
    confidences: Sequence[float], correct: Sequence[float], bins: int = 10, share: float = 0.01
) -> Calibration:
    """Accuracy by confidence, in ``bins`` bins of equal count, least confident first.

    Args:
        confidences: the model's probability of its own answer, 0..1.
        correct: 1 if the answer was right, else 0.
        bins: at most one per example.
        share: the share of the most confident examples whose accuracy is also reported separately.
            The paper: 63.1 % on the 1 % of Natural Questions that GPT-2 is most confident in. At
            least one example.

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
    """The probability that one of ``higher`` exceeds one of ``lower``; ties count half."""
    if not higher or not lower:
        raise InputError("the area under a ROC curve requires examples of both classes.")
    both = np.asarray([*higher, *lower], float)
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # the mean rank of ties, from 1
    total = float(ranks[inverse[: len(higher)]].sum())
    above = total - len(higher) * (len(higher) + 1) / 2
    return above / (len(higher) * len(lower))


def risk_coverage(confidences: Sequence[float], risks: Sequence[float]) -> list[float]:
    """The mean risk of the 1, 2, ... n most confident answers; ties share their mean risk."""
    if len(confidences) != len(risks) or not risks:
        raise InputError(f"{len(confidences)} confidences do not match {len(risks)} risks.")
    sure, risk = np.asarray(confidences, float), np.asarray(risks, float)
    _, inverse = np.unique(-sure, return_inverse=True)
    even = np.bincount(inverse, risk) / np.bincount(inverse)
    ordered = even[np.sort(inverse)]
    return list(np.cumsum(ordered) / np.arange(1, len(ordered) + 1))


def area(confidences: Sequence[float], risks: Sequence[float]) -> float:
    """The mean of `risk_coverage`; lower is better, and chance level is the mean risk."""
    return float(np.mean(risk_coverage(confidences, risks)))


def answered_wrongly(right: Sequence[float], wrong: Sequence[float], share: float = 0.5) -> float:
    """The share of unanswerable questions that are answered anyway, at the threshold that answers
    ``share`` of the answerable ones."""
    bound = float(np.quantile(np.asarray(right, float), 1 - share))
    return float(np.mean(np.asarray(wrong, float) >= bound))
