"""Does a model's probability of its answer tell when it should have said nothing?

Two questions are asked of it. Over questions with the right text and with a text that cannot hold
the answer: how often is the first surer (area under the ROC curve)? And over all answers, the
surest first: how much of what is answered is wrong (the risk-coverage curve; El-Yaniv & Wiener
2010, https://jmlr.org/papers/v11/el-yaniv10a.html)?
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gpt2.errors import InputError


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
