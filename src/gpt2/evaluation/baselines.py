"""What can be had without a model: the first sentences, any sentences, the source, one answer."""

from __future__ import annotations

import random

from gpt2.tasks.sentences import sentences


def lead(text: str, count: int = 3) -> str:
    """The first sentences, a line each: Lead-3 of the paper's table 4."""
    return "\n".join(sentences(text)[:count])


def picked(text: str, seed: int, count: int = 3) -> str:
    """Sentences drawn at random, in the text's order, a line each: Random-3 of the same table."""
    every = sentences(text)
    at = sorted(random.Random(seed).sample(range(len(every)), min(count, len(every))))
    return "\n".join(every[i] for i in at)
