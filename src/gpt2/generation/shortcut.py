"""The shortcut: an engine that chooses its tokens itself, where the options allow it.

The tokens are those of the long way, from the same noise; only the scores of a whole vocabulary
never reach Python. It is open to greedy decoding and to sampling without anything that looks at all
scores: processors, records of scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gpt2.engine import ChoosingEngine, Logits, Sampling
from gpt2.generation import pipeline, sampling
from gpt2.generation.arrays import Processor
from gpt2.generation.config import GenerationConfig


class Shortcut:
    """An engine and how it chooses: ``how`` None means the most probable token."""

    def __init__(self, engine: ChoosingEngine, how: Sampling | None) -> None:
        self.engine, self.how = engine, how

    def __call__(
        self,
        cache: Any,
        ids: Sequence[Sequence[int]],
        rows: Sequence[int] | None,
        noise: list[float],
        logits: Logits,
    ) -> list[int]:
        """A token for each line of logits after the new ids of each row."""
        if self.how is not None:
            return self.engine.extend_draw(cache, ids, rows, self.how, noise, logits)
        return sampling.likeliest(self.engine.extend_top(cache, ids, rows, 1, logits))

    def stepper(self, cache: Any) -> Callable[[list[int], list[float]], list[int]]:
        """The same for one token in every row, made ready for many steps."""
        return self.engine.stepper(cache, self.how)


def shortcut(engine: Any, options: GenerationConfig, chain: Sequence[Processor]) -> Shortcut | None:
    """How ``engine`` chooses under these options, or None where it takes the long way.

    ``chain`` is what changes the scores: it must have no more in it than the options' warpers.
    """
    o = options
    if not isinstance(engine, ChoosingEngine) or len(chain) != len(pipeline.tail(o)):
        return None
    if not o.do_sample:
        return None if chain else Shortcut(engine, None)
    how = Sampling(
        temperature=o.temperature,
        top_k=o.top_k,
        top_p=o.top_p,
        min_p=o.min_p or 0.0,
        typical_p=o.typical_p,
        epsilon_cutoff=o.epsilon_cutoff,
        eta_cutoff=o.eta_cutoff,
        renormalize_logits=o.renormalize_logits,
    )
    few = 0 < o.top_k <= engine.most_top
    if o.top_h is not None or (how.by_probability and not few):
        return None
    return Shortcut(engine, how)
