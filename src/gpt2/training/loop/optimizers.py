"""Assigns parameters to optimisers: AdamW, or Muon for the matrices of the blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gpt2.errors import InputError, OptionError, WeightError
from gpt2.training.config import TrainingConfig
from gpt2.training.loop.muon import Muon

# A matrix of a block: the weights of its four linear maps, but not those of an adapter.
MATRIX = re.compile(r"(^|\.)h\.\d+\.(attn|mlp)\.(c_attn|c_proj|c_fc)\.weight$")
# The state that each keeps per parameter.
MEMORY: dict[type, set[str]] = {
    torch.optim.AdamW: {"step", "exp_avg", "exp_avg_sq"},
    Muon: {"momentum"},
}
JOINED = 3  # c_attn is queries, keys and values side by side


class Optimizer:
    """All trainable parameters of a model, each with its update rule.

    AdamW applies weight decay to matrices and embeddings, not to biases and norms (Loshchilov and
    Hutter 2019; Radford et al. 2018, section 4.1). AdamW always updates the embeddings and the
    head.

    Args:
        named: (name, parameter) pairs; those that require a gradient are trained.
        config: supplies the optimiser options.

    Raises:
        InputError: nothing is trainable.
        OptionError: Muon was requested, but no matrix that it trains is trainable.
    """

    def __init__(self, named: Iterator[tuple[str, nn.Parameter]], config: TrainingConfig) -> None:
        self.named = {name: p for name, p in named if p.requires_grad}
        if not self.named:
            raise InputError(
                "no parameter of this model requires a gradient, so there is nothing to train."
            )
        self.lr = config.lr
        chosen = {
            name: p
            for name, p in self.named.items()
            if config.optimizer == "muon" and MATRIX.search(name) and p.dim() == 2
        }
        if config.optimizer == "muon" and not chosen:
            raise OptionError(
                "muon trains the matrices of the blocks, but none of them is trained here (LoRA "
                "trains only adapters): use the optimizer adamw."
            )
        rest = [p for name, p in self.named.items() if name not in chosen]
        self.parts: list[torch.optim.Optimizer] = []
        if rest:
            self.parts.append(_adamw(rest, config))
        if chosen:
            self.parts.append(_muon(chosen, config))

    def set_factor(self, factor: float) -> None:
        """Set the learning rate to ``factor`` times its peak."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = self.lr * factor

    def step(self) -> None:
        """Update the parameters with their gradients."""
        for part in self.parts:
            part.step()

    def zero_grad(self) -> None:
        """Free the gradients."""
        for p in self.named.values():
            p.grad = None

    def gradients(self) -> list[Tensor]:
        """The gradients that exist."""
        return [p.grad for p in self.named.values() if p.grad is not None]

    def state(self) -> dict[str, Tensor]:
        """The optimiser state, keyed "PARAMETER:QUANTITY"; sharded tensors stay sharded."""
        names: dict[Any, str] = {p: name for name, p in self.named.items()}
        return {
            f"{names[p]}:{quantity}": value
            for part in self.parts
            for p, kept in part.state.items()
            for quantity, value in kept.items()
        }

    def make_missing_state(self) -> list[Tensor]:
        """Tensors of the size of the state that the first step will allocate."""
        return [
            torch.empty_like(p)
            for part in self.parts
            for group in part.param_groups
            for p in group["params"]
            if p not in part.state
            for _ in MEMORY[type(part)] - {"step"}
        ]

    def room(self, key: str, shape: Sequence[int]) -> Tensor:
        """An empty tensor for ``key`` of `state`, on its parameter's device and sharded like it.

        Raises `WeightError` if the state belongs to a different optimiser or model.
        """
        p = self._owner(key, shape)
        return torch.zeros_like(p) if len(shape) else torch.zeros(())

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Restore what `state` returned, as unsharded tensors or those of `room`.

        Raises `WeightError` if the state belongs to a different optimiser or model.
        """
        from gpt2.training.loop.distributed import redistribute

        owners: dict[Any, torch.optim.Optimizer] = {
            p: part for part in self.parts for g in part.param_groups for p in g["params"]
        }
        taken: dict[Any, dict[str, Tensor]] = {p: {} for p in owners}
        for key, value in state.items():
            p, quantity = self._owner(key, value.shape), key.rpartition(":")[2]
            # fused AdamW reads as many values as the parameter has, whatever the size of the state
            scalar = quantity == "step"
            if scalar == bool(value.dim()) or value.dtype != (torch.float32 if scalar else p.dtype):
                raise WeightError(
                    f"the checkpoint's optimizer state is damaged: {key} has the shape "
                    f"{list(value.shape)} and type {value.dtype}."
                )
            if value.dim():
                taken[p][quantity] = redistribute(value, p)
            else:  # the step count: fused AdamW on a GPU needs it there
                taken[p][quantity] = value.clone().to(p.device)
        missing = [name for name, p in self.named.items() if not taken[p]]
        if state and missing:
            raise WeightError(f"the checkpoint's optimizer state lacks {missing[0]}.")
        for owner, kept in taken.items():
            if kept:
                if kept.keys() != MEMORY[type(owners[owner])]:
                    raise WeightError(
                        "the checkpoint's optimizer state is damaged, or belongs to another "
                        f"optimizer: it contains {', '.join(sorted(kept))}."
                    )
                owners[owner].state[owner] = kept

    def _owner(self, key: str, shape: Sequence[int]) -> nn.Parameter:
        name = key.rpartition(":")[0]
        p = self.named.get(name)
        if p is None or (len(shape) and tuple(shape) != tuple(p.shape)):
            raise WeightError(
                f"the checkpoint's optimizer state contains {name} {list(shape)}, which this "
                "model does not train: it belongs to another model or other options."
            )
        return p


def _adamw(params: list[nn.Parameter], config: TrainingConfig) -> torch.optim.Optimizer:
    decayed = [p for p in params if p.dim() >= 2]
    others = [p for p in params if p.dim() < 2]
    groups: list[dict[str, Any]] = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=config.lr,
        betas=(config.beta1, config.beta2),
        eps=config.eps,
        fused=params[0].device.type in ("cpu", "cuda", "mps"),
    )


def _muon(named: Mapping[str, nn.Parameter], config: TrainingConfig) -> Muon:
    joined = [p for name, p in named.items() if name.endswith("c_attn.weight")]
    single = [p for name, p in named.items() if not name.endswith("c_attn.weight")]
    groups = [{"params": joined, "parts": JOINED}, {"params": single, "parts": 1}]
    return Muon(
        [group for group in groups if group["params"]],
        lr=config.lr,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )
