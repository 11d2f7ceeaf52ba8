"""Finds the largest micro-batch that fits in memory, and returns freed memory to the system."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable

import torch

from gpt2.config import GPT2Config
from gpt2.machine import available_memory
from gpt2.training.planning.footprint import footprint
from gpt2.training.planning.plan import USABLE

SHARE = 0.6  # of the free memory for activations; the rest for gradients and optimiser state
MMAP_THRESHOLD, RETURNED = -3, 1 << 20  # glibc's M_MMAP_THRESHOLD; its value in bytes
CPU_TOKENS = 2048  # per micro-batch on a CPU: more only takes memory, far fewer is slower


def micro_batch(
    rows: int,
    device: torch.device,
    config: GPT2Config,
    length: int,
    recompute: bool,
    fits: Callable[[int], bool],
) -> int:
    """The micro-batch size that fits, at most ``rows``, chosen so that parts have about equal size.

    On a GPU the number is halved until ``fits`` says that so many rows fit in memory. Elsewhere
    running out of memory kills the process, so the size is computed.
    """
    fitting = rows
    if device.type == "cuda":
        while fitting > 1 and not fits(fitting):
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
    """Make the C library return large freed blocks to the system at once.

    glibc keeps freed blocks of up to 32 MB in its heap, which becomes fragmented: a step with
    activation checkpointing took two thirds more memory than its tensors, and takes a tenth more
    with this. Allocating fresh memory costs time, so this is used only where memory matters most.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # only glibc has it, and only glibc has that limit
        libc.mallopt(MMAP_THRESHOLD, RETURNED)


def suffices(work: Callable[[], None]) -> bool:
    """Whether the memory of the GPU suffices for some work, found by doing it."""
    try:
        work()
    except torch.OutOfMemoryError:
        return False
    finally:
        torch.cuda.empty_cache()
    return True


def free_on_gpu() -> float:
    """The bytes that may still be allocated on this GPU."""
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info()
    return USABLE["cuda"] * free
