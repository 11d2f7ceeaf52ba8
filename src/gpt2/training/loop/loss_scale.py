"""The loss scale of fp16: gradients are computed of the loss times a power of two."""

from __future__ import annotations

import dataclasses
import math

from gpt2.errors import TrainingError

FIRST, GROWTH = 2.0**16, 2000  # the first scale; good steps after which it doubles


@dataclasses.dataclass
class LossScale:
    """As large as overflow allows (Micikevicius et al. 2018, section 3.2).

    It halves when a gradient overflows, whose step is left out, and doubles after `GROWTH` good
    steps. For precisions with fp32's range it stays 1.
    """

    value: float = 1.0
    good: int = 0
    active: bool = False

    @classmethod
    def of(cls, precision: str) -> LossScale:
        """The scale to begin with."""
        return cls(FIRST, 0, True) if precision == "fp16" else cls()

    def accept(self, norm: float) -> bool:
        """Take note of a step's gradient norm; False: it overflowed, leave the step out.

        Raises `TrainingError` where overflow is not the reason.
        """
        if not self.active:
            return True
        if math.isfinite(norm):
            self.good += 1
            if self.good == GROWTH:
                self.value, self.good = 2 * self.value, 0
            return True
        if self.value <= 1:
            raise TrainingError("the gradient is not finite at any loss scale.")
        self.value, self.good = self.value / 2, 0
        return False
