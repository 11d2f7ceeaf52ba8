"""Round a model's matrices to packed bytes: nearest, with a scale search, or calibrated on a text.

Calibrated rounding first smooths the outputs of each layer's norms, so that they fit 8 bits best
(their gain and bias absorb a scale and an offset that the next matrix undoes: Xiao et al. 2023,
"SmoothQuant"); then each rounding error is compensated by the inputs still to be rounded (Frantar
et al. 2022, "GPTQ"). Apart from rounding, neither step changes what the model computes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.checkpoint import Checkpoint
from gpt2.checkpoint.mapped import Stored
from gpt2.checkpoint.names import EMBEDDING, HEAD, MATRICES
from gpt2.checkpoint.packed import Packed, Quantization, as_packed
from gpt2.errors import OptionError
from gpt2.native import NativeEngine
from gpt2.native.packing import Compensation, pack
from gpt2.quantization.calibrate import Inputs, gather

ROUNDINGS = ("nearest", "search", "calibrated")
NORMS = {"attn.c_attn.weight": "ln_1", "mlp.c_fc.weight": "ln_2"}  # the norm before a matrix

Progress = Callable[[str, int, int], None]  # (the current step, the amount done, the total)
Tensors = dict[str, Stored]


def is_matrix(name: str) -> bool:
    """Whether the native engine packs this tensor: all matrices of matmuls, but not positions."""
    return name in (EMBEDDING, HEAD) or name.endswith(MATRICES)


def packed_tensors(
    checkpoint: Checkpoint, how: Quantization, ids: Sequence[int], progress: Progress
) -> Tensors:
    """A model's tensors in order, with the matrices packed; ``ids`` is the calibration text.

    Raises `OptionError` for an unknown rounding, `InputError` for an empty text.
    """
    if how.rounding not in ROUNDINGS:
        raise OptionError(
            f"rounding must be one of {', '.join(ROUNDINGS)}, found {how.rounding!r}."
        )
    tensors: Tensors = dict(checkpoint.stored)
    if how.rounding == "calibrated":
        engine = NativeEngine(checkpoint.tensors, checkpoint.config)
        gathered = gather(engine, ids, lambda done, all_: progress("calibrating", done, all_))
        for name, inputs in gathered:
            level = _level(tensors, name, inputs)
            tensors[name] = _pack(name, tensors[name], how, level.compensation())
    for name, tensor in tensors.items():
        if is_matrix(name) and not isinstance(tensor, Packed):
            tensors[name] = _pack(name, tensor, how, None)
    return tensors


def _pack(
    name: str, tensor: Stored, how: Quantization, compensation: Compensation | None
) -> Packed:
    dtype = how.head_dtype if name in (EMBEDDING, HEAD) else how.dtype
    data = pack(
        tensor.numpy(),
        dtype,
        transposed=name.endswith(MATRICES),
        search=how.rounding != "nearest",
        compensation=compensation,
    )
    return as_packed(name, data, how.metadata(), name)


def _level(tensors: Tensors, name: str, inputs: Inputs) -> Inputs:
    """Smooth the norm before a matrix, if there is one, by changing the norm, the matrix and its
    bias. Returns the new statistics of the matrix's inputs."""
    layer = ".".join(name.split(".")[:3])
    norm = NORMS.get(name.removeprefix(f"{layer}."))
    if norm is None:
        return inputs
    level, mean, scale = inputs.level()
    bias = f"{name.removesuffix('weight')}bias"

    def put(of: str, values: npt.NDArray[Any]) -> None:
        tensors[of] = Stored(values.astype(np.float32), "F32")

    gain, offset, weights, old = (
        tensors[n].numpy().astype(np.float64)
        for n in (f"{layer}.{norm}.weight", f"{layer}.{norm}.bias", name, bias)
    )
    put(f"{layer}.{norm}.weight", gain / scale)
    put(f"{layer}.{norm}.bias", (offset - mean) / scale)
    put(bias, old + mean @ weights)
    put(name, weights * scale[:, None])
    return level
