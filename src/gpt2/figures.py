"""Figures that several parts report."""

from __future__ import annotations

import math

LARGEST_LOSS = 700.0  # nats; e to more than 709 is no float


def perplexity_of(loss: float) -> float:
    """e to a mean loss in nats: between how many equally likely tokens a model is torn. Of a loss
    beyond 700, which only broken weights have, that of 700: a number that JSON can hold."""
    return math.exp(min(loss, LARGEST_LOSS))
