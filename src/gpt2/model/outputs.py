"""What the models return: the fields of transformers, by name, by key or by position."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from torch import Tensor

from gpt2.model.cache import TorchCache


@dataclasses.dataclass
class ModelOutput:
    """Fields that are None are left out of positions and keys, as in transformers."""

    def to_tuple(self) -> tuple[Any, ...]:
        """The fields that are set, in order."""
        return tuple(self[name] for name in self.keys())

    def keys(self) -> list[str]:
        """The names of the fields that are set."""
        names = [field.name for field in dataclasses.fields(self)]
        return [name for name in names if getattr(self, name) is not None]

    def __getitem__(self, key: str | int | slice) -> Any:
        if isinstance(key, str):
            if key not in self.keys():
                raise KeyError(key)
            return getattr(self, key)
        return self.to_tuple()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def get(self, key: str, default: Any = None) -> Any:
        """The field, or ``default`` where it is not set."""
        return getattr(self, key) if key in self.keys() else default


@dataclasses.dataclass
class BaseModelOutput(ModelOutput):
    """Of `GPT2Model`: last_hidden_state [B, T, D], L + 1 hidden_states, attentions [B, H, T, S]."""

    last_hidden_state: Tensor | None = None
    past_key_values: TorchCache | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


@dataclasses.dataclass
class CausalLMOutput(ModelOutput):
    """Of `GPT2LMHeadModel`: loss [], logits [B, T, V]."""

    loss: Tensor | None = None
    logits: Tensor | None = None
    past_key_values: TorchCache | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None


@dataclasses.dataclass
class SequenceClassifierOutput(ModelOutput):
    """Of `GPT2ForSequenceClassification`: loss [], logits [B, labels]."""

    loss: Tensor | None = None
    logits: Tensor | None = None
    past_key_values: TorchCache | None = None
    hidden_states: tuple[Tensor, ...] | None = None
    attentions: tuple[Tensor, ...] | None = None
