"""`write_checkpoint`: a folder that this package, transformers and vLLM load."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from gpt2.checkpoint.read import SIDECAR
from gpt2.config import GPT2Config
from gpt2.errors import OptionError
from gpt2.files import atomic, write_error, write_json, write_text

UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
WEIGHTS = re.compile(r"(model|pytorch_model)(-\d+-of-\d+)?\.(safetensors|bin)(\.index\.json)?")


def write_checkpoint(
    folder: str | Path,
    config: GPT2Config,
    tensors: Mapping[str, Any],
    *,
    max_shard_size: int | str = "5GB",
    safe_serialization: bool = True,
    generation_config: Mapping[str, Any] | None = None,
    sidecar: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write config.json and the tensors (numpy or torch), in shards where they are large.

    Each file appears whole or not at all; older weights in the folder go last. With
    ``safe_serialization`` False, pytorch_model.bin is written. Returns the paths. Raises
    `WriteError`.
    """
    folder = Path(folder)
    limit = parse_size(max_shard_size)
    shards = _shards(tensors, limit)
    stem, suffix = ("model", "safetensors") if safe_serialization else ("pytorch_model", "bin")
    names = [f"{stem}.{suffix}"]
    if len(shards) > 1:
        names = [f"{stem}-{i + 1:05d}-of-{len(shards):05d}.{suffix}" for i in range(len(shards))]
    write = _write_safetensors if safe_serialization else _write_bin
    for name, shard in zip(names, shards, strict=True):
        write(folder / name, shard)
    written = [folder / name for name in names]
    if len(shards) > 1:
        index = folder / f"{stem}.{suffix}.index.json"
        where = {t: name for name, s in zip(names, shards, strict=True) for t in s}
        total = sum(_nbytes(tensor) for tensor in tensors.values())
        write_json(index, {"metadata": {"total_size": total}, "weight_map": where})
        written.append(index)
    write_text(folder / "config.json", config.to_json_string())
    if generation_config is not None:
        write_json(folder / "generation_config.json", dict(generation_config))
    if sidecar:
        write_json(folder / SIDECAR, dict(sidecar))
    _remove_older(folder, written)
    return written


def parse_size(size: int | str) -> int:
    """A size in bytes from 5000000, "5MB" or "4MiB"; raises `OptionError`."""
    if isinstance(size, int):
        found, unit = str(size), ""
    else:
        match = re.fullmatch(r"([\d.]+) *([A-Za-z]*)", size.strip())
        found, unit = match.groups() if match else ("", "?")
    try:
        value = int(float(found) * (UNITS[unit.upper()] if unit else 1))
    except (KeyError, ValueError):
        raise OptionError(
            f'a size is a number of bytes or "5GB", "500MB"; found {size!r}.'
        ) from None
    if value < 1:
        raise OptionError(f"a shard must hold at least a byte, found {size!r}.")
    return value


def _shards(tensors: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    """Tensors in order, a new shard where the next would be over the limit."""
    shards: list[dict[str, Any]] = [{}]
    size = 0
    for name, tensor in tensors.items():
        if shards[-1] and size + _nbytes(tensor) > limit:
            shards.append({})
            size = 0
        shards[-1][name] = tensor
        size += _nbytes(tensor)
    return shards


def _nbytes(tensor: Any) -> int:
    return int(tensor.nbytes)


def _write_safetensors(path: Path, tensors: Mapping[str, Any]) -> None:
    metadata = {"format": "pt"}  # transformers asks for it
    with atomic(path) as part:
        try:
            if all(isinstance(tensor, np.ndarray) for tensor in tensors.values()):
                contiguous = {name: np.ascontiguousarray(t) for name, t in tensors.items()}
                safetensors.numpy.save_file(contiguous, part, metadata)
            else:
                from safetensors.torch import save_file

                dense = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
                save_file(dense, part, metadata)
        except safetensors.SafetensorError as error:
            raise write_error(path, _as_os_error(error)) from error


def _as_os_error(error: Exception) -> OSError:
    """The error of the operating system that safetensors wraps in words."""
    code = re.search(r"os error (\d+)", str(error), re.IGNORECASE)
    return OSError(int(code.group(1)) if code else 0, str(error))


def _write_bin(path: Path, tensors: Mapping[str, Any]) -> None:
    import torch

    with atomic(path) as part:
        try:
            torch.save({n: torch.as_tensor(t).clone() for n, t in tensors.items()}, part)
        except RuntimeError as error:  # torch's own writer reports a full disk so
            raise write_error(path, OSError(0, str(error).split("\n")[0])) from error


def _remove_older(folder: Path, written: list[Path]) -> None:
    for path in folder.iterdir():
        if WEIGHTS.fullmatch(path.name) and path not in written:
            path.unlink()
