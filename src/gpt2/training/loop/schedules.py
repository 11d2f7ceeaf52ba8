"""The learning-rate schedule: a factor of the peak rate, as a pure function of the step."""

from __future__ import annotations

import math

from gpt2.training.config import TrainingConfig


def factor(step: int, config: TrainingConfig) -> float:
    """The factor of ``config.lr`` at a step (from 0): above 0, at most 1.

    Warm-up is linear. After it, cosine: half a cosine down to ``min_lr`` (Loshchilov and Hutter
    2017, "SGDR", equation 5); wsd: constant, then linear down to ``min_lr`` over the last part
    ``decay`` of all steps (Hu et al. 2024, "MiniCPM", section 4); constant.
    """
    warmup = config.warmup_steps
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if config.schedule == "cosine":
        done = (step - warmup) / max(1, config.steps - warmup)
        return config.min_lr + (1 - config.min_lr) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    if config.schedule == "wsd":
        decaying = max(1, round(config.decay * config.steps))
        left = (config.steps - step) / decaying  # 1 at the start of the decay
        return config.min_lr + (1 - config.min_lr) * min(1.0, max(0.0, left))
    return 1.0
