"""How tokens are chosen under given options: from scores here, or by the engine itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gpt2.engine import ChoosingEngine, Engine, Logits, Sampling
from gpt2.generation import pipeline, sampling
from gpt2.generation.arrays import Array, Processor
from gpt2.generation.config import GenerationConfig


@dataclass(frozen=True, slots=True)
class Policy:
    """The options and processors of the rows whose tokens are chosen together."""

    options: GenerationConfig
    chain: Sequence[Processor]

    def choose(self, scores: Array, noise: Sequence[float] | None) -> Array:
        """Choose tokens [R] from processed scores [R, V]; `gpt2.generation.sampling.NONE` for none.

        ``noise`` holds one number per row for sampling; None uses the global generator.
        """
        return sampling.draw(scores, noise) if self.options.do_sample else sampling.greedy(scores)

    def shortcut(self, engine: Engine) -> Shortcut | None:
        """How ``engine`` itself chooses under these options, or None if it cannot.

        It can for greedy decoding, and for sampling without options that need all scores. The
        tokens are the same as those chosen from scores with the same noise, but the scores of the
        full vocabulary never reach Python.
        """
        o = self.options
        if not isinstance(engine, ChoosingEngine) or len(self.chain) != len(pipeline.tail(o)):
            return None
        if not o.do_sample:
            return None if self.chain else Shortcut(engine, None)
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


@dataclass(frozen=True, slots=True)
class Shortcut:
    """An engine that chooses the tokens itself; ``how`` is None for the most probable ones."""

    engine: ChoosingEngine
    how: Sampling | None

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
        """A function that does the same for one token per row, prepared for many steps."""
        return self.engine.stepper(cache, self.how)
