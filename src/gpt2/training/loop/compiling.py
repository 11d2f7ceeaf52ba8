"""torch.compile, with one plain warning where it cannot work."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn

from gpt2.errors import GPT2Error, GPT2Warning


class Compiled(nn.Module):
    """A module that is compiled at its first call; where that fails it runs as it is.

    Compiling needs a C++ compiler on a CPU, Triton on a GPU, and a model without surprises, so it
    may fail in many ways.
    """

    def __init__(self, plain: nn.Module) -> None:
        super().__init__()
        self.plain = plain
        self._compiled: list[Any] = [torch.compile(plain)]  # in a list: no second child
        self._works = False

    def forward(self, *inputs: Any) -> Any:
        """What the module returns."""
        if not self._compiled:
            return self.plain(*inputs)
        if self._works:
            return self._compiled[0](*inputs)
        try:
            result = self._compiled[0](*inputs)
        except GPT2Error:
            raise
        except Exception as error:
            self._compiled.clear()
            error = getattr(error, "inner_exception", error)  # Dynamo's wraps what happened
            reason = str(error).strip().split("\n")[0] or type(error).__name__
            warnings.warn(
                f"--compile does not work here ({reason}): training continues without it.",
                GPT2Warning,
                stacklevel=2,
            )
            return self.plain(*inputs)
        self._works = True
        return result
