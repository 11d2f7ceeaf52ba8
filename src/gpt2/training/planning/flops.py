"""How much arithmetic training is, and how much a device can do: model FLOPs utilisation.

The convention is that of PaLM (Chowdhery et al. 2022, appendix B): 6 FLOPs a token for each
parameter that is multiplied, and 12 L D T for the matmuls of queries, keys and values, the causal
mask not taken off. What activation checkpointing computes again does not count, so it shows as a
lower utilisation. (Hoffmann et al. 2022, appendix F, also counts looking up embeddings and the
softmax: a few per cent more for small models.)
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from gpt2.config import GPT2Config
from gpt2.precision import short
from gpt2.training.planning.devices import find

ON_CPU = ((512, 512, 512), (4096, 768, 1536), (2048, 2048, 2048))
ON_GPU = ((8192, 8192, 8192),)


def multiplied_parameters(config: GPT2Config) -> int:
    """The parameters in matmuls: blocks, last norm and the head; looking up is none."""
    embeddings = (config.vocab_size + config.n_positions) * config.n_embd
    head = config.vocab_size * config.n_embd
    tied = head if config.tie_word_embeddings else 0  # counted once as embedding, used as head
    return config.parameter_count() - embeddings + tied


def flops_per_token(config: GPT2Config, length: int, *, frozen: bool = False) -> float:
    """FLOPs of a training step for each token of rows of ``length``, forward and backward.

    ``frozen``: the weights get no gradients (LoRA), which leaves out a third of the matmuls with
    weights; those of the small adapters are not counted.
    """
    with_weights = (4 if frozen else 6) * multiplied_parameters(config)
    return float(with_weights + 12 * config.n_layer * config.n_embd * length)


def known_peak(name: str, dtype: str) -> float | None:
    """The data sheet's matrix FLOP/s of a GPU by its driver's name, or None.

    ``dtype`` is fp32, which is without tf32, bf16 or fp16.
    """
    device = find(name)
    return None if device is None else device.peaks.get(short(dtype))


def measured_peak(
    device: Any, dtype: Any, shapes: Sequence[tuple[int, int, int]] | None = None, repeats: int = 3
) -> float:
    """The FLOP/s of the fastest of a few matmuls on a torch device, each tried ``repeats`` times.

    ``shapes`` are (rows, inputs, outputs), by default `ON_CPU` (about a second on two cores) or
    `ON_GPU`. Several, since no one shape is the fastest on every processor; one that would take
    over a second after what the others showed is left out, as of bf16 on a processor without it.
    """
    import torch

    device = torch.device(device)
    best = 0.0
    for rows, inputs, outputs in shapes or (ON_CPU if device.type == "cpu" else ON_GPU):
        if best and 2 * rows * inputs * outputs / best > 1:
            continue
        a = torch.randn(rows, inputs, device=device).to(dtype)
        b = torch.randn(inputs, outputs, device=device).to(dtype)
        out = a @ b
        for _ in range(repeats):
            _wait(device)
            begin = time.perf_counter()
            torch.mm(a, b, out=out)
            _wait(device)
            seconds = time.perf_counter() - begin
            best = max(best, 2 * rows * inputs * outputs / seconds)
    return best


def numpy_peak(repeats: int = 3) -> float:
    """The FLOP/s of the fastest of `ON_CPU` in float32, where there is no PyTorch."""
    import numpy as np

    best = 0.0
    for rows, inputs, outputs in ON_CPU:
        a, b = np.ones((rows, inputs), np.float32), np.ones((inputs, outputs), np.float32)
        out = a @ b
        for _ in range(repeats):
            begin = time.perf_counter()
            np.matmul(a, b, out=out)
            best = max(best, 2 * rows * inputs * outputs / (time.perf_counter() - begin))
    return best


def peak(device: Any, dtype: Any) -> float:
    """What utilisation is measured against: a known GPU's data sheet, else what is measured."""
    import torch

    device = torch.device(device)
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        known = known_peak(name, str(dtype).removeprefix("torch."))
        if known is not None:
            return known
    return measured_peak(device, dtype)


def _wait(device: Any) -> None:
    """Until the device has done what it was given."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
