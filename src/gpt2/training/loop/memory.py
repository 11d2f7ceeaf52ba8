"""How many rows a process can compute at a time, and that it keeps no memory it has freed."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable

import torch

from gpt2.config import GPT2Config
from gpt2.machine import available_memory
from gpt2.training.planning.footprint import footprint

SHARE = 0.6  # of the memory that is free, for activations; the rest for gradients and optimiser
MMAP_THRESHOLD, RETURNED = -3, 1 << 20  # glibc's M_MMAP_THRESHOLD; bytes from which it is returned
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
        row = footprint(config, 1, length, recompute=recompute, device="cpu").activations
        fitting = max(1, min(rows, int(free / row)))
        if device.type == "cpu":
            fitting = min(fitting, max(1, CPU_TOKENS // length))
    parts = -(-rows // fitting)
    return -(-rows // parts)


def give_back() -> None:
    """Let the C library return what is freed to the system at once, where it is large.

    glibc keeps freed blocks of up to 32 MB in its heap. Between the parts that are kept they leave
    holes: a step that recomputes took two thirds more memory than its tensors have, and with this
    a tenth. Fresh memory costs time, so it is asked for only where memory matters most.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc's; others have no such limit
        libc.mallopt(MMAP_THRESHOLD, RETURNED)


def _fits(attempt: Callable[[int], None], rows: int) -> bool:
    try:
        attempt(rows)
    except torch.OutOfMemoryError:
        return False
    finally:
        torch.cuda.empty_cache()
    return True
