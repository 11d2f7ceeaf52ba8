"""A block that keeps fewer activations for the backward pass and recomputes the rest.

The hidden layer after GELU and the normed inputs are a third of all activations that a layer keeps.
They are quick to recompute from those that are kept anyway: the layer before GELU and the residual
stream. The results are the same bits; only first derivatives are supported.
"""

from __future__ import annotations

import threading
from typing import Any

import torch
from torch import Tensor, nn

from gpt2.config import GELU_TANH
from gpt2.model.cache import Window
from gpt2.model.gpt2 import Block, Conv1D
from gpt2.model.inference import PackedConv1D

_rooms = threading.local()
Gradients = tuple[Tensor | None, ...]


def make_lean(model: nn.Module) -> None:
    """Let the blocks of a model keep fewer activations in training, where possible."""
    for module in model.modules():
        if type(module) is Block and module.attn.config.activation_function in GELU_TANH:
            module.__class__ = LeanBlock  # not a new module: hooks and references stay valid


class LeanBlock(Block):
    """A `Block` that in training keeps neither the outputs of its norms nor that of GELU."""

    def forward(self, x: Tensor, window: Window | None = None, eager: bool = False) -> Tensor:
        """Compute the same as `Block`."""
        if window is None or window.patterns is not None or not self._saves(x):
            return super().forward(x, window, eager)
        attn, mlp = self.attn, self.mlp
        y, _ = attn.attend(norm_linear(x, self.ln_1, attn.c_attn), window, eager)
        x = y.add_(x)  # in place: the sub-block's output is not kept
        hidden = norm_linear(x, self.ln_2, mlp.c_fc)  # before GELU
        return mlp.dropout(gelu_linear(hidden, mlp.c_proj)).add_(x)

    def _saves(self, x: Tensor) -> bool:
        """Whether to save memory: in training, in fp32, outside the compiler, and if no adapter or
        hook needs the values that are not kept."""
        if not (self.training and torch.is_grad_enabled()) or torch.compiler.is_compiling():
            return False
        maps = (self.attn.c_attn, self.mlp.c_fc, self.mlp.c_proj)
        parts = (self.ln_1, self.attn, self.ln_2, self.mlp, *maps)
        hooked = any(part._forward_hooks or part._forward_pre_hooks for part in parts)
        usual = all(type(part) in (Conv1D, PackedConv1D) for part in maps)
        return usual and not hooked and not torch.is_autocast_enabled(x.device.type)


def gelu_linear(x: Tensor, map_: Conv1D) -> Tensor:
    """gelu(x) W + b with the tanh approximation of GELU: [..., inputs] to [..., outputs]."""
    rows = x.reshape(-1, x.shape[-1])
    y: Tensor = _GeluLinear.apply(rows, map_.weight, map_.bias)  # type: ignore[no-untyped-call]
    return y.view(*x.shape[:-1], -1)


def norm_linear(x: Tensor, norm: nn.LayerNorm, map_: Conv1D) -> Tensor:
    """norm(x) W + b: [..., inputs] to [..., outputs]."""
    y: Tensor = _NormLinear.apply(  # type: ignore[no-untyped-call]
        x.reshape(-1, x.shape[-1]), norm.weight, norm.bias, norm.eps, map_.weight, map_.bias
    )
    return y.view(*x.shape[:-1], -1)


class _GeluLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return torch.addmm(bias, _gelu(x), weight)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Gradients:
        x, weight = ctx.saved_tensors
        for_x, for_weight, for_bias = ctx.needs_input_grad
        d_weight = _gelu(x).t() @ grad if for_weight else None
        d_bias = grad.sum(0) if for_bias else None
        d_x = None
        if for_x:
            d_x = grad @ weight.t()
            torch.ops.aten.gelu_backward.grad_input(d_x, x, approximate="tanh", grad_input=d_x)
        return d_x, d_weight, d_bias


class _NormLinear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, scale: Tensor, shift: Tensor, eps: float, weight: Tensor, bias: Tensor
    ) -> Tensor:
        y, mean, rstd = torch.native_layer_norm(x, scale.shape, scale, shift, eps)
        ctx.save_for_backward(x, mean, rstd, scale, shift, weight)
        ctx.eps = eps
        return torch.addmm(bias, y, weight)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Gradients:
        x, mean, rstd, scale, shift, weight = ctx.saved_tensors
        for_x, for_scale, for_shift, _, for_weight, for_bias = ctx.needs_input_grad
        d_weight = None
        if for_weight:
            y, _, _ = torch.native_layer_norm(x, scale.shape, scale, shift, ctx.eps)
            d_weight = y.t() @ grad
        d_bias = grad.sum(0) if for_bias else None
        d_x, d_scale, d_shift = torch.ops.aten.native_layer_norm_backward(
            grad @ weight.t(), x, scale.shape, mean, rstd, scale, shift,
            [for_x, for_scale, for_shift],
        )  # fmt: skip
        return d_x, d_scale, d_shift, None, d_weight, d_bias


def _gelu(x: Tensor) -> Tensor:
    """GELU of ``x``; the result is valid until the next call."""
    return torch.ops.aten.gelu.out(x, approximate="tanh", out=_room(x))


def _room(like: Tensor) -> Tensor:
    """A temporary buffer. On a CPU each thread reuses its own: a new allocation each time would
    fragment the memory between kept tensors, at a cost of a sixth of a step's memory."""
    if like.device.type != "cpu":
        return torch.empty_like(like)
    room: Tensor | None = getattr(_rooms, "room", None)
    if room is None or room.numel() < like.numel() or room.dtype != like.dtype:
        _rooms.room = room = like.new_empty(like.numel())
    return room[: like.numel()].view_as(like)
