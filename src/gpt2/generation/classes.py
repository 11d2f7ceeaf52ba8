"""The base classes of custom criteria and processors, under transformers' names.

``generate`` also takes any function with the same arguments.
"""

from __future__ import annotations

from typing import Any

from gpt2.generation.arrays import Array


class StoppingCriteria:
    """Decides after each token which rows are finished."""

    def __call__(self, input_ids: Array, scores: Any, **kwargs: Any) -> Any:
        """Map ids [R, T] and the scores of the steps (None if not kept) to booleans [R]."""
        raise NotImplementedError(
            "a StoppingCriteria must implement __call__ and return which rows stop"
        )


class StoppingCriteriaList(list[Any]):
    """A list of criteria; a row ends as soon as one of them is met."""

    def __call__(self, input_ids: Array, scores: Any, **kwargs: Any) -> Any:
        """Whether any criterion ends a row: booleans [R]."""
        done = input_ids[:, -1] != input_ids[:, -1]
        for criterion in self:
            done = done | criterion(input_ids, scores, **kwargs)
        return done


class LogitsProcessor:
    """Changes the scores before a token is chosen."""

    def __call__(self, input_ids: Array, scores: Array) -> Array:
        """Map ids [R, T] and scores [R, V] to new scores."""
        raise NotImplementedError(
            "a LogitsProcessor must implement __call__ and return the new scores"
        )


class LogitsProcessorList(list[Any]):
    """A list of processors, applied one after the other."""

    def __call__(self, input_ids: Array, scores: Array) -> Array:
        """The scores after all processors."""
        for processor in self:
            scores = processor(input_ids, scores)
        return scores
