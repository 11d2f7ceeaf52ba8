"""The numpy reference as an engine: `gpt2.reference` behind the seam of `gpt2.engine`.

It runs wherever numpy does and is what the tests hold the fast engines against. Nothing is batched:
a row is computed alone, so it cannot depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2 import reference
from gpt2.config import GPT2Config
from gpt2.engine import Logits
from gpt2.errors import ContextLengthError, InputError
from gpt2.generation import LanguageModel

Array = npt.NDArray[np.floating[Any]]


class NumpyCache:
    """Keys and values of each row, as the reference keeps them; a `gpt2.engine.KVCache`."""

    def __init__(self, config: GPT2Config, rows: int, capacity: int, dtype: npt.DTypeLike) -> None:
        self.capacity = capacity
        self.caches = [reference.empty_cache(config, dtype) for _ in range(rows)]

    @property
    def rows(self) -> int:
        """How many sequences fit."""
        return len(self.caches)

    @property
    def lengths(self) -> list[int]:
        """Tokens held, a number per row."""
        return [cache[0][0].shape[1] for cache in self.caches]

    def gather(self, sources: Sequence[int]) -> None:
        """Let row ``r`` become what row ``sources[r]`` was. The arrays are shared: none changes."""
        if len(sources) != self.rows:
            raise InputError(f"gather needs {self.rows} sources, found {len(sources)}.")
        self.caches = [list(self.caches[source]) for source in sources]

    def copy(self, source: int, target: int, length: int) -> None:
        """Let row ``target`` become the first ``length`` tokens of row ``source``."""
        if not 0 <= length <= self.lengths[source]:
            raise InputError(
                f"{length} tokens cannot be copied from row {source}, it has "
                f"{self.lengths[source]}."
            )
        self.caches[target] = [(k[:, :length], v[:, :length]) for k, v in self.caches[source]]

    def truncate(self, row: int, length: int) -> None:
        """Forget all but the first ``length`` tokens of a row."""
        self.caches[row] = [(k[:, :length], v[:, :length]) for k, v in self.caches[row]]


class NumpyEngine(LanguageModel):
    """GPT-2 in numpy; a `gpt2.engine.Engine`.

    Args:
        weights: by the checkpoint's names (``transformer.h.0.attn.c_attn.weight``). Their dtype is
            the dtype of the computation and of the logits.
        config: the model's shape.
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
        """The weights' type."""
        return self.weights["transformer.wte.weight"].dtype

    def new_cache(self, rows: int, capacity: int | None = None) -> NumpyCache:
        """An empty cache for ``rows`` sequences of up to ``capacity`` tokens."""
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
        chosen = range(cache.rows) if rows is None else rows
        if len(ids) != len(chosen) or len(set(chosen)) != len(chosen):
            raise InputError(f"{len(ids)} rows of ids do not match the rows {list(chosen)}.")
        new = [np.asarray(row, dtype=np.int64) for row in ids]
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

    def _check(self, tokens: npt.NDArray[np.int64], held: int, capacity: int) -> None:
        if tokens.ndim != 1 or not len(tokens):
            raise InputError("a row of ids must have at least one token.")
        if tokens.min() < 0 or tokens.max() >= self.config.vocab_size:
            raise InputError(f"ids must lie in 0..{self.config.vocab_size - 1}, found {tokens}.")
        if held + len(tokens) > capacity:
            raise ContextLengthError(
                f"{held} + {len(tokens)} tokens do not fit in a context of {capacity}."
            )
