"""The shortcut: an engine that chooses its tokens itself, where the options allow it.

The tokens are those of the long way, from the same noise; only the scores of a whole vocabulary
never reach Python. It is open to greedy decoding and to sampling without anything that looks at all
scores: processors, records of scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gpt2.engine import ChoosingEngine, Logits, Sampling
from gpt2.generation import arrays, pipeline, sampling
from gpt2.generation.arrays import Processor
from gpt2.generation.config import GenerationConfig

# (cache, new ids of each row, rows, noise, "last" or "all") -> a token for each line of logits
Shortcut = Callable[[Any, Sequence[Sequence[int]], Sequence[int] | None, list[float], Logits],
                    list[int]]  # fmt: skip

MOST_FEW = 64  # the largest top_k for which the largest logits alone are fetched
SPARE = 8  # fetched beyond them, to see what equals the last


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
    others = o.top_h is not None or o.typical_p < 1 or o.epsilon_cutoff or o.eta_cutoff
    if not others and not o.renormalize_logits:
        how = Sampling(o.temperature, o.top_k, o.top_p, o.min_p or 0.0)
        return lambda cache, ids, rows, noise, logits: engine.extend_draw(
            cache, ids, rows, how, noise, logits
        )
    if o.top_h is None and 0 < o.top_k <= MOST_FEW:
        return _Few(engine, o, chain)
    return None


class _Few:
    """The warpers' own way on the few that top_k leaves, in the order of their ids."""

    def __init__(self, engine: Any, options: GenerationConfig, chain: Sequence[Processor]) -> None:
        self.engine, self.chain = engine, chain
        self.k, self.temperature = options.top_k, options.temperature

    def __call__(
        self, cache: Any, ids: Any, rows: Any, noise: list[float], logits: Logits
    ) -> list[int]:
        V = self.engine.config.vocab_size
        k = min(self.k + SPARE, self.engine.most_top, V)
        top, values = self.engine.extend_top(cache, ids, rows, k, logits)
        if k < V and self._more_equal_the_last(values):
            return self._long_way(cache, ids, rows, noise, logits)
        order = np.argsort(top, axis=1)
        top, values = arrays.take(top, order), arrays.take(values, order)
        places = sampling.pick(pipeline.apply(self.chain, top, values), noise)
        chosen: list[int] = arrays.take(top, places[:, None])[:, 0].tolist()
        return chosen

    def _more_equal_the_last(self, values: Any) -> bool:
        scores = values[:, [self.k - 1, -1]] / self.temperature
        return not (scores[:, 0] > scores[:, 1]).all()

    def _long_way(
        self, cache: Any, ids: Any, rows: Any, noise: list[float], logits: Logits
    ) -> list[int]:
        lengths = cache.lengths
        for row, new in zip(range(cache.rows) if rows is None else rows, ids, strict=True):
            cache.truncate(row, lengths[row] - len(new))
        scores = self.engine.extend(cache, ids, rows, logits)
        chosen: list[int] = sampling.pick(
            pipeline.apply(self.chain, scores, scores), noise
        ).tolist()
        return chosen
