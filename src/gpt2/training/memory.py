"""How many rows a process can compute at a time."""

from __future__ import annotations

import os
from collections.abc import Callable

import torch

from gpt2.config import GPT2Config
from gpt2.training.machine import available_memory

SHARE = 0.6  # of the memory that is free, for activations; the rest for gradients and optimiser
CPU_TOKENS = 2048  # of a part on a CPU: more only takes memory, far fewer is slower


def micro_batch(
    rows: int,
    device: torch.device,
    config: GPT2Config,
    length: int,
    recompute: bool,
    attempt: Callable[[int], None],
) -> int:
    """Rows that fit at a time, at most ``rows``, so that the parts are of about one size.

    A GPU is asked by ``attempt``, a forward and backward pass over that many rows: half as many
    until it has the memory. Elsewhere running out of memory kills, so it is computed.
    """
    fitting = rows
    if device.type == "cuda":
        while fitting > 1 and not _fits(attempt, fitting):
            fitting = -(-fitting // 2)
    else:
        free = SHARE * available_memory() / int(os.environ.get("LOCAL_WORLD_SIZE", 1))
        fitting = max(1, min(rows, int(free / row_bytes(config, length, recompute))))
        if device.type == "cpu":
            fitting = min(fitting, max(1, CPU_TOKENS // length))
    parts = -(-rows // fitting)
    return -(-rows // parts)


def row_bytes(config: GPT2Config, length: int, recompute: bool = False) -> int:
    """Bytes of fp32 activations that the backward pass of a row needs, roughly."""
    D, inner = config.n_embd, config.inner
    # norms' inputs and outputs, q, k, v, heads; the hidden layer before GELU; what comes and goes
    layer = 4 * length * (8 * D + inner) + 4 * length * 2 * inner // config.n_layer
    kept = 4 * length * D * config.n_layer + layer if recompute else layer * config.n_layer
    return kept + 4 * length * 4 * D


def _fits(attempt: Callable[[int], None], rows: int) -> bool:
    try:
        attempt(rows)
    except torch.OutOfMemoryError:
        return False
    finally:
        torch.cuda.empty_cache()
    return True
