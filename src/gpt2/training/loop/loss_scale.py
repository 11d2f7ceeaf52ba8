"""Loss scaling for fp16: the loss is multiplied by a power of two before the backward pass."""

from __future__ import annotations

import dataclasses
import math

from gpt2.errors import TrainingError

FIRST, GROWTH = 2.0**16, 2000  # the initial scale; good steps before it doubles


@dataclasses.dataclass
class LossScale:
    """A loss scale that is as large as overflow allows (Micikevicius et al. 2018, section 3.2).

    It halves when a gradient overflows, and that step is skipped; it doubles after `GROWTH` good
    steps. For precisions with the range of fp32 it stays 1.
    """

    value: float = 1.0
    good: int = 0
    active: bool = False

    @classmethod
    def of(cls, precision: str) -> LossScale:
        """The initial scale for a precision."""
        return cls(FIRST, 0, True) if precision == "fp16" else cls()

    def accept(self, norm: float) -> bool:
        """Record the gradient norm of a step; False means that it overflowed: skip the step.

        Raises `TrainingError` if the cause is not overflow.
        """
        if not self.active:
            return True
        if math.isfinite(norm):
            self.good += 1
            if self.good == GROWTH:
                self.value, self.good = 2 * self.value, 0
            return True
        if self.value <= 1:
            raise TrainingError("the gradient is NaN or infinite at every loss scale.")
        self.value, self.good = self.value / 2, 0
        return False
