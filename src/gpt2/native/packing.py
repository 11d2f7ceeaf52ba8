"""`pack`: convert a matrix to the engine's packed bytes, with a choice of rounding methods."""

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
    """The data with which `pack` compensates each rounding error in the inputs not yet rounded.

    ``order`` [inputs] is the order in which inputs are rounded; ``factor`` [inputs, inputs], fp32,
    is the lower triangular L with L L^T equal to the inverse of X^T X, for the matrix's inputs X in
    that order.
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
    """Pack a matrix to bytes that `NativeEngine` accepts in place of the matrix.

    Args:
        values: [outputs, inputs], or [inputs, outputs] if ``transposed`` (like the layers' matrices
            in the checkpoint); fp32, fp16 or bf16.
        dtype: fp32, fp16, bf16, int8 or int4.
        search: for int4, try several scales per group of inputs to minimise the squared error.
        compensation: for int8 and int4; None rounds each weight to the nearest value.
        threads: None means GPT2_THREADS, or the physical cores.

    Raises:
        OptionError: an unknown dtype.
        InputError: ``values`` is not a matrix, or the compensation does not fit it.
        WeightError: NaN or infinite values.
    """
    kind, numbers = as_numbers("the matrix", values)
    if numbers.ndim != 2:
        raise InputError(f"a matrix must have two dimensions, found {list(numbers.shape)}.")
    inputs, outputs = numbers.shape if transposed else numbers.shape[::-1]
    order, factor = None, None
    if compensation is not None:
        order = np.ascontiguousarray(compensation.order, np.int32)
        factor = np.ascontiguousarray(compensation.factor, np.float32)
        if order.shape != (inputs,) or factor.shape != (inputs, inputs):
            raise InputError(
                f"a compensation for {inputs} inputs requires an order of that length and a "
                f"square factor, found {list(order.shape)} and {list(factor.shape)}."
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
