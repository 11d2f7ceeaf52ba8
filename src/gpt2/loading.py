"""`load`: load a model by name on the chosen engine."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from gpt2.errors import GPT2Warning, MissingFileError, OptionError, first_line
from gpt2.options import option
from gpt2.precision import PACKED, long, short

if TYPE_CHECKING:
    from gpt2.checkpoint import Checkpoint
    from gpt2.generation import LanguageModel
    from gpt2.tokenizer import Tokenizer

EngineName = Literal["native", "torch", "reference"]
KVDtype = Literal["fp16", "fp32", "int8"]


@dataclass
class LoadOptions:
    """The command-line options of `load`, apart from the name and the hub options."""

    engine: EngineName = option("native", "Engine that runs the model.")
    dtype: str | None = option(
        None, "Precision of the weights in memory.", choices=(*PACKED, "fp64")
    )
    device: str | None = option(
        None, "Device for the torch engine, such as cpu, cuda, cuda:1 or mps.", unset="cpu"
    )
    kv_dtype: KVDtype = option("fp16", "Precision of the native engine's KV cache.")
    threads: int | None = option(
        None,
        "Number of threads for the native engine, up to the number of available processors.",
        minimum=1,
        unset="GPT2_THREADS, else the physical cores",
    )
    kernels: str | None = option(
        None, "Kernels for the native engine, such as generic, avx2 or amx.", unset="the fastest"
    )


def load(
    name: str | os.PathLike[str],
    *,
    engine: EngineName = "native",
    dtype: str | None = None,
    device: Any = None,
    revision: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    local_files_only: bool = False,
    token: str | bool | None = None,
    kv_dtype: KVDtype | None = None,
    threads: int | None = None,
    kernels: str | None = None,
) -> LanguageModel:
    """Load a model with its tokenizer, to call ``model.generate("Once")`` or ``model.stream``.

    Args:
        name: a folder, a file, a bundled model or a hub id.
        engine: "native" (C++, fast on a CPU), "torch" (GPUs, training) or "reference" (numpy, for
            reading). There is no fallback: an error names what a chosen engine lacks.
        dtype: the precision of the weights in memory. native: fp32 (the default), fp16, bf16, int8,
            int4; torch: fp32, fp16, bf16; reference: fp32, float64. Long names work too. A folder
            written by `gpt2 quantize`, such as the bundled model, has its own precision, which is
            the native engine's default for it; any other is computed from its dequantized weights.
        device: for the torch engine, a torch device or its name ("cuda"); None means the CPU.
        revision, cache_dir, local_files_only, token: hub options.
        kv_dtype, threads, kernels: for the native engine; see `gpt2.native.NativeEngine`.

    Raises:
        OptionError: an engine, precision or device that is not available.
        ModelFileError, HubError: the model's files cannot be loaded.
    """
    from gpt2.hub import resolve

    if engine not in get_args(EngineName):
        names = ", ".join(get_args(EngineName))
        raise OptionError(f"engine must be one of {names}, found {engine!r}.")
    machine: dict[str, Any] = {"kv_dtype": kv_dtype, "threads": threads, "kernels": kernels}
    if engine != "native" and any(value is not None for value in machine.values()):
        raise OptionError(
            f"{', '.join(machine)} can be used only with the native engine, not with {engine}."
        )
    if engine != "torch" and device is not None:
        raise OptionError(
            f"device can be used only with the torch engine, not with {engine}: use engine='torch'."
        )
    where = usable_device(device) if device is not None else None
    place = resolve(
        name,
        revision=revision,
        cache_dir=cache_dir,
        local_files_only=local_files_only,
        token=token,
    )
    tokenizer = find_tokenizer(place, name)
    model: LanguageModel
    if engine == "torch":
        from gpt2.model import GPT2LMHeadModel

        network = GPT2LMHeadModel.from_pretrained(place, dtype=long(dtype or "fp32"))
        network.tokenizer = tokenizer
        model = network if where is None else network.to(where)
    elif engine == "reference":
        model = _reference(place, dtype, tokenizer)
    else:
        model = _native(place, dtype, tokenizer, **machine)
    _compare(model.config.vocab_size, tokenizer, name)
    return model


def usable_device(device: Any) -> Any:
    """Return a torch device after a trial computation. Raises `OptionError` if it fails."""
    import torch

    try:
        parsed = torch.device(device)
        torch.zeros(1, device=parsed).item()
    except (RuntimeError, AssertionError, TypeError, AttributeError, NotImplementedError) as error:
        raise OptionError(
            f"the device {str(device)!r} cannot be used here: {first_line(error)}"
        ) from None
    return parsed


def _folder(place: Path) -> Path:
    """The folder with the files next to the weights."""
    return place if place.is_dir() else place.parent


def find_tokenizer(place: Path, name: Any) -> Tokenizer | None:
    """The tokenizer next to the weights, or None: the model still accepts ids."""
    from gpt2.tokenizer import Tokenizer

    try:
        tokenizer = Tokenizer.from_pretrained(_folder(place))
    except MissingFileError:
        return None
    tokenizer.name_or_path = str(name)
    return tokenizer


def _reference(place: Path, dtype: str | None, tokenizer: Tokenizer | None) -> LanguageModel:
    import numpy as np

    from gpt2.checkpoint import read_checkpoint
    from gpt2.numpy_engine import NumpyEngine

    dtype = long(dtype or "fp32")
    if dtype not in ("float32", "float64"):
        raise OptionError(f"the reference engine supports only fp32 and float64, found {dtype!r}.")
    checkpoint = read_checkpoint(place)
    kind = np.dtype(dtype)
    weights = {name: t.astype(kind, copy=False) for name, t in checkpoint.tensors.items()}
    model = NumpyEngine(weights, checkpoint.config, tokenizer)
    return _with_settings(model, checkpoint)


def _native(
    place: Path,
    dtype: str | None,
    tokenizer: Tokenizer | None,
    kv_dtype: str | None,
    **machine: Any,
) -> LanguageModel:
    from gpt2.checkpoint.read import PassingTensors, read_checkpoint
    from gpt2.native import NativeEngine

    checkpoint = read_checkpoint(place, framework="native")
    packed = checkpoint.quantization
    wanted = short(dtype)
    if packed is not None and wanted not in (None, packed.dtype):
        checkpoint, packed = checkpoint.dequantized(), None
    tensors = PassingTensors(checkpoint.stored, "native")
    model = NativeEngine(
        tensors,
        checkpoint.config,
        dtype=packed.dtype if packed else wanted or "fp32",
        head_dtype=packed.head_dtype if packed else None,
        kv_dtype=short(kv_dtype or "fp16"),
        tokenizer=tokenizer,
        **machine,
    )
    return _with_settings(model, checkpoint)


def _with_settings(model: LanguageModel, checkpoint: Checkpoint) -> LanguageModel:
    """Apply the settings in the files next to the weights."""
    model.use_generation_file(checkpoint.generation_config, _folder(checkpoint.path))
    model.sidecar = checkpoint.sidecar
    return model


def _compare(size: int, tokenizer: Tokenizer | None, name: Any) -> None:
    """Warn if the tokenizer has ids that the model lacks; using one raises an error."""
    if tokenizer is not None and tokenizer.highest_id >= size:
        warnings.warn(
            f"{name}: the tokenizer has ids up to {tokenizer.highest_id}, but the model's "
            f"embedding has only {size} rows. Call model.resize_token_embeddings before using "
            "texts with such ids.",
            GPT2Warning,
            stacklevel=3,
        )
