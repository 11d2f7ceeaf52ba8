"""Taps on the torch model: the value of every named point (`gpt2.points`) goes through a function.

Most points are outputs of modules, so hooks reach them. Those inside attention are results of
methods: while a tap is installed, each attention module has a class that exposes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

# Called with a point's name and value; the result replaces the value.
Tap = Callable[[str, Tensor], Tensor]


class TappedAttention:
    """A mixin for the class of an attention module. It always computes attention eagerly, since a
    fused kernel neither exposes its weights nor allows changing them."""

    tap: Tap
    name: str

    def attend(self, qkv: Tensor, window: Any, eager: bool) -> Any:
        """Compute as the base class does, always with ``eager``."""
        return super().attend(qkv, window, True)  # type: ignore[misc]

    def split_heads(self, qkv: Tensor) -> list[Tensor]:
        """Pass queries, keys and values through the tap."""
        parts = zip("qkv", super().split_heads(qkv), strict=True)  # type: ignore[misc]
        return [self.tap(f"{self.name}.{part}", x) for part, x in parts]

    def normalize(self, scores: Tensor, dtype: torch.dtype) -> Tensor:
        """Pass scores and weights through the tap."""
        scores = self.tap(f"{self.name}.scores", scores)
        return self.tap(f"{self.name}.pattern", super().normalize(scores, dtype))  # type: ignore[misc]

    def merge_heads(self, y: Tensor) -> Tensor:
        """Pass the outputs of the heads through the tap."""
        return super().merge_heads(self.tap(f"{self.name}.heads", y))  # type: ignore[misc]


@contextmanager
def install(body: Any, tap: Tap) -> Iterator[None]:
    """In the block, pass the points of a `GPT2Model` through ``tap``."""
    with ExitStack() as stack:

        def hook(module: nn.Module, name: str) -> None:
            handle = module.register_forward_hook(lambda _, inputs, y: _tap_output(tap, name, y))
            stack.callback(handle.remove)

        hook(body.drop, "embed")
        for layer, block in enumerate(body.h):
            name = f"h.{layer}"
            hook(block.ln_1, f"{name}.ln_1")
            stack.enter_context(_tap_attention(block.attn, tap, f"{name}.attn"))
            hook(block.attn, f"{name}.attn")
            hook(block.ln_2, f"{name}.ln_2")
            inside = block.mlp.c_proj.register_forward_pre_hook(
                lambda _, inputs, name=name: tap(f"{name}.mlp.hidden", inputs[0])
            )
            stack.callback(inside.remove)
            hook(block.mlp, f"{name}.mlp")
            hook(block, name)
        hook(body.ln_f, "ln_f")
        yield


def _tap_output(tap: Tap, name: str, y: Any) -> Any:
    """A module's output, with its first part passed through the tap."""
    return (tap(name, y[0]), *y[1:]) if isinstance(y, tuple) else tap(name, y)


@contextmanager
def _tap_attention(attention: nn.Module, tap: Tap, name: str) -> Iterator[None]:
    before = attention.__class__
    attention.__class__ = type(before.__name__, (TappedAttention, before), {})
    attention.__dict__.update(tap=tap, name=name)
    try:
        yield
    finally:
        attention.__class__ = before
        del attention.__dict__["tap"], attention.__dict__["name"]


def forget(body: Any) -> None:
    """Remove the taps from a copy of a `GPT2Model` that was made while they were installed."""
    for module in body.modules():
        for hooks in (module._forward_hooks, module._forward_pre_hooks):
            for key in [key for key, hook in hooks.items() if hook.__module__ == __name__]:
                del hooks[key]
        if isinstance(module, TappedAttention):
            module.__class__ = type(module).__bases__[1]
            del module.__dict__["tap"], module.__dict__["name"]
