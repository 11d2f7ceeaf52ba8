"""The names of number formats: fp32 here, float32 in numpy and torch, F32 in safetensors."""

from __future__ import annotations

from typing import Any

LONG = {"fp64": "float64", "fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}
STORED = {"fp64": "F64", "fp32": "F32", "fp16": "F16", "bf16": "BF16"}  # in safetensors and GGUF
PACKED = ("fp32", "fp16", "bf16", "int8", "int4")  # of the native core, in the order of its codes
TORCH = ("fp32", "fp16", "bf16")  # in which the torch engine loads a model
_SHORT = {
    spelling.lower(): name
    for names in (LONG, STORED, {"fp32": "float", "fp64": "double", "fp16": "half"})
    for name, spelling in names.items()
}


def short(name: Any) -> Any:
    """``fp32`` from any spelling, including numpy and torch dtypes; other values are unchanged."""
    text = name if isinstance(name, str) else getattr(name, "name", None) or str(name)
    text = text.removeprefix("torch.").lower()
    known = _SHORT.get(text, text)
    return known if known in (*LONG, *PACKED) else name


def long(name: Any) -> Any:
    """``float32`` from any spelling; other values are unchanged."""
    return LONG.get(short(name), name)
