"""Fast linear maps for generation on a CPU.

With one or a few rows a matmul is bound by memory bandwidth, and the checkpoint's layout is not the
best one for streaming the weights. When an engine first extends a cache, `pack` changes the class
of each linear map to one that keeps a second copy of its weight in oneDNN's own layout, renewed
when the weight changes. This doubles the memory of the weights and is used only without gradients.

torch does not count changes through ``weight.data`` or numpy. A cache's first tokens are therefore
computed with the weight itself, and before the second call the weight's product with a vector is
compared, which costs about as much as one token. A forward pass of the model always reads the
weight.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from gpt2.model.cache import TorchCache
from gpt2.model.gpt2 import Conv1D, LMHead

FEW_ROWS = 32  # above this the ordinary matmul is as fast


class _Running(threading.local):
    """The modules whose copies were compared for the cache that an engine extends in this thread;
    None if copies must not be used."""

    compared: set[int] | None = None


_running = _Running()


class PackedLinear(nn.Module):
    """A module with a ``weight`` that can multiply by a packed copy of it."""

    if TYPE_CHECKING:
        weight: Any
    _packed: Tensor | None = None
    _packed_from: tuple[int, int] | None = None
    _packed_product: Tensor | None = None

    def train(self, mode: bool = True) -> PackedLinear:
        """As in torch; drops the copy, as training may change ``weight.data`` undetectably."""
        if mode:
            self._packed, self._packed_from = None, None
        return super().train(mode)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        self._packed, self._packed_from = None, None  # new weights may have the old ones' address
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call]

    def __getstate__(self) -> dict[str, Any]:
        """The state without the packed copy, which can be neither copied nor pickled."""
        return {**self.__dict__, "_packed": None, "_packed_from": None, "_packed_product": None}

    def _arrange(self) -> Tensor:
        """The weight as [outputs, inputs]."""
        return self.weight

    def _state_of_weight(self) -> tuple[int, int]:
        return self.weight.data_ptr(), self.weight._version

    def _product(self) -> Tensor:
        """The weight times a fixed vector, which almost every change of a value changes."""
        width = self.weight.shape[1]
        numbers = torch.arange(width, dtype=torch.float64) * 0.618034  # none is near zero
        return self.weight.detach() @ (1 + numbers.frac()).to(self.weight.dtype)

    def pack(self, compare: bool = False) -> None:
        """Make the packed copy, unless it is up to date or not useful here.

        With ``compare``, changes that torch does not count are found too.
        """
        if not _is_useful(self.weight):
            self._packed = None
            return
        same = self._packed_from == self._state_of_weight()
        if same and compare:
            assert self._packed_product is not None
            same = torch.equal(self._product(), self._packed_product)
        if not same:
            self._packed_product = self._product()
            dense = self._arrange().detach().contiguous()  # [outputs, inputs]
            self._packed = torch.ops.mkldnn._reorder_linear_weight(dense, 1)
            self._packed_from = self._state_of_weight()

    def multiply_packed(self, x: Tensor, bias: Tensor | None) -> Tensor | None:
        """``x`` times the packed weight, or None if the ordinary matmul must be used."""
        compared = _running.compared
        if self._packed is None or compared is None or torch.compiler.is_compiling():
            return None
        if torch.is_grad_enabled() or x.dtype != torch.float32:
            return None  # under autocast x may have a lower precision
        if x.numel() > FEW_ROWS * x.shape[-1] or self._packed_from != self._state_of_weight():
            return None
        if id(self) not in compared:
            self.pack(compare=True)
            compared.add(id(self))
        return torch.ops.mkldnn._linear_pointwise(x, self._packed, bias, "none", [], "")


class PackedConv1D(PackedLinear, Conv1D):
    """A `Conv1D` with a packed weight."""

    def _arrange(self) -> Tensor:
        return self.weight.t()

    def forward(self, x: Tensor) -> Tensor:
        """[..., inputs] to [..., outputs]."""
        y = self.multiply_packed(x, self.bias)
        return super().forward(x) if y is None else y


class PackedHead(PackedLinear, LMHead):
    """An `LMHead` with a packed weight."""

    def forward(self, x: Tensor) -> Tensor:
        """[..., D] to [..., V]."""
        y = self.multiply_packed(x, None)
        return super().forward(x) if y is None else y


PACKED = {Conv1D: PackedConv1D, LMHead: PackedHead}


@contextmanager
def use_packed(model: nn.Module, cache: TorchCache) -> Iterator[None]:
    """`pack`, and in the block use what was packed, unless the cache is empty."""
    pack(model)
    before, _running.compared = _running.compared, cache.compared if any(cache.lengths) else None
    try:
        yield
    finally:
        _running.compared = before


def pack(model: nn.Module) -> None:
    """Let the model's linear maps multiply by packed copies of their weights, where useful."""
    for module in model.modules():
        kind = PACKED.get(type(module))
        if kind is not None and _is_useful(getattr(module, "weight")):  # noqa: B009
            module.__class__ = kind  # not a new module: hooks and references stay valid
        if isinstance(module, PackedLinear):
            module.pack()


def _is_useful(weight: Tensor) -> bool:
    """Whether oneDNN can use it: on a CPU, in fp32, and not sharded (FSDP)."""
    whole = not hasattr(weight, "full_tensor")
    here = weight.device.type == "cpu" and weight.dtype == torch.float32
    return whole and here and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
