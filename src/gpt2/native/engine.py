"""`NativeEngine`: the C++ core as a `gpt2.engine.Engine`."""

from __future__ import annotations

import ctypes
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gpt2.checkpoint.mapped import check_uncut
from gpt2.checkpoint.names import EMBEDDING, HEAD, MATRICES, expected_shapes
from gpt2.config import GPT2Config
from gpt2.errors import InputError, OptionError, WeightError, show
from gpt2.generation import LanguageModel
from gpt2.native.batch import whole_number
from gpt2.native.cache import NativeCache
from gpt2.native.choosing import ChoosingCalls
from gpt2.native.inside import Inside
from gpt2.native.library import (
    DTYPES,
    EXACT_HEAD,
    Options,
    RescoredCounts,
    Shape,
    check,
    core,
    freed_with,
    shape_of,
)
from gpt2.native.threads import thread_count
from gpt2.native.trace import NativeTap
from gpt2.precision import short

Weights = Mapping[str, npt.NDArray[Any]]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

KV_DTYPES = ("fp16", "fp32", "int8")


class Rescored(NamedTuple):
    """The number of logits the exact head computed in full; a bound ruled out the others."""

    last: int  # for the last row of logits
    total: int  # for all rows
    rows: int  # the number of rows


class NativeEngine(Inside, ChoosingCalls, LanguageModel):
    """GPT-2 on the CPU, with the best instruction set that it has.

    A row's logits are bit-identical alone and in any batch, in one call and token by token, with
    one thread and with many; with int8 and int4, also on every CPU.
    """

    name = "native"
    dtype: str
    _origin: NativeEngine | None = None

    def __init__(
        self,
        weights: Weights,
        config: GPT2Config,
        *,
        dtype: str = "fp32",
        head_dtype: str | None = None,
        kv_dtype: str = "fp16",
        threads: int | None = None,
        kernels: str | None = None,
        exact_head: bool | None = None,
        tokenizer: Any = None,
    ) -> None:
        """Pack ``weights`` (by the checkpoint's names); they are not needed afterwards.

        Args:
            weights: arrays of fp32, fp16 or bf16; or, for a matrix, bytes from `packed`, which are
                used in place.
            config: the model's configuration.
            dtype: the storage format of matrices: fp32, fp16, bf16, int8 or int4.
            head_dtype: the format of the token embedding and the output head; None means ``dtype``,
                or int8 if that is int4.
            kv_dtype: the precision of the KV cache: fp16, fp32 or int8 (with a scale per position
                and head; about half the memory of fp16).
            threads: None means GPT2_THREADS, or the physical cores; limited to the CPUs that this
                process may use.
            kernels: generic; on x86-64 also avx2, avx512 and amx (avx512 with AMX for int8); on
                64-bit ARM also neon (with the dot product of ARMv8.2) and neon_base; None means
                the best this CPU supports.
            exact_head: whether `extend_top` (greedy decoding) with k, and `extend_draw` (sampling)
                with top_k, up to 64 use an int8 copy of an fp32, fp16 or bf16 head to find the
                candidates for the largest logits, and compute only those in full. The results are
                the same; the copy takes one byte per weight of the head, from the first such call
                on. None means if the head is over 32 MB.
            tokenizer: for texts given to ``generate``.

        Raises:
            OptionError: an unknown dtype, or kernels that this CPU cannot run.
            WeightError: wrong names or shapes, or NaN or infinite weights.
        """
        self.tokenizer = tokenizer
        self.config = config
        self.dtype, self.kv_dtype = short(dtype), short(kv_dtype)
        self.head_dtype = short(head_dtype) or ("int8" if self.dtype == "int4" else self.dtype)
        if exact_head not in (None, True, False):
            raise OptionError(f"exact_head must be True, False or None, found {show(exact_head)}.")
        options = Options(
            code_of("dtype", self.dtype, DTYPES),
            code_of("head_dtype", self.head_dtype, DTYPES),
            code_of("kv_dtype", self.kv_dtype, {n: DTYPES[n] for n in KV_DTYPES}),
            thread_count(threads),
            kernels.encode(errors="replace") if kernels is not None else None,
            EXACT_HEAD[exact_head],
        )
        self._tap: NativeTap | None = None
        self._omitted: dict[str, Any] | None = None
        self._borrowed: list[npt.NDArray[np.uint8]] = []  # packed bytes the core reads in place
        self.handle = _new_engine(shape_of(config), options)
        freed_with(self, core().gpt2_engine_free, self.handle)
        for name in expected_shapes(config):
            if name not in weights:
                raise WeightError(f"the weights have no tensor {name!r}.")
            self._set(name, weights[name])

    def _set(self, name: str, values: npt.NDArray[Any]) -> None:
        if values.dtype == np.uint8 and values.ndim == 1:
            packed = np.ascontiguousarray(values)
            self._borrowed.append(packed)
            data = ctypes.c_void_p(packed.ctypes.data)
            check(core().gpt2_engine_set_packed(self.handle, name.encode(), data, packed.nbytes))
            return
        kind, numbers = as_numbers(name, values)
        dims = (ctypes.c_int64 * numbers.ndim)(*numbers.shape)
        data = ctypes.c_void_p(numbers.ctypes.data)
        check(core().gpt2_engine_set(self.handle, name.encode(), kind, data, dims, numbers.ndim))

    @property
    def facts(self) -> dict[str, Any]:
        """The engine's name, precisions, kernels and threads."""
        names = ("dtype", "head_dtype", "kv_dtype", "kernels", "threads")
        return {"name": self.name} | {name: getattr(self, name) for name in names}

    @property
    def exact_pieces(self) -> bool:
        """Whether logits do not depend on the split into calls; not while tapped or ablated."""
        return self._tap is None and self._omitted is None

    @property
    def kernels(self) -> str:
        """The instruction set in use."""
        return str(core().gpt2_engine_kernels(self.handle).decode())

    @property
    def threads(self) -> int:
        """The number of threads that compute."""
        return int(core().gpt2_engine_threads(self.handle))

    @property
    def weight_bytes(self) -> int:
        """The bytes of the packed weights, including the head's int8 copy once it exists."""
        return int(core().gpt2_engine_bytes(self.handle))

    @property
    def rescored(self) -> Rescored:
        """What the exact head has computed so far; zeros if it was not used."""
        counts = RescoredCounts()
        check(core().gpt2_engine_rescored(self.handle, ctypes.byref(counts)))
        return Rescored(counts.last, counts.total, counts.rows)

    def packed(self, name: str) -> npt.NDArray[np.uint8]:
        """A copy of a matrix's packed bytes, by its name in the checkpoint."""
        return self._bytes(name).copy()

    def _bytes(self, name: str) -> npt.NDArray[np.uint8]:
        """A view of a matrix's packed bytes, valid as long as this engine exists."""
        data, size = ctypes.c_void_p(), ctypes.c_size_t()
        places = (ctypes.byref(data), ctypes.byref(size))
        check(core().gpt2_engine_packed(self.handle, name.encode(), *places))
        assert data.value is not None
        where = (ctypes.c_uint8 * size.value).from_address(data.value)
        return np.ctypeslib.as_array(where)

    def sibling(self, weights: Weights, changed: Collection[str]) -> NativeEngine:
        """An engine with different weights in some matrices, which shares the memory of the others.

        Args:
            weights: all tensors by the checkpoint's names, unpacked.
            changed: the names of the matrices that differ from this engine's.
        """
        kinds = (*MATRICES, EMBEDDING, HEAD)
        kept = [n for n in expected_shapes(self.config) if n.endswith(kinds) and n not in changed]
        same = {name: self._bytes(name) for name in kept}
        made = NativeEngine(
            {**weights, **same}, self.config, dtype=self.dtype, head_dtype=self.head_dtype,
            kv_dtype=self.kv_dtype, threads=self.threads, kernels=self.kernels,
            tokenizer=self.tokenizer,
        )  # fmt: skip
        made._borrowed += self._borrowed  # keep the mapped files open
        made._origin = self
        return made

    def new_cache(self, rows: int, capacity: int | None = None) -> NativeCache:
        """Create an empty cache; capacity None or above ``n_positions`` means ``n_positions``."""
        check_uncut(self._borrowed)
        limit = self.config.n_positions
        room = limit if capacity is None else min(whole_number(capacity, "capacity"), limit)
        return NativeCache(self, whole_number(rows, "rows"), room)

    def twin(self) -> NativeEngine:
        """A second engine on the same weights in memory, with its own taps and ablations."""
        handle = ctypes.c_void_p()
        check(core().gpt2_engine_twin(self.handle, ctypes.byref(handle)))
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__, handle=handle, _tap=None, _omitted=None, _kept=None)
        twin._origin = self  # the owner of the weights
        freed_with(twin, core().gpt2_engine_free, handle)
        return twin


def _new_engine(shape: Shape, options: Options) -> ctypes.c_void_p:
    handle = ctypes.c_void_p()
    try:
        check(core().gpt2_engine_new(shape, options, ctypes.byref(handle)))
    except InputError as error:  # the only inputs here are the caller's options
        raise OptionError(str(error)) from None
    return handle


def code_of(option: str, name: str, codes: Mapping[str, int]) -> int:
    """The core's code of a name. Raises `OptionError` for an unknown name."""
    if not isinstance(name, str) or name not in codes:
        raise OptionError(f"{option} must be one of {', '.join(codes)}, found {show(name)}.")
    return codes[name]


def as_numbers(name: str, values: npt.NDArray[Any]) -> tuple[int, npt.NDArray[Any]]:
    """Convert a tensor to the core's format: the dtype's code and a contiguous array."""
    array = np.asarray(values)
    if array.dtype.name == "bfloat16":  # from ml_dtypes; numpy has none
        return DTYPES["bf16"], np.ascontiguousarray(array).view(np.uint16)
    if array.dtype == np.float16:
        return DTYPES["fp16"], np.ascontiguousarray(array)
    if array.dtype.kind != "f":
        raise WeightError(f"{name} must contain floating-point numbers, found {array.dtype}.")
    return DTYPES["fp32"], np.ascontiguousarray(array, np.float32)
