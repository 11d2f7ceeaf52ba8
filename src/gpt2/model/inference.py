"""Fast linear maps for generation on a CPU.

With one or a few rows a product is bound by how fast the weights stream from memory, and the layout
of the checkpoint is not the best one for that. `PackedLinear` keeps a second copy of its weight in
oneDNN's own layout, made when an engine first extends a cache and made again when the weight has
changed. It costs the weights' memory once more and is used only where no gradient is wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

FEW_ROWS = 32  # above this the ordinary product is as fast


class PackedLinear(nn.Module):
    """The base of a module that holds ``weight`` and can multiply by a packed copy of it."""

    weight: nn.Parameter

    def __init__(self) -> None:
        super().__init__()
        self._packed: Tensor | None = None
        self._packed_from: tuple[int, int] | None = None

    def train(self, mode: bool = True) -> PackedLinear:
        """As in torch; training may change ``weight.data``, which leaves no trace to check."""
        if mode:
            self._packed, self._packed_from = None, None
        return super().train(mode)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        self._packed, self._packed_from = None, None  # new weights may lie where the old ones did
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call]

    def __getstate__(self) -> dict[str, Any]:
        """Without the packed copy, which can be neither copied nor pickled."""
        return {**self.__dict__, "_packed": None, "_packed_from": None}

    def _state_of_weight(self) -> tuple[int, int]:
        return self.weight.data_ptr(), self.weight._version

    def _outputs_first(self) -> Tensor:
        raise NotImplementedError

    def pack(self) -> None:
        """Make the packed copy, unless it is up to date or of no use here."""
        whole = not hasattr(self.weight, "full_tensor")  # FSDP has not left a part of it alone
        useful = self.weight.device.type == "cpu" and self.weight.dtype == torch.float32
        if not (whole and useful and torch.backends.mkldnn.is_available()):  # type: ignore[no-untyped-call]
            self._packed = None
        elif self._packed_from != self._state_of_weight():
            dense = self._outputs_first().detach().contiguous()  # [outputs, inputs]
            self._packed = torch.ops.mkldnn._reorder_linear_weight(dense, 1)
            self._packed_from = self._state_of_weight()

    def packed(self, x: Tensor, bias: Tensor | None) -> Tensor | None:
        """``x`` times the packed weight, or None where the ordinary product is to be used."""
        if self._packed is None or torch.is_grad_enabled() or x.dtype != torch.float32:
            return None  # under autocast x may be of a lower precision
        if x.numel() > FEW_ROWS * x.shape[-1] or self._packed_from != self._state_of_weight():
            return None
        return torch.ops.mkldnn._linear_pointwise(x, self._packed, bias, "none", [], "")
