"""Whether tensor values may be read: not while torch only traces the computation."""

from __future__ import annotations

import torch


def readable() -> bool:
    """Whether values may be read: not under torch.compile, torch.export and torch.func."""
    transformed = torch._C._are_functorch_transforms_active()
    return not (torch.compiler.is_compiling() or transformed)
