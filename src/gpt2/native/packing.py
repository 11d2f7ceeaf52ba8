"""`pack`: one matrix to the engine's bytes, rounded as carefully as one likes."""

from __future__ import annotations

import ctypes
import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.errors import InputError
from gpt2.native.engine import as_numbers, code_of
from gpt2.native.library import DTYPES, Packing, check, core
from gpt2.native.threads import thread_count
from gpt2.precision import short


@dataclasses.dataclass
class Compensation:
    """What `pack` needs to make up for each rounding with the inputs still to come.

    ``order`` [inputs] is the order in which inputs are rounded; ``factor`` [inputs, inputs], fp32,
    the lower triangle L of L L^T, the inverse of X^T X for the matrix's inputs X in that order.
    """

    order: npt.NDArray[np.int32]
    factor: npt.NDArray[np.float32]


def pack(
    values: npt.NDArray[Any],
    dtype: str,
    *,
    transposed: bool,
    search: bool = True,
    compensation: Compensation | None = None,
    threads: int | None = None,
) -> npt.NDArray[np.uint8]:
    """The packed bytes of a matrix, which `NativeEngine` takes in place of its numbers.

    Args:
        values: [outputs, inputs], or [inputs, outputs] where ``transposed`` (as the checkpoint has
            the matrices of the layers); fp32, fp16 or bf16.
        dtype: fp32, fp16, bf16, int8 or int4.
        search: int4: try several scales for each group of inputs, by the weights' squared error.
        compensation: for int8 and int4; None rounds every weight to its nearest.
        threads: None means GPT2_THREADS, or the physical cores.

    Raises:
        OptionError: an unknown dtype.
        InputError: no matrix, a compensation that does not fit it.
        WeightError: numbers that are not finite.
    """
    kind, numbers = as_numbers("the matrix", values)
    if numbers.ndim != 2:
        raise InputError(f"a matrix has two dimensions, found {list(numbers.shape)}.")
    inputs, outputs = numbers.shape if transposed else numbers.shape[::-1]
    order, factor = None, None
    if compensation is not None:
        order = np.ascontiguousarray(compensation.order, np.int32)
        factor = np.ascontiguousarray(compensation.factor, np.float32)
        if order.shape != (inputs,) or factor.shape != (inputs, inputs):
            raise InputError(
                f"a compensation for {inputs} inputs has an order of as many and a square factor, "
                f"found {list(order.shape)} and {list(factor.shape)}."
            )
    packing = Packing(
        dtype=code_of("dtype", short(dtype), DTYPES),
        outputs=outputs,
        inputs=inputs,
        transposed=transposed,
        search=search,
        factor=None if factor is None else factor.ctypes.data,
        order=None if order is None else order.ctypes.data,
        threads=thread_count(threads),
    )
    size = ctypes.c_size_t()
    check(core().gpt2_packed_size(packing, ctypes.byref(size)))
    packed = np.empty(size.value, np.uint8)
    data, to = (ctypes.c_void_p(array.ctypes.data) for array in (numbers, packed))
    check(core().gpt2_pack(packing, kind, data, to, packed.nbytes))
    return packed
