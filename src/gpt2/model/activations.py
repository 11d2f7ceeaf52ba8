"""Activation checkpointing (Chen et al. 2016): the backward pass recomputes block activations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from torch import nn
from torch.utils.checkpoint import checkpoint

from gpt2.errors import InputError, UnsupportedError


class ActivationCheckpointing(nn.Module):
    """The methods of a model that control it, under the names of transformers."""

    supports_gradient_checkpointing: ClassVar[bool] = True
    gradient_checkpointing = False
    checkpoint_options: Mapping[str, Any] = {"use_reentrant": False}
    checkpoint_every = 1
    get_input_embeddings: Any

    def _checkpoint_block(self, block: nn.Module, layer: int) -> Callable[..., Any]:
        """The block itself, or in training a checkpointed form of it, if enabled."""
        if self.gradient_checkpointing and self.training and layer % self.checkpoint_every == 0:
            return partial(checkpoint, block, **self.checkpoint_options)
        return block

    def activation_checkpointing_enable(
        self,
        activation_checkpointing_kwargs: Mapping[str, Any] | None = None,
        every_n_layers: int = 1,
        offload: bool = False,
        *,
        enabled: bool = True,
    ) -> None:
        """Keep only each block's input for the backward pass and recompute the rest.

        The keywords are those of torch.utils.checkpoint; by default ``use_reentrant=False``.
        ``every_n_layers`` checkpoints only every n-th block. Raises `UnsupportedError` for
        ``offload``.
        """
        if offload:
            raise UnsupportedError(
                "offload is not supported: use torch.autograd.graph.save_on_cpu."
            )
        if every_n_layers < 1:
            raise InputError(f"every_n_layers must be at least 1, found {every_n_layers}.")
        options = {"use_reentrant": False, **(activation_checkpointing_kwargs or {})}
        for module in self.modules():
            if hasattr(module, "gradient_checkpointing"):
                module.__dict__["gradient_checkpointing"] = enabled
                module.__dict__["checkpoint_options"] = options
                module.__dict__["checkpoint_every"] = every_n_layers
        if enabled and options["use_reentrant"]:  # it needs an input that requires a gradient
            self.enable_input_require_grads()

    def activation_checkpointing_disable(self) -> None:
        """Keep all activations for the backward pass."""
        self.activation_checkpointing_enable(enabled=False)

    @property
    def is_activation_checkpointing(self) -> bool:
        """Whether activation checkpointing is enabled."""
        return any(getattr(module, "gradient_checkpointing", False) for module in self.modules())

    def gradient_checkpointing_enable(
        self, gradient_checkpointing_kwargs: Mapping[str, Any] | None = None, **how: Any
    ) -> None:
        """The older name of `activation_checkpointing_enable`."""
        self.activation_checkpointing_enable(gradient_checkpointing_kwargs, **how)

    def gradient_checkpointing_disable(self) -> None:
        """The older name of `activation_checkpointing_disable`."""
        self.activation_checkpointing_disable()

    @property
    def is_gradient_checkpointing(self) -> bool:
        """The older name of `is_activation_checkpointing`."""
        return self.is_activation_checkpointing

    def enable_input_require_grads(self) -> None:
        """Let gradients flow through the embedding's output even if its weights are frozen."""
        if "_input_hook" not in self.__dict__:
            self.__dict__["_input_hook"] = self.get_input_embeddings().register_forward_hook(
                lambda module, inputs, output: output.requires_grad_(True)
            )

    def disable_input_require_grads(self) -> None:
        """Undo `enable_input_require_grads`."""
        if hook := self.__dict__.pop("_input_hook", None):
            hook.remove()
