"""The language-modelling loss: cross-entropy of each token given the previous ones, in nats."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from gpt2.errors import InputError

IGNORED = -100  # the label of masked positions


def next_token_loss(
    logits: Tensor,
    labels: Tensor,
    items: int | Tensor | None = None,
    shifted: Tensor | None = None,
) -> Tensor:
    """The mean loss [] of logits [..., T, V]: position t predicts label t + 1 of [..., T].

    With ``items`` it is the sum divided by that number. ``shifted`` are labels already shifted.
    """
    if shifted is not None:
        predicted = _at_least_float32(logits).flatten(0, -2)
        return _cross_entropy(predicted, shifted.flatten().to(logits.device), items)
    _check_shape(labels, logits)
    predicted, wanted = logits[..., :-1, :].flatten(0, -2), labels[..., 1:].flatten()
    return _cross_entropy(_at_least_float32(predicted), wanted.to(logits.device), items)


def _check_shape(labels: Tensor, states: Tensor) -> None:
    inputs = states.shape[:-1]
    if labels.shape[-1:] != inputs[-1:] or labels.numel() != inputs.numel():
        raise InputError(
            f"labels must have the shape {list(inputs)} of the inputs, found {list(labels.shape)}."
        )


def _cross_entropy(predicted: Tensor, wanted: Tensor, items: int | Tensor | None) -> Tensor:
    if items is None:
        return F.cross_entropy(predicted, wanted, ignore_index=IGNORED)
    total = F.cross_entropy(predicted, wanted, ignore_index=IGNORED, reduction="sum")
    return total / (items.to(total.device) if isinstance(items, Tensor) else items)


def next_token_loss_from_hidden(hidden: Tensor, head: Tensor, labels: Tensor, chunk: int) -> Tensor:
    """The mean loss from hidden states [B, T, D] and head [V, D], ``chunk`` positions at a time.

    The logits of a chunk are recalculated in the backward pass rather than kept.
    """
    _check_shape(labels, hidden)
    states = hidden[:, :-1].flatten(0, 1)  # [N, D]
    wanted = labels[:, 1:].flatten().to(hidden.device)  # [N]
    total = _at_least_float32(hidden.new_zeros(()))
    for start in range(0, len(states), chunk):
        part, target = states[start : start + chunk], wanted[start : start + chunk]
        total = total + checkpoint(_sum_loss, part, head, target, use_reentrant=False)
    return total / (wanted != IGNORED).sum()


@torch.no_grad()
def token_logprobs(
    hidden: Tensor, head: Callable[[Tensor], Tensor], targets: Tensor, chunk: int = 256
) -> tuple[Tensor, Tensor]:
    """Log-probabilities [N] of ``targets`` [N] after hidden states [N, D], and whether each is the
    most probable token; the logits of ``chunk`` positions are in memory at a time."""
    parts = [(targets.new_zeros(0, dtype=torch.float32), targets.new_zeros(0, dtype=torch.bool))]
    for start in range(0, len(hidden), chunk):
        wanted = targets[start : start + chunk]
        logits = head(hidden[start : start + chunk]).float()  # [chunk, V]
        target_logits = logits.gather(1, wanted[:, None])[:, 0]
        parts.append((target_logits - logits.logsumexp(1), logits.argmax(1) == wanted))
    logprobs, greedy = zip(*parts, strict=True)
    return torch.cat(logprobs), torch.cat(greedy)


def _sum_loss(states: Tensor, head: Tensor, target: Tensor) -> Tensor:
    logits = _at_least_float32(F.linear(states, head))  # [chunk, V]
    return F.cross_entropy(logits, target, ignore_index=IGNORED, reduction="sum")


def _at_least_float32(x: Tensor) -> Tensor:
    return x.float() if x.dtype.itemsize < 4 else x
