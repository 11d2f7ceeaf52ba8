"""Head and cross-entropy fused for training: the full logits never exist.

For one chunk of positions at a time, the logits are computed, the losses are read from them, and
they are turned into their own gradient in place, from which the gradients of the hidden states and
the head follow immediately. So the backward pass recomputes nothing and no logits are kept. (The
idea is that of Liger-Kernel's fused linear cross-entropy, Hsu et al. 2024.) Since torch 2.13,
`torch.nn.functional.linear_cross_entropy` does the same, but without scaling fp16 gradients.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

CHUNK = {"cpu": 1 << 24}  # logits in memory at a time, by device: 64 MB
CHUNK_ELSEWHERE = 1 << 28


class Shared:
    """Passes the head's gradient to `lookup` if head and embedding are tied: the gradients of the
    few rows that were looked up are added to it, without a second gradient table."""

    gradient: Tensor | None = None


def head_loss(
    hidden: Tensor, head: Tensor, labels: Tensor, weight: float = 1.0, shared: Shared | None = None
) -> Tensor:
    """The sum of the losses, times ``weight``: float32 [].

    Args:
        hidden: [N, D], the states at unmasked positions.
        head: [V, D].
        labels: int64 [N], the next token at each position; none is ignored.
        weight: the factor of each loss. With fp16 it includes the loss scale, so that small
            gradients do not underflow.
        shared: the object passed to the `lookup` that produced the hidden states' embeddings.
    """
    device = hidden.device.type
    dtype = hidden.dtype
    if torch.is_autocast_enabled(device):
        dtype = torch.get_autocast_dtype(device)
    return _HeadLoss.apply(hidden, head, labels, weight, dtype, shared)  # type: ignore[no-untyped-call]


class _HeadLoss(torch.autograd.Function):
    """Computes its gradients along with the loss and keeps them for the backward pass."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        head: Tensor,
        labels: Tensor,
        weight: float,
        dtype: torch.dtype,
        shared: Shared | None,
    ) -> Tensor:
        ctx.shared = shared
        for_hidden, for_head = ctx.needs_input_grad[:2]
        with torch.autocast(hidden.device.type, enabled=False):
            total, d_hidden, d_head = _loss_and_gradients(
                hidden.to(dtype), head.to(dtype), labels, weight, for_hidden, for_head
            )
        ctx.gradients = (
            d_hidden if d_hidden is None else d_hidden.to(hidden.dtype),
            d_head if d_head is None else d_head.to(head.dtype),
        )
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        d_hidden, d_head = ctx.gradients
        ctx.gradients = None
        if not _is_one(grad):
            d_hidden = None if d_hidden is None else d_hidden.mul_(grad)
            d_head = None if d_head is None else d_head.mul_(grad)
        if ctx.shared is not None:
            ctx.shared.gradient = d_head
        return d_hidden, d_head, None, None, None, None


def lookup(table: Tensor, ids: Tensor, shared: Shared) -> Tensor:
    """Look up rows of a table [V, D] tied to the head: ids [B, T] to [B, T, D]."""
    return _Lookup.apply(table, ids, shared)  # type: ignore[no-untyped-call]


class _Lookup(torch.autograd.Function):
    """The lookup. Its backward pass runs after the head's, while autograd still holds the head's
    gradient until that of the lookup is there, so this one can be added in place."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, ids: Tensor, shared: Shared) -> Tensor:
        ctx.save_for_backward(ids)
        ctx.shared, ctx.rows = shared, len(table)
        return F.embedding(ids, table)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        (ids,) = ctx.saved_tensors
        whole, ctx.shared.gradient = ctx.shared.gradient, None
        if whole is None:  # the head needs no gradient
            return (
                torch.ops.aten.embedding_dense_backward(grad, ids, ctx.rows, -1, False),
                None,
                None,
            )
        whole.index_add_(0, ids.flatten(), grad.flatten(0, 1).to(whole.dtype))
        return None, None, None


def _is_one(grad: Tensor) -> bool:
    """Whether a factor can be skipped; not checked on a GPU, since reading it would block."""
    return grad.device.type == "cpu" and grad.item() == 1.0


def _loss_and_gradients(
    hidden: Tensor, head: Tensor, labels: Tensor, weight: float, for_hidden: bool, for_head: bool
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    N, V = len(hidden), len(head)
    total = torch.zeros((), device=hidden.device)
    d_hidden = torch.empty_like(hidden) if for_hidden else None
    d_head: Tensor | None = None
    most = max(1, CHUNK.get(hidden.device.type, CHUNK_ELSEWHERE) // V)
    chunk = max(1, -(-N // -(-N // most))) if N else 1  # of nearly equal size
    logits = hidden.new_empty(min(chunk, N), V)
    for start in range(0, N, chunk):
        x, wanted = hidden[start : start + chunk], labels[start : start + chunk, None]
        y = torch.mm(x, head.t(), out=logits[: len(x)])  # [c, V]
        logp = y if y.dtype.itemsize >= 4 else y.float()
        torch.log_softmax(logp, 1, out=logp)
        total -= logp.gather(1, wanted).sum()
        if not (for_hidden or for_head):
            continue
        p = logp.exp_()
        p.scatter_add_(1, wanted, torch.full_like(wanted, -1, dtype=p.dtype))
        low = hidden.dtype.itemsize < 4
        dy = p.mul_(weight).to(hidden.dtype) if low else p  # float32: the factor is applied below
        if d_hidden is not None:
            torch.mm(dy, head, out=d_hidden[start : start + chunk])
        if for_head:
            x = x if low else x * weight
            part = dy.t() @ x if d_head is None or low else None
            if d_head is None:
                d_head = part if part is None else part.float()
            elif part is not None:
                d_head += part
            else:
                d_head.addmm_(dy.t(), x)
    if d_hidden is not None and hidden.dtype.itemsize >= 4:
        d_hidden *= weight
    if for_head and d_head is None:  # N is 0
        d_head = torch.zeros_like(head)
    return total * weight, d_hidden, d_head
