"""The training objective as a module, so that DDP, FSDP2 and the compiler can wrap it."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor, nn

from gpt2.model import GPT2LMHeadModel
from gpt2.model.head_loss import Shared, head_loss, lookup
from gpt2.training.inputs.batches import IGNORED, Batch


@dataclasses.dataclass(frozen=True)
class Rows:
    """A batch on the device.

    ``inputs`` is [B, T]; ``places`` are the unmasked positions among B x T (None: all); ``labels``
    [N] are their labels.
    """

    inputs: Tensor
    places: Tensor | None
    labels: Tensor

    @classmethod
    def of(cls, batch: Batch, device: torch.device) -> Rows:
        """Copy a batch to a device."""
        labels = batch.labels.reshape(-1)
        counted = np.flatnonzero(labels != IGNORED)
        every = len(counted) == len(labels)
        return cls(
            _move(batch.inputs, device),
            None if every else _move(counted, device),
            _move(labels if every else labels[counted], device),
        )


def _move(array: np.ndarray, device: torch.device) -> Tensor:
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


class Objective(nn.Module):
    """The losses of a language model summed over the unmasked positions, times a weight."""

    def __init__(self, model: GPT2LMHeadModel) -> None:
        super().__init__()
        self.model = model
        self.head_loss = head_loss

    def forward(
        self, inputs: Tensor, places: Tensor | None, labels: Tensor, weight: float
    ) -> Tensor:
        """[B, T], [N] or None, [N] to []. The head is applied only at the unmasked positions."""
        shared = Shared() if self._shares(inputs) else None
        embedded = self._embed(inputs, shared)
        body = self.model.transformer(inputs_embeds=embedded, use_cache=False)
        states = body.last_hidden_state.flatten(0, 1)  # [B T, D]
        if places is not None:
            states = states.index_select(0, places)
        return self.head_loss(states, self.model.lm_head.weight, labels, weight, shared)

    def _embed(self, inputs: Tensor, shared: Shared | None) -> Tensor:
        """[B, T] to [B, T, D]."""
        transformer = self.model.transformer
        if shared is None:
            return transformer.embed(inputs)
        transformer.check(inputs)
        return lookup(transformer.wte.weight, inputs, shared)

    def _shares(self, inputs: Tensor) -> bool:
        """Whether the embedding's gradient is added directly to the head's.

        Not on a GPU, where repeated rows would be added in a nondeterministic order.
        """
        table = self.model.transformer.wte.weight
        tied = self.model.lm_head.weight is table and table.requires_grad
        return tied and inputs.device.type == "cpu" and not torch.compiler.is_compiling()

    def skip_head(self) -> None:
        """Exclude head and loss from compilation."""
        self.head_loss = torch.compiler.disable(head_loss)  # type: ignore[no-untyped-call]
