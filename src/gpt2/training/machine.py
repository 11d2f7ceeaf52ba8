"""The machine that this runs on, as a `Device`."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Literal

from gpt2.config import GPT2Config
from gpt2.training.config import Precision
from gpt2.training.devices import Device, find
from gpt2.training.flops import measured_peak, numpy_peak

UNKNOWN = float(4 << 30)  # bytes taken to be free where the system does not tell


def here() -> Device:
    """The first GPU, else the CPU: its memory, and its peak, measured where no data sheet is known.

    Measuring takes about a second. Without PyTorch no GPU is seen, and numpy multiplies.
    """
    try:
        import torch
    except ImportError:
        return _processor(numpy_peak(), " by numpy; GPUs are not looked for without PyTorch")
    if not torch.cuda.is_available():
        return _processor(measured_peak("cpu", torch.float32))
    name = torch.cuda.get_device_name()
    known = find(name)
    if known is not None:
        return known
    kinds = {"bf16": torch.bfloat16, "fp32": torch.float32}
    if not torch.cuda.is_bf16_supported(including_emulation=False):
        kinds = {"fp16": torch.float16, "fp32": torch.float32}
    peaks = {kind: measured_peak("cuda", dtype) for kind, dtype in kinds.items()}
    memory = float(torch.cuda.get_device_properties(0).total_memory)
    count = torch.cuda.device_count()
    source = "products of two matrices of 8192 x 8192, measured here"
    return Device(name, memory, peaks, 0.0, count, source, ())


def _processor(peak: float, how: str = "") -> Device:
    source = f"the fastest of a few matrix products, measured here: {peak / 1e9:.0f} GFLOP/s{how}"
    return Device("cpu", available_memory(), {"fp32": peak}, 0.0, 1, source, ())


def measured_speed(
    config: GPT2Config,
    rows: int,
    precision: Precision,
    optimizer: Literal["adamw", "muon"],
    recompute: bool,
    steps: int = 2,
) -> float:
    """Tokens per second of real steps of ``rows`` rows on this machine, after one to warm up.

    The model is made with random weights; one device takes part.
    """
    import numpy as np
    import torch

    from gpt2.model import GPT2LMHeadModel
    from gpt2.training.batches import Batch
    from gpt2.training.config import TrainingConfig
    from gpt2.training.distributed import Processes, pick_device
    from gpt2.training.step import Stepper

    training = TrainingConfig(
        batch_size=rows, precision=precision, optimizer=optimizer, recompute=recompute
    )
    device = pick_device(None)
    model = GPT2LMHeadModel(config.replace(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0))
    model.to(device).activation_checkpointing_enable(enabled=recompute)
    stepper = Stepper(model, training, Processes(device))
    ids = np.random.default_rng(0).integers(0, config.vocab_size, (rows, config.n_positions + 1))
    batch = Batch(ids[:, :-1], ids[:, 1:])
    stepper.update(0, batch)
    begin = time.perf_counter()
    for step in range(1, steps + 1):
        stepper.update(step, batch)  # reads the loss, so the device has done it
    del stepper, model
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return steps * batch.inputs.size / (time.perf_counter() - begin)


def available_memory() -> float:
    """Bytes of main memory that can be had without swapping."""
    info = Path("/proc/meminfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return float(int(line.split()[1]) << 10)
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) / 2
    except (ValueError, OSError):
        return UNKNOWN
