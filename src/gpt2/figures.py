"""Metrics that several parts of the package report."""

from __future__ import annotations

import math

LARGEST_LOSS = 700.0  # nats; exp overflows a float beyond 709


def perplexity_of(loss: float) -> float:
    """The exponential of a mean loss in nats: the effective number of equally likely tokens. A loss
    above 700, which only broken weights have, is clamped so that the result is finite in JSON."""
    return math.exp(min(loss, LARGEST_LOSS))
