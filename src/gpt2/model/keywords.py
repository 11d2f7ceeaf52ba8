"""The keywords of `from_pretrained`: a closed list. Each is supported, has no effect here, is
rejected with a pointer to an alternative, or is a value of the configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from gpt2.config import GPT2Config
from gpt2.config_base import PLACES, WITHOUT_EFFECT
from gpt2.errors import InputError, OptionError, UnknownOptionError, UnsupportedError
from gpt2.precision import TORCH, long

_QUANTIZE = "`gpt2 quantize MODEL` and gpt2.load(folder), or gpt2.load(MODEL, dtype='int8')"
_ONE_PLACE = "a model uses one device; for several processes, run `gpt2 train` under torchrun"
_ADAPTER = "gpt2.model.lora.load_lora(model, folder)"
_FILES = "what it computes is this package's own"

# Keywords that only transformers supports -> what to do instead.
REFUSED = {
    "load_in_8bit": _QUANTIZE,
    "load_in_4bit": _QUANTIZE,
    "quantization_config": _QUANTIZE,
    "variant": "from_pretrained(folder / 'model.VARIANT.safetensors', config=folder)",
    "gguf_file": "load it with transformers, call save_pretrained, then load that folder here",
    "adapter_name": _ADAPTER,
    "adapter_kwargs": _ADAPTER,
    "key_mapping": "rename the tensors and pass them as state_dict",
    "max_memory": _ONE_PLACE,
    "tp_plan": _ONE_PLACE,
    "tp_size": _ONE_PLACE,
    "device_mesh": _ONE_PLACE,
    "distributed_config": _ONE_PLACE,
    "use_kernels": _FILES,
    "kernel_config": _FILES,
    "allow_all_kernels": _FILES,
    "fusion_config": _FILES,
    "experts_implementation": "GPT-2 has no experts",
    "proxies": "set HTTPS_PROXY in the environment",
    "disable_mmap": "files are memory-mapped; copy.deepcopy(model) keeps its weights in memory",
}

ATTENTION = ("eager", "sdpa")


@dataclass
class Loading:
    """The parsed keywords of one call. ``changes`` are values of the configuration."""

    where: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    config: GPT2Config | None = None
    state_dict: Mapping[str, Any] | None = None
    dtype: torch.dtype | None = None  # None means the file's own
    device: torch.device | None = None
    attention: str | None = None
    subfolder: str = ""
    safe: bool | None = None
    mismatched: bool = False  # initialise tensors whose shape differs
    report: bool = False  # also return the missing and unexpected tensors
    generation_config: Any = None


def read_keywords(given: Mapping[str, Any]) -> Loading:
    """Parse the keywords of one call.

    Raises `UnsupportedError` for a keyword that only transformers supports, `UnknownOptionError`
    for an unknown one, `InputError` for an invalid value.
    """
    left = {name: value for name, value in given.items() if name not in WITHOUT_EFFECT}
    for name, way in REFUSED.items():
        if left.pop(name, None):  # None, False and empty values request nothing
            raise UnsupportedError(f"{name} is not supported: {way}.")
    dtype, old = left.pop("dtype", None), left.pop("torch_dtype", None)
    where = {name: left.pop(name) for name in PLACES if name in left}
    loading = Loading(
        where=where,
        config=_config(left.pop("config", None), where),
        state_dict=left.pop("state_dict", None),
        dtype=wanted_dtype(old if dtype is None else dtype),
        device=_device(left.pop("device_map", None)),
        attention=_attention(left.pop("attn_implementation", None)),
        subfolder=(left.pop("subfolder", None) or "").strip("/"),
        safe=left.pop("use_safetensors", None),
        mismatched=bool(left.pop("ignore_mismatched_sizes", False)),
        report=bool(left.pop("output_loading_info", False)),
        generation_config=left.pop("generation_config", None),
    )
    loading.changes = left
    return loading


def apply_changes(config: GPT2Config, changes: Mapping[str, Any]) -> GPT2Config:
    """The configuration with the values of a call. Raises `UnknownOptionError`."""
    for name in changes:
        if not config.knows(name):
            raise UnknownOptionError(
                f"from_pretrained has no keyword {name!r}, and GPT2Config has no such value."
            )
    return config.replace(**changes) if changes else config


def wanted_dtype(dtype: Any) -> torch.dtype | None:
    """The torch dtype of a dtype or its name; None keeps the file's own."""
    if dtype is None or dtype == "auto":
        return None
    kind = getattr(torch, long(dtype), None) if isinstance(dtype, str) else dtype
    if not isinstance(kind, torch.dtype) or not kind.is_floating_point:
        raise InputError(f"dtype must be {', '.join(TORCH)} or 'auto', found {dtype!r}.")
    return kind


def _config(given: Any, where: Mapping[str, Any]) -> GPT2Config | None:
    """A configuration of this package or of transformers, or one loaded by path or name, from the
    revision, cache and so on of the call."""
    if given is None or isinstance(given, GPT2Config):
        return given
    if isinstance(given, (str, os.PathLike)):
        return GPT2Config.from_pretrained(given, **where)
    return GPT2Config.of(given)


def _attention(kind: Any) -> str | None:
    if kind is not None and kind not in ATTENTION:
        raise UnsupportedError(
            f"attn_implementation {kind!r} is not supported, only 'eager' and 'sdpa': sdpa uses "
            "PyTorch's flash kernels where they are available."
        )
    return None if kind is None else str(kind)


def _device(where: Any) -> torch.device | None:
    """The single device of a ``device_map``."""
    places = set(where.values()) if isinstance(where, Mapping) else {where}
    if places == {None}:
        return None
    if len(places) != 1 or places & {"disk", "meta"}:
        raise UnsupportedError(f"device_map names {sorted(map(str, places))}: {_ONE_PLACE}.")
    (place,) = places
    if place in ("auto", "balanced", "balanced_low_0", "sequential"):
        place = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.device(place)
    except (RuntimeError, TypeError) as error:
        raise OptionError(f"device_map {where!r} does not name a device ({error}).") from None
