"""Head and cross-entropy in one step, for training: the logits never exist whole.

A chunk of places at a time, the logits are computed, the losses read from them, and they are turned
into their own gradient in place, from which the gradients of hidden states and head follow at once.
So the backward pass computes nothing again and keeps no logits. (The idea is that of Liger-Kernel's
fused linear cross-entropy, Hsu et al. 2024.) `torch.nn.functional.linear_cross_entropy` has it too
since torch 2.13, but scales no fp16 gradient and asks for that version.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

CHUNK = {"cpu": 1 << 24}  # logits that exist at a time, by device: 64 MB
CHUNK_ELSEWHERE = 1 << 28


class Shared:
    """Hands the head's gradient to `lookup`, where head and embedding are one table: so the few
    rows that were looked up are added to it, and no second table of gradients exists."""

    gradient: Tensor | None = None


def head_loss(
    hidden: Tensor, head: Tensor, labels: Tensor, weight: float = 1.0, shared: Shared | None = None
) -> Tensor:
    """The sum of the losses, times ``weight``: float32 [].

    Args:
        hidden: [N, D], the states whose loss counts.
        head: [V, D].
        labels: int64 [N], what comes next at each; all count.
        weight: what a loss counts. With fp16 it holds the loss scale, so that small gradients do
            not vanish.
        shared: of the `lookup` that the hidden states come from.
    """
    device = hidden.device.type
    dtype = hidden.dtype
    if torch.is_autocast_enabled(device):
        dtype = torch.get_autocast_dtype(device)
    total: Tensor = _HeadLoss.apply(hidden, head, labels, weight, dtype, shared)  # type: ignore[no-untyped-call]
    return total


class _HeadLoss(torch.autograd.Function):
    """Computes its gradients while it computes the loss; they wait for the backward pass."""

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
    """Rows of a table [V, D] that is the head's too: ids [B, T] to [B, T, D]."""
    embedded: Tensor = _Lookup.apply(table, ids, shared)  # type: ignore[no-untyped-call]
    return embedded


class _Lookup(torch.autograd.Function):
    """Its backward pass comes after the head's, whose gradient autograd still holds: it waits for
    this one's before it goes to the table."""

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
        if whole is None:  # the head asked for none
            return (
                torch.ops.aten.embedding_dense_backward(grad, ids, ctx.rows, -1, False),
                None,
                None,
            )
        whole.index_add_(0, ids.flatten(), grad.flatten(0, 1).to(whole.dtype))
        return None, None, None


def _is_one(grad: Tensor) -> bool:
    """Whether a factor can be left out; on a GPU that is not asked, since asking waits for it."""
    return grad.device.type == "cpu" and grad.item() == 1.0


def _loss_and_gradients(
    hidden: Tensor, head: Tensor, labels: Tensor, weight: float, for_hidden: bool, for_head: bool
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    N, V = len(hidden), len(head)
    total = torch.zeros((), device=hidden.device)
    d_hidden = torch.empty_like(hidden) if for_hidden else None
    d_head: Tensor | None = None
    most = max(1, CHUNK.get(hidden.device.type, CHUNK_ELSEWHERE) // V)
    chunk = max(1, -(-N // -(-N // most))) if N else 1  # of one size, as nearly as it goes
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
        dy = p.mul_(weight).to(hidden.dtype) if low else p  # float32: the factor goes elsewhere
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
    if for_head and d_head is None:  # nothing counts
        d_head = torch.zeros_like(head)
    return total * weight, d_hidden, d_head
