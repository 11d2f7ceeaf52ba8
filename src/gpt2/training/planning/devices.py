"""What accelerators can do, from their makers' data sheets: memory, matrix peaks, bandwidth.

Peaks are dense (without the factor 2 of structured sparsity) and accumulate in fp32. Which sheet a
figure comes from is said in ``source``. Nothing here was measured; `flops.measured_peak` measures.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Device:
    """An accelerator.

    Attributes:
        name: as `gpt2 plan --device` takes it.
        memory: bytes.
        peaks: matrix FLOP/s by precision: "bf16", "fp16", "tf32", "fp32". GPUs before Ampere have
            no bf16 units.
        bandwidth: of the memory, bytes/s.
        per_node: how many a usual node has.
        source: where the figures are from.
        known_as: parts of the name that the driver gives, all of which must occur.
    """

    name: str
    memory: float
    peaks: dict[str, float]
    bandwidth: float
    per_node: int
    source: str
    known_as: tuple[str, ...]


def _device(
    name: str,
    gigabytes: float,
    teraflops: dict[str, float],
    bandwidth: float,
    per_node: int,
    source: str,
    *known_as: str,
) -> Device:
    peaks = {kind: value * 1e12 for kind, value in teraflops.items()}
    return Device(name, gigabytes * 2**30, peaks, bandwidth * 1e9, per_node, source, known_as)


def _tensor(half: float, tf32: float, fp32: float) -> dict[str, float]:
    return {"bf16": half, "fp16": half, "tf32": tf32, "fp32": fp32}


_A100 = "NVIDIA A100 data sheet (2021)"
_H100 = "NVIDIA H100 data sheet (2023), sparse figures halved"
_ADA = "NVIDIA Ada GPU architecture white paper (2023), fp32 accumulation"
_AMPERE = "NVIDIA Ampere GA102 white paper (2021), fp32 accumulation"

# More particular names come before the general ones that they contain.
DEVICES = {
    device.name: device
    for device in (
        _device("b200", 180, _tensor(2250, 1100, 75), 7700, 8,
                "NVIDIA DGX B200 data sheet (2024), sparse figures halved", "B200"),
        _device("h200", 141, _tensor(989, 494, 67), 4800, 8,
                "NVIDIA H200 data sheet (2024), sparse figures halved", "H200"),
        _device("h100-pcie", 80, _tensor(756, 378, 51), 2000, 8, _H100, "H100", "PCIe"),
        _device("h100", 80, _tensor(989, 494, 67), 3350, 8, _H100, "H100"),
        _device("a100-40gb", 40, _tensor(312, 156, 19.5), 1555, 8, _A100, "A100", "40GB"),
        _device("a100", 80, _tensor(312, 156, 19.5), 2039, 8, _A100, "A100"),
        _device("l40s", 48, _tensor(362, 183, 91.6), 864, 8,
                "NVIDIA L40S data sheet (2023), sparse figures halved", "L40S"),
        _device("l4", 24, _tensor(121, 60, 30.3), 300, 4,
                "NVIDIA L4 data sheet (2023), sparse figures halved", "L4"),
        _device("a10", 24, _tensor(125, 62.5, 31.2), 600, 4,
                "NVIDIA A10 data sheet (2021)", "A10"),
        _device("rtx-a6000", 48, _tensor(154.8, 77.4, 38.7), 768, 4, _AMPERE, "RTX A6000"),
        _device("rtx-4090", 24, _tensor(165.2, 82.6, 82.6), 1008, 1, _ADA, "RTX 4090"),
        _device("rtx-3090", 24, _tensor(71, 35.6, 35.6), 936, 1, _AMPERE, "RTX 3090"),
        _device("v100", 32, {"fp16": 125, "fp32": 15.7}, 900, 8,
                "NVIDIA V100 data sheet (2020)", "V100"),
        _device("t4", 16, {"fp16": 65, "fp32": 8.1}, 300, 4, "NVIDIA T4 data sheet (2019)", "T4"),
        _device("mi300x", 192, _tensor(1307, 653.7, 163.4), 5300, 8,
                "AMD Instinct MI300X data sheet (2023)", "MI300X"),
    )
}  # fmt: skip


def find(name: str) -> Device | None:
    """The device that a driver's name ("NVIDIA A100-SXM4-80GB") means, or None."""
    words = name.replace("-", " ").upper().split()
    for device in DEVICES.values():
        parts = [word.upper() for known in device.known_as for word in known.split()]
        if all(part in words for part in parts):
            return device
    return None
