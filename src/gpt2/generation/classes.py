"""The base classes of own criteria and processors, as transformers names them.

``generate`` takes any function of the same arguments too.
"""

from __future__ import annotations

from typing import Any

from gpt2.generation.arrays import Array


class StoppingCriteria:
    """Tells which rows are finished, after each token."""

    def __call__(self, input_ids: Array, scores: Any, **kwargs: Any) -> Any:
        """For ids [R, T] and the scores of the steps (None where not kept): truth values [R]."""
        raise NotImplementedError("a StoppingCriteria must say in __call__ which rows end")


class StoppingCriteriaList(list[Any]):
    """Criteria of which one is enough."""

    def __call__(self, input_ids: Array, scores: Any, **kwargs: Any) -> Any:
        """Whether any of them ends a row: truth values [R]."""
        done = input_ids[:, -1] != input_ids[:, -1]
        for criterion in self:
            done = done | criterion(input_ids, scores, **kwargs)
        return done


class LogitsProcessor:
    """Changes the scores before a token is chosen."""

    def __call__(self, input_ids: Array, scores: Array) -> Array:
        """For ids [R, T] and scores [R, V]: new scores."""
        raise NotImplementedError("a LogitsProcessor must give new scores in __call__")


class LogitsProcessorList(list[Any]):
    """Processors, one after the other."""

    def __call__(self, input_ids: Array, scores: Array) -> Array:
        """The scores after all of them."""
        for processor in self:
            scores = processor(input_ids, scores)
        return scores
