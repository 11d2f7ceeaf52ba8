"""Accelerators' memory, peak matmul FLOP/s and bandwidth, from the manufacturers' data sheets.

Peaks are dense (without the factor 2 of structured sparsity) and accumulate in fp32. ``source``
names the data sheet that the figures come from. Nothing here was measured; `flops.measured_peak`
measures.
"""

from __future__ import annotations

import dataclasses
import tomllib
from importlib.resources import files
from typing import Any


@dataclasses.dataclass(frozen=True)
class Device:
    """An accelerator.

    Attributes:
        name: the name that `gpt2 plan --device` accepts.
        memory: in bytes.
        peaks: matmul FLOP/s by precision: "bf16", "fp16", "tf32", "fp32". GPUs before Ampere have
            no bf16 units.
        bandwidth: memory bandwidth in bytes/s.
        per_node: the number of devices in a typical node.
        source: the data sheet of the figures.
        known_as: words that must all occur in the name that the driver reports.
    """

    name: str
    memory: float
    peaks: dict[str, float]
    bandwidth: float
    per_node: int
    source: str
    known_as: tuple[str, ...]


def _device(name: str, sheet: dict[str, Any]) -> Device:
    return Device(
        name,
        sheet["memory"] * 2**30,
        {kind: value * 1e12 for kind, value in sheet["peaks"].items()},
        sheet["bandwidth"] * 1e9,
        sheet["per_node"],
        sheet["source"],
        tuple(sheet["known_as"]),
    )


_SHEETS = tomllib.loads((files("gpt2.training.planning") / "devices.toml").read_text("utf-8"))
DEVICES = {name: _device(name, sheet) for name, sheet in _SHEETS.items()}


def find(name: str) -> Device | None:
    """The device with this driver name ("NVIDIA A100-SXM4-80GB"), or None."""
    words = name.replace("-", " ").upper().split()
    for device in DEVICES.values():
        parts = [word.upper() for known in device.known_as for word in known.split()]
        if all(part in words for part in parts):
            return device
    return None
