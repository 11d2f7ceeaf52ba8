"""The loss on held-out text: overall, by position in the context, and in bits per byte."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gpt2.errors import InputError
from gpt2.figures import perplexity_of
from gpt2.training.inputs.batches import IGNORED, Batch

if TYPE_CHECKING:
    from gpt2.model import GPT2LMHeadModel
    from gpt2.tokenizer import Tokenizer

CHUNK = 1024  # positions whose logits [chunk, V] are in memory at a time


@dataclasses.dataclass(frozen=True)
class Validation:
    """The loss of a model on a text.

    Attributes:
        loss: nats per token, the mean over all unmasked targets.
        tokens: the number of unmasked targets.
        bits_per_byte: None if the byte lengths of the tokens were not given.
        by_position: the mean loss by the number of tokens in the context: "1", "2", "3-4", "5-8",
            ... Comparing the last with the first shows how much the model gains from a long
            context.
    """

    loss: float
    tokens: int
    bits_per_byte: float | None
    by_position: dict[str, float]

    @property
    def perplexity(self) -> float:
        """exp(loss): the number of equally likely tokens that would leave the model as
        uncertain."""
        return perplexity_of(self.loss)


def token_bytes(tokenizer: Tokenizer, vocab_size: int | None = None) -> np.ndarray:
    """The number of bytes of text that each token stands for: int64 [V].

    It is 0 for special tokens and for rows of the embedding beyond the vocabulary.
    """
    special = set(tokenizer.all_special_ids)
    counts = np.zeros(vocab_size or len(tokenizer), np.int64)
    for number in tokenizer.get_vocab().values():
        if number < len(counts) and number not in special:
            counts[number] = tokenizer.source_bytes(number)
    return counts


@torch.no_grad()
def validate(
    model: GPT2LMHeadModel,
    batches: Iterable[Batch],
    *,
    autocast: Callable[[], contextlib.AbstractContextManager[Any]] | None = None,
    bytes: np.ndarray | None = None,
    reduce: Callable[[Tensor], Tensor] | None = None,
    losses: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> Validation:
    """The loss of a model over batches, in evaluation mode, after which its mode is restored.

    Args:
        model: the model; the work is done on its device.
        batches: batches that contain each unmasked target once, such as those of `Whole`. A batch
            without rows still runs through the model, so that ranks that shard the weights stay in
            step.
        autocast: makes the context manager for the forward pass of a batch, such as ``lambda:
            torch.autocast("cuda", torch.bfloat16)``.
        bytes: int64 [V] from `token_bytes`. Bits per byte count the bytes of the predicted tokens,
            so they are correct for any part of a text.
        reduce: sums a float64 tensor over all ranks, for ranks that share the batches.
        losses: returns the losses for (inputs, labels), for a model whose parts cannot be called
            separately; default `place_losses`.

    Raises:
        InputError: there are no unmasked targets.
    """
    positions = model.config.n_positions
    sums = torch.zeros(2 * positions + 1, dtype=torch.float64)  # loss, count by position; bytes
    was_training = model.training
    model.eval()
    try:
        for batch in batches:
            with autocast() if autocast else contextlib.nullcontext():
                _add(sums, model, batch, positions, losses)
            if bytes is not None:
                wanted = batch.labels[batch.labels != IGNORED]
                sums[-1] += int(bytes[wanted].sum())
    finally:
        model.train(was_training)
    if reduce is not None:
        sums = reduce(sums)
    return _result(sums, positions, with_bytes=bytes is not None)


def _add(
    sums: Tensor,
    model: GPT2LMHeadModel,
    batch: Batch,
    positions: int,
    losses: Callable[[Tensor, Tensor], Tensor] | None,
) -> None:
    """Add the losses and counts of a batch, by position, to the sums."""
    if not len(batch):
        length = batch.inputs.shape[1]
        batch = Batch(np.zeros((1, length), np.int64), np.full((1, length), IGNORED))
    inputs = torch.from_numpy(batch.inputs).to(model.device)
    labels = torch.from_numpy(batch.labels).to(model.device)
    result = losses(inputs, labels) if losses else place_losses(model, inputs, labels)  # [B, T]
    T = result.shape[1]
    sums[:T] += result.sum(0).cpu()
    sums[positions : positions + T] += (labels != IGNORED).sum(0).cpu()


def place_losses(model: GPT2LMHeadModel, inputs: Tensor, labels: Tensor) -> Tensor:
    """The loss at each position, float32 [B, T], 0 where ignored; the labels are already shifted.

    Only the logits of `CHUNK` positions are in memory at a time, never [B, T, V].
    """
    hidden = model.transformer(inputs, use_cache=False).last_hidden_state  # [B, T, D]
    states, wanted = hidden.flatten(0, 1), labels.flatten()
    parts = [
        F.cross_entropy(
            model.lm_head(states[start : start + CHUNK]).float(),
            wanted[start : start + CHUNK],
            ignore_index=IGNORED,
            reduction="none",
        )
        for start in range(0, len(states), CHUNK)
    ]
    return torch.cat(parts).view(labels.shape)


def _result(sums: Tensor, positions: int, with_bytes: bool) -> Validation:
    losses, counts = sums[:-1].view(2, positions)
    count_bytes = sums[-1].item()
    total, tokens = losses.sum().item(), int(counts.sum().item())
    if not tokens:
        raise InputError(
            "the validation text has no unmasked tokens, so there is nothing to measure."
        )
    by_position = {}
    for start, stop in _octaves(positions):  # at position t it has read t + 1 tokens
        if counts[start:stop].sum() > 0:
            name = str(stop) if stop - start == 1 else f"{start + 1}-{stop}"
            mean = losses[start:stop].sum() / counts[start:stop].sum()
            by_position[name] = mean.item()
    bits = total / math.log(2) / count_bytes if with_bytes and count_bytes else None
    return Validation(total / tokens, tokens, bits, by_position)


def _octaves(positions: int) -> list[tuple[int, int]]:
    """[0, 1), [1, 2), [2, 4), [4, 8), ... up to the context length."""
    edges = [0, 1]
    while edges[-1] < positions:
        edges.append(min(2 * edges[-1], positions))
    return list(itertools.pairwise(edges))
