"""The numpy reference as an engine: `gpt2.reference` behind the interface of `gpt2.engine`.

It runs wherever numpy does, and the tests compare the fast engines with it. Nothing is batched:
each row is computed separately, so it cannot depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from gpt2 import reference
from gpt2.config import GPT2Config
from gpt2.engine import Logits
from gpt2.errors import ContextLengthError, InputError, OptionError
from gpt2.generation import LanguageModel

Array = npt.NDArray[np.floating[Any]]


class NumpyCache:
    """The keys and values of each row in the reference's form; a `gpt2.engine.KVCache`."""

    def __init__(self, config: GPT2Config, rows: int, capacity: int, dtype: npt.DTypeLike) -> None:
        self.capacity = capacity
        self.caches = [reference.empty_cache(config, dtype) for _ in range(rows)]

    @property
    def rows(self) -> int:
        """The number of sequences."""
        return len(self.caches)

    @property
    def lengths(self) -> list[int]:
        """The number of tokens in each row."""
        return [cache[0][0].shape[1] for cache in self.caches]

    def gather(self, sources: Sequence[int]) -> None:
        """Replace each row ``r`` by the previous row ``sources[r]``; rows may share arrays."""
        if len(sources) != self.rows:
            raise InputError(f"gather requires {self.rows} sources, found {len(sources)}.")
        for source in sources:
            self._check(source)
        self.caches = [list(self.caches[source]) for source in sources]

    def copy(self, source: int, target: int, length: int) -> None:
        """Replace row ``target`` by the first ``length`` tokens of row ``source``."""
        self._check(source, length)
        self._check(target)
        self.caches[target] = [(k[:, :length], v[:, :length]) for k, v in self.caches[source]]

    def truncate(self, row: int, length: int) -> None:
        """Drop all but the first ``length`` tokens of a row."""
        self._check(row, length)
        self.caches[row] = [(k[:, :length], v[:, :length]) for k, v in self.caches[row]]

    def _check(self, row: int, length: int = 0) -> None:
        if not 0 <= row < self.rows:
            raise InputError(f"the cache has {self.rows} rows, found row {row}.")
        if not 0 <= length <= self.lengths[row]:
            raise InputError(f"row {row} has {self.lengths[row]} tokens, found {length} to keep.")


class NumpyEngine(LanguageModel):
    """GPT-2 in numpy; a `gpt2.engine.Engine`.

    Args:
        weights: arrays by their names in the checkpoint (``transformer.h.0.attn.c_attn.weight``).
            Their dtype is also that of the computation and the logits.
        config: the model's configuration.
        tokenizer: for text prompts; None if only ids are used.
    """

    name = "reference"

    def __init__(
        self, weights: Mapping[str, Array], config: GPT2Config, tokenizer: Any = None
    ) -> None:
        self.weights = weights
        self.config = config
        self.tokenizer = tokenizer

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the weights."""
        return self.weights["transformer.wte.weight"].dtype

    def new_cache(self, rows: int, capacity: int | None = None) -> NumpyCache:
        """Create an empty cache for ``rows`` sequences of up to ``capacity`` tokens."""
        limit = self.config.n_positions
        return NumpyCache(self.config, rows, min(capacity or limit, limit), self.dtype)

    def extend(
        self,
        cache: NumpyCache,
        ids: Sequence[Sequence[int]] | npt.NDArray[Any],
        rows: Sequence[int] | None = None,
        logits: Logits = "last",
    ) -> Array | None:
        """Append tokens to rows of the cache; see `gpt2.engine.Engine.extend`."""
        if logits not in get_args(Logits):
            raise OptionError(f"logits must be one of {get_args(Logits)}, found {logits!r}.")
        chosen = range(cache.rows) if rows is None else rows
        distinct = len(set(chosen)) == len(chosen) and set(chosen) <= set(range(cache.rows))
        if len(ids) != len(chosen) or not distinct:
            raise InputError(f"{len(ids)} rows of ids do not match the rows {list(chosen)}.")
        new = [np.asarray(row) for row in ids]
        lengths = cache.lengths
        for row, tokens in zip(chosen, new, strict=True):
            self._check(tokens, lengths[row], cache.capacity)
        out = [
            reference.forward(self.weights, self.config, tokens, cache.caches[row])
            for row, tokens in zip(chosen, new, strict=True)
        ]
        if logits == "none":
            return None
        return np.concatenate(out) if logits == "all" else np.stack([row[-1] for row in out])

    def _check(self, tokens: npt.NDArray[Any], held: int, capacity: int) -> None:
        if tokens.ndim != 1 or not len(tokens):
            raise InputError("a row of ids must have at least one token.")
        if tokens.dtype.kind not in "iu":
            raise InputError(f"token ids must be integers, found {tokens.dtype}.")
        if tokens.min() < 0 or tokens.max() >= self.config.vocab_size:
            raise InputError(f"ids must be from 0 to {self.config.vocab_size - 1}, found {tokens}.")
        if held + len(tokens) > capacity:
            raise ContextLengthError(
                f"{held} + {len(tokens)} tokens exceed the context length of {capacity}."
            )
