"""The shortcut: an engine that chooses its tokens itself, where the options allow it.

The tokens are those of the long way, from the same noise; only the scores of a whole vocabulary
never reach Python. It is open to greedy decoding and to sampling without anything that looks at all
scores: processors, records of scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gpt2.engine import ChoosingEngine, Logits, Sampling
from gpt2.generation import pipeline
from gpt2.generation.arrays import Processor
from gpt2.generation.config import GenerationConfig

# (cache, new ids of each row, rows, noise, "last" or "all") -> a token for each line of logits
Shortcut = Callable[[Any, Sequence[Sequence[int]], Sequence[int] | None, list[float], Logits],
                    list[int]]  # fmt: skip


def shortcut(engine: Any, options: GenerationConfig, chain: Sequence[Processor]) -> Shortcut | None:
    """How ``engine`` chooses under these options, or None where it takes the long way.

    ``chain`` is what changes the scores: it must have no more in it than the options' warpers.
    """
    o = options
    if not isinstance(engine, ChoosingEngine) or len(chain) != len(pipeline.tail(o)):
        return None
    if not o.do_sample:
        return (
            None
            if chain
            else lambda cache, ids, rows, _, logits: engine.extend_best(cache, ids, rows, logits)
        )
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
    return lambda cache, ids, rows, noise, logits: engine.extend_draw(
        cache, ids, rows, how, noise, logits
    )
