"""The memory that a training step takes on each device, by part, before anything runs.

Weights, gradients and AdamW's two averages take 16 bytes a parameter in fp32 (Rajbhandari et al.
2020, section 3.1, counts the same for their mixed precision). FSDP2 divides all three by the number
of devices (their stage 3) and gathers a block when it runs; DDP divides nothing. Activations are
counted tensor by tensor as the backward pass of `gpt2.model` keeps them, in the manner of
Korthikanti et al. 2022, section 4, whose 34 bytes x T x D a layer are those of 16-bit training
without the T x T scores, which fused attention does not keep.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from gpt2.config import GELU_TANH, GPT2Config
from gpt2.training.planning.flops import multiplied_parameters

Strategy = Literal["one", "ddp", "fsdp"]
FP32 = 4  # bytes
LOGITS = {"cpu": 1 << 24, "cuda": 1 << 28}  # logits that exist at a time in `gpt2.model.head_loss`
LEAN_FROM = 1 << 17  # bytes a token: of a small model the memory is not worth the time
GATHERED = 2  # blocks whose weights are whole at a time under FSDP: this one and the next


@dataclasses.dataclass(frozen=True)
class Footprint:
    """Bytes on one device.

    Attributes:
        weights: in fp32, and their copies in a lower precision where the step computes in it.
        gradients: of what is trained.
        optimizer: what it remembers of each parameter.
        activations: what the backward pass needs of the rows computed at a time.
        logits: the chunk that exists at a time, and the head's gradient.
        gathered: whole weights and gradients of blocks that are sharded.
        total: the most at any moment. Less than the sum, unless rows come in several parts, since
            gradients grow while activations go.
    """

    weights: float
    gradients: float
    optimizer: float
    activations: float
    logits: float
    gathered: float
    total: float


def footprint(
    config: GPT2Config,
    rows: int,
    length: int,
    *,
    precision: str = "fp32",
    optimizer: str = "adamw",
    strategy: Strategy = "one",
    ranks: int = 1,
    recompute: bool = False,
    accumulating: bool = True,
    trained: int | None = None,
    device: str = "cuda",
) -> Footprint:
    """The memory of a step.

    Args:
        config: the model's.
        rows: computed at a time on a device (the micro-batch), each of ``length`` tokens.
        precision, optimizer, recompute: as in `TrainingConfig`.
        strategy: weights on one device, whole on each ("ddp"), or sharded over all ("fsdp").
        ranks: how many devices.
        accumulating: a device's rows of a step come in several parts.
        trained: how many parameters are trained, if not all (LoRA).
        device: "cpu" or "cuda"; their kernels keep different things.
    """
    N, V, D = config.parameter_count(), config.vocab_size, config.n_embd
    parts = ranks if strategy == "fsdp" else 1
    low = precision != "fp32"
    trained = N if trained is None else trained
    weights = FP32 * N / parts + (2 * multiplied_parameters(config) if low and parts == 1 else 0)
    gradients = FP32 * trained / parts
    remembered = _optimizer(config, optimizer, trained) / parts
    whole_head = FP32 * V * D if trained == N else 0
    logits = _logits(V, rows * length, low, device) + whole_head
    gathered = 0.0
    if parts > 1:  # embeddings and the last norm are one group, gathered through the whole step
        block = (N - (V + config.n_positions) * D) / config.n_layer
        size = (2 if low else FP32) + FP32  # the weight as it is used, its gradient in fp32
        gathered = size * (GATHERED * block + (V + config.n_positions) * D)
    lean = not low and trained == N and is_lean(config, device)
    layer = _layer(config, rows, length, low, device, lean)
    activations = _activations(config, rows, length, low, recompute, layer)
    passing = (2 if low else FP32) * rows * length * 2 * config.inner  # gradients of hidden layers
    before = gradients if accumulating else 0.0
    apart = whole_head if device != "cpu" else 0  # the embedding's gradient beside the head's
    moments = (
        before + activations - (layer if recompute else 0) + logits,  # the head's loss
        max(before, whole_head) + activations + passing,  # the last block's backward pass
        gradients + apart + layer + passing,  # the first block's, then the embedding's
        gradients + (_muon_step(config, device) if optimizer == "muon" and trained == N else 0),
    )
    total = weights + remembered + gathered + max(moments)
    return Footprint(weights, gradients, remembered, activations, logits, gathered, total)


def is_lean(config: GPT2Config, device: str) -> bool:
    """Whether a training step in fp32 keeps as little as it can (`gpt2.model.lean`)."""
    spared = FP32 * config.n_layer * (config.inner + 2 * config.n_embd)
    return config.activation_function in GELU_TANH and (device != "cpu" or spared >= LEAN_FROM)


def _optimizer(config: GPT2Config, optimizer: str, trained: int) -> float:
    """AdamW remembers two numbers of each parameter, Muon one of each matrix in a block."""
    matrices = config.n_layer * config.n_embd * (4 * config.n_embd + 2 * config.inner)
    return FP32 * (2 * trained - (matrices if optimizer == "muon" else 0))


def _muon_step(config: GPT2Config, device: str) -> float:
    """What Muon makes beside the gradients: the updates of all matrices; the square ones made
    orthogonal, then the others: stacked, normed, multiplied, with their grams."""
    D, inner, L = config.n_embd, config.inner, config.n_layer
    square, oblong, grams = 4 * D * D * L, 2 * D * inner * L, 2 * min(D, inner) ** 2 * L
    size = FP32 if device == "cpu" else 2  # of the iteration
    first = FP32 * square + size * 3 * square
    second = size * square + FP32 * oblong + size * (2 * oblong + grams)
    return float(FP32 * (square + oblong) + max(first, second))


def _layer(config: GPT2Config, rows: int, length: int, low: bool, device: str, lean: bool) -> float:
    """What the backward pass of one block needs.

    The residual stream goes into two norms in fp32. In the step's precision: queries, keys and
    values (3 D), what attention gives (D), the hidden layer before GELU; and unless it is ``lean``
    (`gpt2.model.lean`) what comes out of the norms (2 D) and the hidden layer after GELU. Of
    dropout a mask; on a CPU its noise in fp32, and attention with dropout is computed in the open
    there, with three T x T fields a head.
    """
    D, tokens = config.n_embd, rows * length
    size = 2 if low else FP32
    kept = 2 * FP32 * D + size * (4 * D + config.inner) + FP32 * config.n_head
    if not lean:
        kept += size * (2 * D + config.inner)
    if config.resid_pdrop:
        kept += 2 * D * (FP32 if device == "cpu" else 1)
    if config.attn_pdrop and device == "cpu":
        kept += 3 * size * config.n_head * length
    return float(kept * tokens)


def _activations(
    config: GPT2Config, rows: int, length: int, low: bool, recompute: bool, layer: float
) -> float:
    """Of all blocks, or of their inputs and one block; and what norm and head keep."""
    D, tokens = config.n_embd, rows * length
    ends = tokens * D * (2 * FP32 + 2 * (2 if low else FP32))  # the last norm's ends, the head's
    if recompute:
        return config.n_layer * tokens * D * FP32 + layer + ends
    return config.n_layer * layer + ends


def _logits(V: int, tokens: int, low: bool, device: str) -> float:
    """One chunk of logits, in a low precision once more in fp32."""
    most = max(1, LOGITS["cpu" if device == "cpu" else "cuda"] // V)
    places = -(-tokens // -(-tokens // most))  # chunks of one size
    return float(places * V * (FP32 + (2 if low else 0)))
