"""What the torch model is given, checked: one clear error instead of torch's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gpt2.errors import InputError, UnknownOptionError, UnsupportedError
from gpt2.model.cache import TorchCache
from gpt2.model.tracing import readable

# Arguments of transformers' forward that change nothing here, and those that would.
WITHOUT_EFFECT = ("cache_position",)
ELSEWHERE = ("encoder_hidden_states", "encoder_attention_mask", "head_mask")


def check_keywords(more: Mapping[str, Any]) -> None:
    """Raise for arguments of a forward pass that it does not have; None says nothing."""
    for name, value in more.items():
        if name in ELSEWHERE and value is not None:
            raise UnsupportedError(f"{name} is not here: transformers.GPT2Model may take it.")
        if name not in (*ELSEWHERE, *WITHOUT_EFFECT):
            raise UnknownOptionError(f"forward() has no argument {name!r}.")


def check_ids(name: str, ids: Tensor, limit: int, what: str, place: str) -> None:
    """Raise `InputError` unless ``ids`` is [B, T] of whole numbers from 0 to ``limit`` - 1."""
    if not isinstance(ids, Tensor) or ids.dtype not in (torch.int64, torch.int32):
        found = ids.dtype if isinstance(ids, Tensor) else type(ids).__name__
        raise InputError(f"{name} must be a tensor of whole numbers (torch.long), found {found}.")
    if ids.dim() != 2 or not ids.numel():
        raise InputError(f"{name} must be [batch, tokens], not empty; found {list(ids.shape)}.")
    # On a GPU the check would wait for the device, and it would cut a compiled graph in two.
    if ids.device.type == "cpu" and readable():
        low, high = (int(x) for x in torch.aminmax(ids))
        if low < 0 or high >= limit:
            raise InputError(
                f"{what} {low if low < 0 else high} is outside the {place} of {limit}."
            )


def check_embeddings(embeddings: Tensor, width: int) -> None:
    """Raise `InputError` unless ``embeddings`` is [B, T, width], not empty."""
    shape = list(embeddings.shape)
    if len(shape) != 3 or shape[2] != width or not embeddings.numel():
        raise InputError(f"inputs_embeds must be [batch, tokens, {width}], found {shape}.")


def check_cache(cache: TorchCache | None, rows: int) -> None:
    """Raise `InputError` unless the cache is this package's and has ``rows`` rows."""
    if cache is None:
        return
    if not isinstance(cache, TorchCache):
        raise InputError(
            f"past_key_values must be what this model returned or its new_cache(rows), found a "
            f"{type(cache).__name__}."
        )
    if cache.rows != rows:
        raise InputError(f"the cache has {cache.rows} rows and the inputs have {rows}.")


def check_rows(rows: Sequence[int], cache: TorchCache) -> None:
    """Raise `InputError` unless ``rows`` are rows of the cache, each at most once."""
    if len(set(rows)) != len(rows) or not all(0 <= row < cache.rows for row in rows):
        raise InputError(
            f"rows must be different ones from 0 to {cache.rows - 1}, found {list(rows)}."
        )
