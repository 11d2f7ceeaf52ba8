"""How much arithmetic training is, and how much a device can do: model FLOPs utilisation.

The convention is that of PaLM (Chowdhery et al. 2022, appendix B): 6 FLOPs a token for each
parameter that is multiplied, and 12 L D T for the products of queries, keys and values, the causal
mask not taken off. Recomputation under activation checkpointing does not count, so it shows as a
lower utilisation. (Hoffmann et al. 2022, appendix F, also counts looking up embeddings and the
softmax: a few per cent more for small models.)
"""

from __future__ import annotations

import time
from typing import Any

from gpt2.config import GPT2Config
from gpt2.training.devices import find


def multiplied_parameters(config: GPT2Config) -> int:
    """The parameters in matrix products: blocks, last norm and the head; looking up is none."""
    embeddings = (config.vocab_size + config.n_positions) * config.n_embd
    head = config.vocab_size * config.n_embd
    tied = head if config.tie_word_embeddings else 0  # counted once as embedding, used as head
    return config.parameter_count() - embeddings + tied


def flops_per_token(config: GPT2Config, length: int, *, frozen: bool = False) -> float:
    """FLOPs of a training step for each token of rows of ``length``, forward and backward.

    ``frozen``: the weights get no gradients (LoRA), which leaves out a third of the products with
    weights; those of the small adapters are not counted.
    """
    with_weights = (4 if frozen else 6) * multiplied_parameters(config)
    return float(with_weights + 12 * config.n_layer * config.n_embd * length)


def known_peak(name: str, dtype: str) -> float | None:
    """The data sheet's matrix FLOP/s of a GPU by its driver's name, or None.

    ``dtype`` is "float32", "bfloat16" or "float16"; float32 is without tf32.
    """
    device = find(name)
    kind = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}.get(dtype, dtype)
    return None if device is None else device.peaks.get(kind)


def measured_peak(device: Any, dtype: Any, size: int | None = None, repeats: int = 3) -> float:
    """The FLOP/s of a large square product on a torch device: the best of ``repeats``.

    ``size`` is 2048 on a CPU (about a second in all on two cores), 8192 on a GPU.
    """
    import torch

    device = torch.device(device)
    size = size or (2048 if device.type == "cpu" else 8192)
    a = torch.randn(size, size, device=device).to(dtype)
    b = torch.randn(size, size, device=device).to(dtype)
    out = a @ b
    best = float("inf")
    for _ in range(repeats):
        _wait(device)
        begin = time.perf_counter()
        torch.mm(a, b, out=out)
        _wait(device)
        best = min(best, time.perf_counter() - begin)
    return float(2 * size**3 / best)


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
