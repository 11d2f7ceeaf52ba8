"""Estimates the memory of a training step on each device, part by part, before anything runs.

Weights, gradients and AdamW's two moments take 16 bytes per parameter in fp32 (Rajbhandari et al.
2020, section 3.1, counts the same for their mixed precision). FSDP2 divides all three by the number
of devices (their stage 3) and gathers a block when it runs; but a step of several micro-batches
reduces the gradients only in its last pass, and until then each device keeps all of them. DDP
divides nothing. Activations are
counted tensor by tensor, as the backward pass of `gpt2.model` keeps them, following Korthikanti et
al. 2022, section 4. Their 34 bytes x T x D per layer are for 16-bit training without the T x T
scores, which fused attention does not keep.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

from gpt2.config import GELU_TANH, GPT2Config
from gpt2.training.planning.flops import multiplied_parameters

Strategy = Literal["one", "ddp", "fsdp"]
FP32 = 4  # bytes
LOGITS = {"cpu": 1 << 24, "cuda": 1 << 28}  # logits in memory at a time in `gpt2.model.head_loss`
LEAN_FROM = 1 << 17  # bytes per token: for a small model saving memory is not worth the time
GATHERED = 2  # blocks gathered at a time under FSDP: this one and the next


@dataclasses.dataclass(frozen=True)
class Footprint:
    """Bytes on one device.

    Attributes:
        weights: in fp32, plus their low-precision copies if the step uses a lower precision.
        gradients: of the trained parameters, the most that a step keeps.
        optimizer: the optimizer state.
        activations: what the backward pass needs of one micro-batch.
        logits: the chunk in memory at a time, and the gradient of the head.
        gathered: gathered weights and gradients of sharded blocks.
        total: the peak. It is less than the sum, unless a step has several micro-batches, because
            gradients grow while activations are freed.
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
    """Estimate the memory of a training step.

    Args:
        config: the configuration of the model.
        rows: the micro-batch size on a device, in rows of ``length`` tokens.
        precision, optimizer, recompute: as in `TrainingConfig`.
        strategy: weights on one device, replicated on each ("ddp"), or sharded over all ("fsdp").
        ranks: the number of devices.
        accumulating: whether a device splits its rows of a step into several micro-batches.
        trained: the number of trained parameters, if not all (LoRA).
        device: "cpu" or "cuda"; their kernels keep different tensors.
    """
    N, V, D = config.parameter_count(), config.vocab_size, config.n_embd
    parts = ranks if strategy == "fsdp" else 1
    low = precision != "fp32"
    trained = N if trained is None else trained
    weights = FP32 * N / parts + (2 * multiplied_parameters(config) if low and parts == 1 else 0)
    reduced = FP32 * trained / parts
    gradients = FP32 * trained if accumulating else reduced
    muon = optimizer == "muon" and trained == N  # it does not train adapters
    remembered = _optimizer(config, muon, trained) / parts
    whole_head = FP32 * V * D if trained == N else 0
    logits = _logits(V, rows * length, low, device) + whole_head
    gathered = 0.0
    if parts > 1:  # embeddings and the last norm are one group, gathered for the entire step
        block = (N - (V + config.n_positions) * D) / config.n_layer
        size = (2 if low else FP32) + FP32  # the weight in the precision used, its gradient in fp32
        gathered = size * (GATHERED * block + (V + config.n_positions) * D)
    lean = not low and trained == N and is_lean(config, device)
    layer = _layer(config, rows, length, low, device, lean)
    activations = _activations(config, rows, length, low, recompute, layer)
    passing = (2 if low else FP32) * rows * length * 2 * config.inner  # gradients of hidden layers
    before = gradients if accumulating else 0.0
    apart = whole_head if device != "cpu" else 0  # the embedding's gradient, apart from the head's
    moments = (
        before + activations - (layer if recompute else 0) + logits,  # the head's loss
        max(before, whole_head) + activations + passing,  # the last block's backward pass
        gradients + apart + layer + passing,  # the first block's, then the embedding's
        reduced + (_muon_step(config, device) if muon else 0),
    )
    total = weights + remembered + gathered + max(moments)
    return Footprint(weights, gradients, remembered, activations, logits, gathered, total)


def is_lean(config: GPT2Config, device: str) -> bool:
    """Whether a training step in fp32 saves memory with `gpt2.model.lean`."""
    spared = FP32 * config.n_layer * (config.inner + 2 * config.n_embd)
    return config.activation_function in GELU_TANH and (device != "cpu" or spared >= LEAN_FROM)


def _optimizer(config: GPT2Config, muon: bool, trained: int) -> float:
    """AdamW keeps two values per parameter, Muon one per parameter of the blocks' matrices."""
    matrices = config.n_layer * config.n_embd * (4 * config.n_embd + 2 * config.inner)
    return FP32 * (2 * trained - (matrices if muon else 0))


def _muon_step(config: GPT2Config, device: str) -> float:
    """What Muon allocates besides the gradients: the updates of all matrices; then, for the square
    matrices and after them for the others, the stacked, normalised and multiplied matrices and
    their Gram matrices."""
    D, inner, L = config.n_embd, config.inner, config.n_layer
    square, oblong, grams = 4 * D * D * L, 2 * D * inner * L, 2 * min(D, inner) ** 2 * L
    size = FP32 if device == "cpu" else 2  # bytes per value of the iteration
    first = FP32 * square + size * 3 * square
    second = size * square + FP32 * oblong + size * (2 * oblong + grams)
    return float(FP32 * (square + oblong) + max(first, second))


def _layer(config: GPT2Config, rows: int, length: int, low: bool, device: str, lean: bool) -> float:
    """What the backward pass of one block needs.

    The residual stream goes into two norms in fp32. In the precision of the step: queries, keys and
    values (3 D), the attention output (D), and the hidden layer before GELU; unless ``lean``
    (`gpt2.model.lean`), also the output of the norms (2 D) and the hidden layer after GELU. Dropout
    keeps a mask; on a CPU it keeps its noise in fp32, and attention with dropout is not fused
    there, so it keeps three T x T tensors per head.
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
    """The activations of all blocks, or with ``recompute`` their inputs and one block, plus those
    of the last norm and the head."""
    D, tokens = config.n_embd, rows * length
    ends = tokens * D * (2 * FP32 + 2 * (2 if low else FP32))  # of the last norm and the head
    if recompute:
        return config.n_layer * tokens * D * FP32 + layer + ends
    return config.n_layer * layer + ends


def _logits(V: int, tokens: int, low: bool, device: str) -> float:
    """One chunk of logits; in a low precision there is also a copy in fp32."""
    most = max(1, LOGITS["cpu" if device == "cpu" else "cuda"] // V)
    places = -(-tokens // -(-tokens // most))  # chunks of equal size
    return float(places * V * (FP32 + (2 if low else 0)))
