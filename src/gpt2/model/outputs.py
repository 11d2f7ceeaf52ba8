"""The outputs of the models: the fields of transformers, by attribute, key or position."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from gpt2.model.cache import TorchCache


class ModelOutput(OrderedDict[str, Any]):
    """An ordered dictionary of the fields that are set; also by attribute and by position.

    As in transformers, a field that is None has no key and no position.
    """

    def __init_subclass__(cls) -> None:
        name = f"{cls.__module__}.{cls.__qualname__}"
        pytree.register_pytree_node(
            cls, _flatten, partial(_unflatten, cls), serialized_type_name=name
        )

    def __post_init__(self) -> None:
        first = dataclasses.fields(self)[0].name  # type: ignore[arg-type]
        pairs = getattr(self, first)
        if isinstance(pairs, (dict, Iterator)):  # as DataParallel and accelerate build one
            setattr(self, first, None)
            for name, value in dict(pairs).items():
                self[name] = value

    def to_tuple(self) -> tuple[Any, ...]:
        """The fields that are set, in order."""
        return tuple(self.values())

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(key) if isinstance(key, str) else self.to_tuple()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        setattr(self, key, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if value is not None:
            super().__setitem__(name, value)
        elif name in self:
            super().__delitem__(name)
        super().__setattr__(name, value)

    def __reduce__(self) -> Any:
        return type(self), (dict(self),)


def _flatten(output: ModelOutput) -> tuple[list[Any], list[str]]:
    return list(output.values()), list(output.keys())


def _unflatten(kind: type[ModelOutput], values: Any, names: list[str]) -> ModelOutput:
    return kind(**dict(zip(names, values, strict=True)))


@dataclasses.dataclass
class BaseModelOutput(ModelOutput):
    """Output of `GPT2Model`: last_hidden_state [B, T, D], L + 1 hidden_states, L attentions
    [B, H, T, S]."""

    last_hidden_state: Tensor | None = None
    past_key_values: TorchCache | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


@dataclasses.dataclass
class CausalLMOutput(ModelOutput):
    """Output of `GPT2LMHeadModel`: loss [], logits [B, T, V]."""

    cross_attentions: ClassVar[None] = None  # GPT-2 has none

    loss: Tensor | None = None
    logits: Tensor | None = None
    past_key_values: TorchCache | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


@dataclasses.dataclass
class SequenceClassifierOutput(ModelOutput):
    """Output of `GPT2ForSequenceClassification`: loss [], logits [B, labels]."""

    loss: Tensor | None = None
    logits: Tensor | None = None
    past_key_values: TorchCache | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


def select(hidden: Tensor, keep: int | Tensor) -> Tensor:
    """Select from hidden states [B, T, D] those that ``logits_to_keep`` names; see
    `GPT2LMHeadModel.forward`."""
    if not isinstance(keep, Tensor):
        return hidden[..., -keep:, :]  # 0 keeps all
    if keep.dim() != 2:
        return hidden[..., keep, :]
    if keep.dtype == torch.bool:
        return hidden[keep]
    return torch.take_along_dim(hidden, keep[..., None], dim=1)
