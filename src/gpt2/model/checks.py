"""Input checks of the torch model, for clear errors instead of torch's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gpt2.config import GPT2Config
from gpt2.errors import ContextLengthError, InputError, UnknownOptionError, UnsupportedError
from gpt2.model.cache import TorchCache
from gpt2.model.tracing import readable

# Arguments of transformers' forward that have no effect here, and unsupported ones.
WITHOUT_EFFECT = ("cache_position",)
ELSEWHERE = ("encoder_hidden_states", "encoder_attention_mask", "head_mask")


def check_keywords(more: Mapping[str, Any]) -> None:
    """Raise for unsupported arguments of the forward pass; None is ignored."""
    for name, value in more.items():
        if name in ELSEWHERE and value is not None:
            raise UnsupportedError(
                f"{name} is not supported: transformers.GPT2Model may accept it."
            )
        if name not in (*ELSEWHERE, *WITHOUT_EFFECT):
            raise UnknownOptionError(f"forward() has no argument {name!r}.")


def check_inputs(
    input_ids: Tensor | None, inputs_embeds: Tensor | None, config: GPT2Config
) -> None:
    """Raise `InputError` unless exactly one is given: known ids [B, T], or [B, T, D], not empty."""
    if (input_ids is None) == (inputs_embeds is None):
        raise InputError("give either input_ids or inputs_embeds.")
    if input_ids is not None:
        check_tokens(input_ids, config)
    if inputs_embeds is not None:
        shape = list(inputs_embeds.shape)
        if len(shape) != 3 or shape[2] != config.n_embd or not inputs_embeds.numel():
            raise InputError(
                f"inputs_embeds must be [batch, tokens, {config.n_embd}], found {shape}."
            )


def as_rows(ids: Tensor | None) -> Tensor | None:
    """Ids [..., T] as [B, T]; anything else unchanged."""
    if isinstance(ids, Tensor) and ids.dim() not in (0, 2) and ids.shape[-1]:
        return ids.reshape(-1, ids.shape[-1])
    return ids


def check_tokens(ids: Tensor, config: GPT2Config) -> None:
    """Raise `InputError` unless ``ids`` is [B, T] of ids in the vocabulary."""
    check_ids("input_ids", ids, config.vocab_size, "token id", "vocabulary")


def check_types(ids: Tensor, config: GPT2Config) -> None:
    """Raise `InputError` unless ``ids`` is [B, T] of token types: ids in the vocabulary."""
    check_ids("token_type_ids", ids, config.vocab_size, "token type", "vocabulary")


def check_positions(positions: Tensor, config: GPT2Config) -> None:
    """Raise `InputError` unless ``positions`` is [B, T] of positions in the context."""
    check_ids("position_ids", positions, config.n_positions, "position", "context")


def check_length(tokens: int, config: GPT2Config) -> None:
    """Raise `ContextLengthError` for more tokens than the model has positions."""
    if config.n_positions < tokens:
        raise ContextLengthError(
            f"{tokens} tokens do not fit: this model has {config.n_positions} positions."
        )


def check_ids(name: str, ids: Tensor, limit: int, what: str, place: str) -> None:
    """Raise `InputError` unless ``ids`` is [B, T] of integers from 0 to ``limit`` - 1."""
    if not isinstance(ids, Tensor) or ids.dtype not in (torch.int64, torch.int32):
        kind = ids.dtype if isinstance(ids, Tensor) else type(ids).__name__
        raise InputError(f"{name} must be a tensor of integers (torch.long), found {kind}.")
    if ids.dim() != 2 or not ids.numel():
        raise InputError(f"{name} must be [batch, tokens], not empty; found {list(ids.shape)}.")
    # On a GPU the check would wait for the device, and it would break a compiled graph in two.
    if ids.device.type == "cpu" and readable():
        low, high = (int(x) for x in torch.aminmax(ids))
        if low < 0 or high >= limit:
            raise InputError(
                f"{what} {low if low < 0 else high} is outside the {place} of {limit}."
            )


def check_cache(cache: TorchCache | None, rows: int) -> None:
    """Raise `InputError` unless the cache is a `TorchCache` with ``rows`` rows."""
    if cache is None:
        return
    if not isinstance(cache, TorchCache):
        raise InputError(
            "past_key_values must come from this model's output or from its new_cache(rows), "
            f"found a {type(cache).__name__}."
        )
    if cache.rows != rows:
        raise InputError(f"the cache has {cache.rows} rows, but the inputs have {rows}.")


def check_rows(rows: Sequence[int], cache: TorchCache) -> None:
    """Raise `InputError` unless ``rows`` are rows of the cache, each at most once."""
    if len(set(rows)) != len(rows) or not all(0 <= row < cache.rows for row in rows):
        raise InputError(
            f"rows must be distinct numbers from 0 to {cache.rows - 1}, found {list(rows)}."
        )
