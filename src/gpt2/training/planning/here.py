"""The current machine as a `Device`."""

from __future__ import annotations

from gpt2.machine import available_memory
from gpt2.training.planning.devices import Device, find
from gpt2.training.planning.flops import measured_peak, numpy_peak


def here() -> Device:
    """The first GPU, else the CPU, with its memory and peak, measured if no data sheet is known.

    Measuring takes about a second. Without PyTorch no GPU is detected, and numpy does the matmuls.
    """
    try:
        import torch
    except ImportError:
        return _processor(numpy_peak(), " by numpy; GPUs are not detected without PyTorch")
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
    source = "matmuls of two matrices of 8192 x 8192, measured here"
    return Device(name, memory, peaks, 0.0, count, source, ())


def _processor(peak: float, how: str = "") -> Device:
    source = f"the fastest of a few matmuls, measured here: {peak / 1e9:.0f} GFLOP/s{how}"
    return Device("cpu", available_memory(), {"fp32": peak}, 0.0, 1, source, ())
