"""FLOPs that training needs and FLOP/s that a device reaches, for model FLOPs utilisation.

The convention is that of PaLM (Chowdhery et al. 2022, appendix B): 6 FLOPs per token for each
parameter in a matmul, plus 12 L D T for the matmuls of queries, keys and values, without
subtracting the causal mask. Work that activation checkpointing repeats does not count, so it lowers
the utilisation. (Hoffmann et al. 2022, appendix F, also counts the embedding lookup and the
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
    """The parameters in matmuls: blocks, last norm and head, but not the embedding lookups."""
    embeddings = (config.vocab_size + config.n_positions) * config.n_embd
    head = config.vocab_size * config.n_embd
    tied = head if config.tie_word_embeddings else 0  # counted once as embedding, used as head
    return config.parameter_count() - embeddings + tied


def flops_per_token(config: GPT2Config, length: int, *, frozen: bool = False) -> float:
    """FLOPs per token of a training step, forward and backward, for rows of ``length`` tokens.

    ``frozen``: the base weights get no gradients (LoRA), which saves a third of the matmuls with
    weights. The matmuls of the small adapters are not counted.
    """
    with_weights = (4 if frozen else 6) * multiplied_parameters(config)
    return float(with_weights + 12 * config.n_layer * config.n_embd * length)


def known_peak(name: str, dtype: str) -> float | None:
    """The matmul FLOP/s on the data sheet of a GPU with this driver name, or None.

    ``dtype`` is fp32 (which means without tf32), bf16 or fp16.
    """
    device = find(name)
    return None if device is None else device.peaks.get(short(dtype))


def measured_peak(
    device: Any, dtype: Any, shapes: Sequence[tuple[int, int, int]] | None = None, repeats: int = 3
) -> float:
    """The FLOP/s of the fastest of a few matmuls on a torch device, each run ``repeats`` times.

    ``shapes`` are (rows, inputs, outputs), by default `ON_CPU` (about a second on two cores) or
    `ON_GPU`. There are several because no single shape is fastest on every processor. A shape that
    would take over a second, judging by the previous ones, is skipped, such as bf16 on a processor
    that does not support it.
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
    """The FLOP/s of the fastest shape of `ON_CPU` in float32, measured without PyTorch."""
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
    """The peak FLOP/s for utilisation: from the data sheet of a known GPU, else measured."""
    import torch

    device = torch.device(device)
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        known = known_peak(name, str(dtype).removeprefix("torch."))
        if known is not None:
            return known
    return measured_peak(device, dtype)


def _wait(device: Any) -> None:
    """Wait until the device has finished its queued work."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
