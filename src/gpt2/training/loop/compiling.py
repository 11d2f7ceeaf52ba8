"""torch.compile, with a single readable warning if it fails."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn

from gpt2.errors import GPT2Error, GPT2Warning, first_line


class Compiled(nn.Module):
    """A module that is compiled at its first call and runs uncompiled if compiling fails.

    Compiling needs a C++ compiler on a CPU, Triton on a GPU, and a model that the compiler can
    trace, so it can fail in many ways.
    """

    def __init__(self, plain: nn.Module) -> None:
        super().__init__()
        self.plain = plain
        self._compiled: list[Any] = [torch.compile(plain)]  # in a list: not a child module
        self._works = False

    def forward(self, *inputs: Any) -> Any:
        """Run the module."""
        if not self._compiled:
            return self.plain(*inputs)
        if self._works:
            return self._compiled[0](*inputs)
        try:
            result = self._compiled[0](*inputs)
        except Exception as raised:
            error = getattr(raised, "inner_exception", raised)  # Dynamo wraps the original error
            if isinstance(error, GPT2Error | torch.OutOfMemoryError):
                raise error from None
            self._compiled.clear()
            warnings.warn(
                f"--compile does not work here ({first_line(error)}): training continues without "
                "it.",
                GPT2Warning,
                stacklevel=2,
            )
            return self.plain(*inputs)
        self._works = True
        return result
