"""The KV cache of the torch model: preallocated, with a length per row, passed to the model.

`TorchCache` is the storage, a `gpt2.engine.KVCache`. `Window` describes the tokens one call adds:
where they go and what they may attend to, computed once and shared by all layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from gpt2.config import GPT2Config
from gpt2.errors import ContextLengthError, InputError
from gpt2.model.tracing import readable


class CacheLayer(NamedTuple):
    """One layer in the form of transformers' caches; there is no sliding window here."""

    keys: Tensor
    values: Tensor
    sliding_window: None = None


class TorchCache:
    """Keys and values [L, rows, H, capacity, d] on one device; ``grows`` to the model's context."""

    def __init__(
        self,
        config: GPT2Config,
        rows: int,
        capacity: int | None = None,
        *,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
        grows: bool = False,
    ) -> None:
        capacity = config.n_positions if capacity is None else min(capacity, config.n_positions)
        shape = (config.n_layer, rows, config.n_head, capacity, config.head_dim)
        # zeros, since unwritten positions are masked and a masked NaN would still be NaN
        self.keys = torch.zeros(shape, dtype=dtype, device=device)
        self.values = torch.zeros(shape, dtype=dtype, device=device)
        self._lengths = [0] * rows
        self.limit = config.n_positions if grows else capacity
        self.graph: dict[int, tuple[Tensor, Tensor]] = {}  # layers' keys, values with a gradient
        self.compared: set[int] = set()  # see `gpt2.model.inference`

    def __getstate__(self) -> dict[str, Any]:
        """The state without gradients and modules, which a copy does not have."""
        return {**self.__dict__, "graph": {}, "compared": set()}

    @property
    def rows(self) -> int:
        """The number of sequences."""
        return self.keys.shape[1]

    @property
    def capacity(self) -> int:
        """The number of tokens that fit in a row."""
        return self.keys.shape[3]

    @property
    def lengths(self) -> list[int]:
        """The number of tokens stored in each row."""
        return self._lengths

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """The number of tokens in the longest row, under transformers' name."""
        return max(self._lengths)

    @property
    def layers(self) -> list[CacheLayer]:
        """Each layer's keys and values [rows, H, tokens, d], up to the longest row's end."""
        used = self.get_seq_length()
        stored = enumerate(zip(self.keys, self.values, strict=True))
        pairs = (self.graph.get(layer, pair) for layer, pair in stored)
        return [CacheLayer(k[:, :, :used], v[:, :, :used]) for k, v in pairs]

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, layer: int) -> tuple[Tensor, Tensor]:
        return self.layers[layer][:2]

    def __iter__(self) -> Iterator[CacheLayer]:
        return iter(self.layers)

    def crop(self, tokens_to_remove: int) -> None:
        """Drop the last tokens of every row; -2 drops two, as in transformers."""
        if tokens_to_remove > 0:
            raise InputError(
                f"crop takes the number of tokens to remove as -n, found {tokens_to_remove}."
            )
        for row, length in enumerate(self._lengths):
            self.truncate(row, length + tokens_to_remove)

    def reorder_cache(self, beam_idx: Tensor) -> None:
        """`gather`, under the name of transformers."""
        self.gather(beam_idx.tolist())

    def reserve(self, tokens: int) -> None:
        """Make room for this many tokens in a row, and more, so that it is seldom needed.

        Raises `ContextLengthError`.
        """
        if tokens > self.limit:
            raise ContextLengthError(
                f"{tokens} tokens exceed the context length of {self.limit}. Shorten the "
                'prompt, generate fewer tokens, or use generate(long="window").'
            )
        if tokens > self.capacity:
            more = min(max(tokens, 2 * self.capacity), self.limit) - self.capacity
            self.keys, self.values = (
                torch.nn.functional.pad(store, (0, 0, 0, more))
                for store in (self.keys, self.values)
            )

    def gather(self, sources: Sequence[int]) -> None:
        """Replace each row ``r`` by a copy of the previous row ``sources[r]``."""
        if len(sources) != self.rows or not all(0 <= s < self.rows for s in sources):
            raise InputError(
                f"gather requires a source for each of the {self.rows} rows, found {list(sources)}."
            )
        if list(sources) != list(range(self.rows)):
            used = max(self._lengths[s] for s in sources)
            index = torch.as_tensor(sources, device=self.keys.device)
            for store in (self.keys, self.values):
                store[:, :, :, :used] = store[:, :, :, :used].index_select(1, index)
            for layer, (k, v) in self.graph.items():
                self.graph[layer] = k.index_select(0, index), v.index_select(0, index)
            self._lengths = [self._lengths[s] for s in sources]

    def copy(self, source: int, target: int, length: int) -> None:
        """Replace row ``target`` by a copy of the first ``length`` tokens of another row."""
        for row in (source, target):
            if not 0 <= row < self.rows:
                raise InputError(f"the cache has {self.rows} rows, found row {row}.")
        if not 0 <= length <= self._lengths[source]:
            raise InputError(
                f"row {source} has {self._lengths[source]} tokens, so {length} cannot be copied."
            )
        for store in (self.keys, self.values):
            store[:, target, :, :length] = store[:, source, :, :length]
        self.graph = {}
        self._lengths[target] = length

    def truncate(self, row: int, length: int) -> None:
        """Drop all but the first ``length`` tokens of a row; 0 releases it."""
        if not 0 <= row < self.rows:
            raise InputError(f"the cache has {self.rows} rows, found row {row}.")
        if not 0 <= length <= self._lengths[row]:
            raise InputError(
                f"row {row} has {self._lengths[row]} tokens, so {length} cannot be kept."
            )
        self._lengths[row] = length


def _flatten(cache: TorchCache) -> tuple[list[Any], list[int]]:
    return [cache.keys, cache.values], [cache.limit, *cache.lengths]


def _unflatten(stores: Any, sizes: list[int]) -> TorchCache:
    cache = TorchCache.__new__(TorchCache)
    (cache.keys, cache.values), cache.graph, cache.compared = stores, {}, set()
    cache.limit, *cache._lengths = sizes
    return cache


# torch.export and DDP traverse outputs as pytrees
pytree.register_pytree_node(
    TorchCache, _flatten, _unflatten, serialized_type_name=f"{__name__}.TorchCache"
)


class Window:
    """The new tokens of one call: T per row for some rows of a cache (or fewer, with ``counts``).

    ``mask`` [R or 1, 1, T, S] is True where a new token may attend to one of the S tokens, or a
    number to add to the scores; None means all if ``causal`` is False, the lower triangle if it is
    True. ``positions`` [R or 1, T] are those of the new tokens. ``patterns`` collects the attention
    weights of the layers, if it is a list.
    """

    patterns: list[Any] | None = None

    def __init__(
        self,
        cache: TorchCache | None,
        T: int,
        device: torch.device,
        rows: Sequence[int] | None = None,
        counts: Sequence[int] | None = None,
    ) -> None:
        self.cache, self.T = cache, T
        self.rows = list(range(cache.rows)) if cache and rows is None else list(rows or [0])
        self.counts = list(counts) if counts is not None else [T] * len(self.rows)
        starts = [cache.lengths[r] for r in self.rows] if cache else [0]
        self.span = max(s + n for s, n in zip(starts, self.counts, strict=True))
        if cache is not None:
            cache.reserve(self.span)
        whole = cache is None or self.rows == list(range(cache.rows))
        full = counts is None or all(n == T for n in counts)
        self.uniform = whole and full and all(start == starts[0] for start in starts)
        steps = torch.arange(T, device=device)
        if self.uniform:
            self.start = starts[0]
            self.positions = (self.start + steps)[None]
        else:
            self.start = min(starts)
            self.positions = torch.tensor(starts, device=device)[:, None] + steps
            if not full:  # the padding of a short row takes its last real position
                last = [s + n - 1 for s, n in zip(starts, self.counts, strict=True)]
                limit = torch.tensor(last, device=device)[:, None]
                self.padding = self.positions > limit
                self.positions = torch.minimum(self.positions, limit)
        self.mask = self._mask(device)
        self.causal = self.uniform and self.start == 0 and T > 1 and self.mask is None

    def _mask(self, device: torch.device) -> Tensor | None:
        if self.uniform and (self.T == 1 or self.start == 0):
            return None
        columns = torch.arange(self.span, device=device)
        return (columns <= self.positions[..., None])[:, None]

    def hide(self, attention_mask: Tensor, rows: int) -> None:
        """Hide the columns where ``attention_mask`` [B, S] is 0, from padding too, as transformers
        does: the loss of padding that has labels depends on it. [B, 1, T, S] replaces the mask."""
        shape = list(attention_mask.shape)
        if len(shape) == 4 and shape[2:] == [self.T, self.span]:
            mask = attention_mask if attention_mask.is_floating_point() else attention_mask.bool()
            self.mask, self.causal = mask, False
            return
        if shape[-1:] != [self.span] or attention_mask.numel() not in (rows * self.span, self.span):
            raise InputError(
                f"attention_mask must be [{rows}, {self.span}] (past and new tokens) or "
                f"[{rows}, 1, {self.T}, {self.span}], found {shape}."
            )
        if readable() and bool(attention_mask.all()):
            return
        columns = torch.arange(self.span, device=attention_mask.device)
        slots = columns[self.start :][: self.T, None]  # the columns of the new tokens
        seen = attention_mask.reshape(-1, 1, 1, self.span).bool()
        self.mask, self.causal = (columns <= slots) & seen, False  # [B, 1, T, S]

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Store a layer's new k, v [R, H, T, d]; return all keys and values [R, H, S, d]."""
        if self.cache is None:
            return k, v
        keys, values = self.cache.keys[layer], self.cache.values[layer]
        old = self.cache.graph.pop(layer, None)
        if self.uniform:
            past = slice(0, self.start), slice(self.start, self.span)
            keys[:, :, past[1]], values[:, :, past[1]] = k.detach(), v.detach()
            if not torch.is_grad_enabled() or (old is None and not k.requires_grad):
                return keys[:, :, : self.span], values[:, :, : self.span]
            if self.start > 0:  # a gradient flows to the earlier tokens too
                old_k, old_v = old or (keys.clone(), values.clone())
                k = torch.cat([old_k[:, :, past[0]], k], 2)
                v = torch.cat([old_v[:, :, past[0]], v], 2)
            self.cache.graph[layer] = k, v
            return k, v
        index = torch.tensor(self.rows, device=k.device)
        for row, (r, n) in enumerate(zip(self.rows, self.counts, strict=True)):
            start = self.cache.lengths[r]
            keys[r, :, start : start + n] = k[row, :, :n].detach()
            values[r, :, start : start + n] = v[row, :, :n].detach()
        return keys[index, :, : self.span], values[index, :, : self.span]

    def close(self) -> None:
        """Add the new tokens to the rows' lengths, after every layer has stored them."""
        if self.cache is not None:
            for row, count in zip(self.rows, self.counts, strict=True):
                self.cache.lengths[row] += count
