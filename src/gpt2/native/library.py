"""The C interface of the core (``csrc/gpt2.h``) through ctypes, which releases the GIL in calls."""

from __future__ import annotations

import ctypes
import os
import weakref
from collections.abc import Callable
from ctypes import POINTER, c_char_p, c_double, c_float, c_int32, c_int64, c_size_t, c_void_p
from functools import cache
from pathlib import Path
from typing import Any

from gpt2.config import GPT2Config
from gpt2.errors import (
    ConfigError,
    ContextLengthError,
    GPT2Error,
    InputError,
    MissingDependencyError,
    WeightError,
)
from gpt2.extras import install
from gpt2.precision import PACKED

# CMakeLists.txt puts it here; GPT2_CORE selects another build, for comparisons.
PATH = Path(os.environ.get("GPT2_CORE") or Path(__file__).with_name("core.so"))

DTYPES = {name: number for number, name in enumerate(PACKED)}
ACTIVATIONS = {
    "gelu_new": 0,
    "gelu_pytorch_tanh": 0,
    "gelu_fast": 0,
    "gelu": 1,
    "relu": 2,
    "silu": 3,
    "swish": 3,
    "tanh": 4,
}
EXACT_HEAD = {None: 0, True: 1, False: 2}  # gpt2_exact_head
LOGITS = {"none": 0, "last": 1, "all": 2}
INT32_MAX = 2**31 - 1


class Shape(ctypes.Structure):
    """``gpt2_shape``."""

    _fields_ = (
        *((name, c_int32) for name in ("vocabulary", "positions", "width", "layers", "heads")),
        *((name, c_int32) for name in ("inner", "activation", "scale", "layer_scale", "tied")),
        ("epsilon", c_float),
    )


def shape_of(config: GPT2Config) -> Shape:
    """A model's shape as a core structure. Raises `ConfigError` for sizes beyond 32 bits."""
    sizes = config.vocab_size, config.n_positions, config.n_embd, config.n_layer, config.n_head
    if max(*sizes, config.inner) > INT32_MAX:
        raise ConfigError(
            f"a size of the model does not fit in 32 bits: {max(*sizes, config.inner)}."
        )
    return Shape(
        vocabulary=config.vocab_size,
        positions=config.n_positions,
        width=config.n_embd,
        layers=config.n_layer,
        heads=config.n_head,
        inner=config.inner,
        activation=ACTIVATIONS[config.activation_function],
        scale=config.scale_attn_weights,
        layer_scale=config.scale_attn_by_inverse_layer_idx,
        tied=config.tie_word_embeddings,
        epsilon=config.layer_norm_epsilon,
    )


class Options(ctypes.Structure):
    """``gpt2_options``."""

    _fields_ = (
        *((name, c_int32) for name in ("dtype", "head_dtype", "kv_dtype", "threads")),
        ("kernels", c_char_p),
        ("exact_head", c_int32),
    )


class Point(ctypes.Structure):
    """``gpt2_point``."""

    _fields_ = (
        ("name", c_char_p),
        ("values", POINTER(c_float)),
        ("rows", c_int32),
        ("counts", POINTER(c_int32)),
        ("heads", c_int32),
        ("width", c_int32),
        ("token_stride", c_int64),
        ("head_stride", c_int64),
    )


class Omissions(ctypes.Structure):
    """``gpt2_omissions``."""

    _fields_ = (
        *((name, c_void_p) for name in ("heads", "attention", "mlps", "hidden")),
        ("position_embeddings", c_int32),
    )


class Packing(ctypes.Structure):
    """``gpt2_packing``."""

    _fields_ = (
        *((name, c_int32) for name in ("dtype", "outputs", "inputs", "transposed", "search")),
        ("factor", c_void_p),
        ("order", c_void_p),
        ("threads", c_int32),
    )


class RescoredCounts(ctypes.Structure):
    """``gpt2_rescored``."""

    _fields_ = tuple((name, c_int64) for name in ("last", "total", "rows"))


TAP = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(Point))  # gpt2_tap


class Draw(ctypes.Structure):
    """``gpt2_sampling``."""

    _fields_ = (
        ("temperature", c_float),
        ("top_k", c_int32),
        ("top_p", c_double),
        ("min_p", c_double),
        *((name, c_double) for name in ("typical_p", "epsilon", "eta")),
        ("renormalize", c_int32),
    )


class AskStruct(ctypes.Structure):
    """``gpt2_ask``."""

    _fields_ = (
        *((name, c_int32) for name in ("at", "choice", "token", "top")),
        ("sampling", Draw),
        ("noise", c_double),
        ("logits", c_void_p),
    )


class AnswerStruct(ctypes.Structure):
    """``gpt2_answer``."""

    _fields_ = (
        ("token", c_int32),
        ("logprob", c_float),
        ("largest", c_float),
        ("log_sum", c_double),
    )


# The first arguments of all extend functions: engine, cache, row count, rows, counts, ids, mode.
_EXTEND = (c_void_p, c_void_p, c_int32, c_void_p, c_void_p, c_void_p, c_int32)

STRUCTURES = (
    Shape, Options, Draw, RescoredCounts, Packing, Point, Omissions, AskStruct, AnswerStruct
)  # fmt: skip
ABI = " ".join(map(str, (3, *map(ctypes.sizeof, STRUCTURES))))  # the expected result of gpt2_abi

# Function -> its result and arguments; None means void, c_int32 usually a status.
_FUNCTIONS = {
    "gpt2_abi": (c_char_p, ()),
    **dict.fromkeys(
        ("gpt2_before_fork", "gpt2_after_fork_in_parent", "gpt2_after_fork_in_child"), (None, ())
    ),
    "gpt2_message": (c_char_p, ()),
    "gpt2_engine_new": (c_int32, (POINTER(Shape), POINTER(Options), POINTER(c_void_p))),
    "gpt2_engine_free": (None, (c_void_p,)),
    "gpt2_engine_set": (
        c_int32,
        (c_void_p, c_char_p, c_int32, c_void_p, POINTER(c_int64), c_int32),
    ),
    "gpt2_engine_packed": (c_int32, (c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_size_t))),
    "gpt2_engine_set_packed": (c_int32, (c_void_p, c_char_p, c_void_p, c_size_t)),
    "gpt2_packed_size": (c_int32, (POINTER(Packing), POINTER(c_size_t))),
    "gpt2_pack": (c_int32, (POINTER(Packing), c_int32, c_void_p, c_void_p, c_size_t)),
    "gpt2_engine_kernels": (c_char_p, (c_void_p,)),
    "gpt2_engine_threads": (c_int32, (c_void_p,)),
    "gpt2_engine_bytes": (c_size_t, (c_void_p,)),
    "gpt2_engine_rescored": (c_int32, (c_void_p, POINTER(RescoredCounts))),
    "gpt2_cache_new": (c_int32, (c_void_p, c_int32, c_int32, POINTER(c_void_p))),
    "gpt2_cache_free": (None, (c_void_p,)),
    "gpt2_cache_length": (c_int32, (c_void_p, c_int32)),
    "gpt2_cache_bytes": (c_size_t, (c_void_p,)),
    "gpt2_cache_gather": (c_int32, (c_void_p, c_void_p)),
    "gpt2_cache_copy": (c_int32, (c_void_p, c_int32, c_int32, c_int32)),
    "gpt2_cache_truncate": (c_int32, (c_void_p, c_int32, c_int32)),
    "gpt2_engine_tap": (c_int32, (c_void_p, c_void_p, c_void_p)),
    "gpt2_engine_omit": (c_int32, (c_void_p, POINTER(Omissions))),
    "gpt2_engine_twin": (c_int32, (c_void_p, POINTER(c_void_p))),
    "gpt2_engine_rows": (c_int32, (c_void_p, c_char_p, c_int32, c_int32, c_void_p)),
    "gpt2_head": (c_int32, (c_void_p, c_int32, c_void_p, c_void_p)),
    "gpt2_interval_of": (c_int32, (c_void_p, c_int32, *[c_void_p] * 4)),
    "gpt2_interval_at": (c_int32, (c_void_p, c_void_p, c_int32, *[c_void_p] * 3)),
    "gpt2_check": (c_int32, (c_void_p, c_void_p, c_int32, c_void_p, c_void_p, c_void_p)),
    "gpt2_extend": (c_int32, (*_EXTEND, c_void_p)),
    "gpt2_extend_top": (c_int32, (*_EXTEND, c_int32, c_void_p, c_void_p)),
    "gpt2_extend_logprobs": (c_int32, (*_EXTEND[:-1], c_void_p, c_void_p, c_void_p)),
    "gpt2_extend_draw": (c_int32, (*_EXTEND, POINTER(Draw), c_void_p, c_void_p)),
    "gpt2_extend_asked": (
        c_int32,
        (*_EXTEND[:-1], c_int32, c_void_p, c_int32, c_void_p, c_void_p, c_void_p),
    ),
    "gpt2_weights": (c_int32, (c_void_p, c_int32, c_void_p, c_void_p)),
    "gpt2_draw": (c_int32, (c_void_p, c_int32, c_void_p, POINTER(Draw), c_void_p, c_void_p)),
    "gpt2_probe": (
        c_int32,
        (c_int32, c_char_p, c_size_t, c_double, POINTER(c_double), POINTER(c_double)),
    ),
}

_ERRORS: dict[int, type[Exception]] = {
    1: InputError,
    2: ContextLengthError,
    3: WeightError,
    4: MemoryError,
}


@cache
def core() -> ctypes.CDLL:
    """Load the library.

    Raises `MissingDependencyError` if it was not built, or built from another version's sources.
    """
    try:
        library = ctypes.CDLL(str(PATH))
    except OSError as error:
        raise MissingDependencyError(
            f"the native core cannot be loaded ({error}). Build it with: {install()}"
        ) from None
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name, None)
        if function is None:
            raise _stale(f"it has no {name}")
        function.restype, function.argtypes = result, arguments
    if (abi := library.gpt2_abi().decode()) != ABI:
        raise _stale(f"its interface is {abi}, but this package needs {ABI}")
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=library.gpt2_before_fork,
            after_in_parent=library.gpt2_after_fork_in_parent,
            after_in_child=library.gpt2_after_fork_in_child,
        )
    return library


def _stale(why: str) -> MissingDependencyError:
    return MissingDependencyError(
        f"The native core {PATH} belongs to another version of this package ({why}). Build it "
        f"with: {install()}"
    )


def check(status: int) -> None:
    """Raise the error for a status of the core, if it is not 0."""
    if status != 0:
        raise _ERRORS.get(status, GPT2Error)(f"{core().gpt2_message().decode()}.")


def freed_with(owner: object, free: Callable[[ctypes.c_void_p], None], handle: Any) -> None:
    """Call ``free(handle)`` when ``owner`` is collected; not at exit, when a daemon thread may
    still compute with it."""
    weakref.finalize(owner, free, handle).atexit = False
