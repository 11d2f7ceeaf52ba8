"""Task scores against model size: does a score grow with the logarithm of the parameters?

The paper's figure 1 and its abstract: "increasing it improves performance in a log-linear fashion".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gpt2.errors import InputError


@dataclass(frozen=True)
class Line:
    """A straight line through scores over log10 of the parameters."""

    slope: float  # points of the score for ten times the parameters
    at: float  # the score at 100 million parameters
    r_squared: float  # share of the scores' variance that the line tells; NaN where they are equal

    def __call__(self, parameters: float) -> float:
        """The line's score for a size."""
        return self.at + self.slope * (math.log10(parameters) - 8)


def fit(sizes: Sequence[int], scores: Sequence[float]) -> Line:
    """Least squares. Raises `InputError` for fewer than two different sizes."""
    if len(sizes) != len(scores) or len(set(sizes)) < 2:
        raise InputError(f"a line needs scores of two sizes at least, found {list(sizes)}.")
    x, y = np.log10(np.asarray(sizes, float)) - 8, np.asarray(scores, float)
    slope, at = np.polyfit(x, y, 1)
    spread = float(((y - y.mean()) ** 2).sum())
    left = float(((y - (at + slope * x)) ** 2).sum())
    return Line(float(slope), float(at), 1 - left / spread if spread else math.nan)
