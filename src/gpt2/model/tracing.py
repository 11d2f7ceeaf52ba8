"""Whether values may be looked at: not where torch only traces what is computed of them."""

from __future__ import annotations

import torch


def readable() -> bool:
    """False under torch.compile, torch.export and torch.func's transforms."""
    transformed = torch._C._are_functorch_transforms_active()
    return not (torch.compiler.is_compiling() or transformed)
