"""`write_checkpoint`: a folder that this package, transformers and vLLM load."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gpt2.checkpoint.mapped import FLOATS, as_stored, write_safetensors
from gpt2.checkpoint.packed import CONFIG_ENTRY, Quantization
from gpt2.checkpoint.read import LISTS, SIDECAR
from gpt2.config import GPT2Config
from gpt2.errors import OptionError, WriteError, first_line
from gpt2.extras import needed
from gpt2.files import atomic_folder, remove, reported, sha256, to_json
from gpt2.hub import SETTINGS, TOKENIZER
from gpt2.precision import long

UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
LEADING = ("model.safetensors", "pytorch_model.bin", *LISTS)  # read first by readers of a folder
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
    quantization: Quantization | None = None,
) -> list[Path]:
    """Write config.json and the tensors (numpy or torch), in shards if they are large.

    All files are written before existing ones are replaced; then the old model's entry file is
    removed, the files are moved into place and the new entry file comes last: an interruption never
    leaves a mixture of two models. With ``safe_serialization`` False, pytorch_model.bin is written.
    ``quantization`` is for `Packed` tensors: it is recorded in the file's metadata and config.json,
    and the sidecar gets the files' SHA-256. Returns the paths. Raises `WriteError`, `OptionError`.
    """
    folder = Path(folder)
    shards = _shards(tensors, parse_size(max_shard_size))
    stem, suffix = ("model", "safetensors") if safe_serialization else ("pytorch_model", "bin")
    words = quantization.metadata() if quantization else None
    names = [f"{stem}.{suffix}"]
    if len(shards) > 1:
        names = [f"{stem}-{i + 1:05d}-of-{len(shards):05d}.{suffix}" for i in range(len(shards))]
    settings: dict[str, Any] = {
        "config.json": _set_precision(config, tensors, quantization).to_dict()
    }
    if generation_config is not None:
        settings["generation_config.json"] = dict(generation_config)
    if len(shards) > 1:
        where = {t: name for name, s in zip(names, shards, strict=True) for t in s}
        total = sum(int(tensor.nbytes) for tensor in tensors.values())
        index = {"metadata": {"total_size": total}, "weight_map": where}
        settings[f"{stem}.{suffix}.index.json"] = index
    hashes: dict[str, str] = {}
    with atomic_folder(folder, last=LEADING) as part:
        for name, shard in zip(names, shards, strict=True):
            with reported(folder / name):
                if safe_serialization:
                    write_safetensors(part / name, shard, words)
                else:
                    _write_bin(part / name, shard)
            if quantization:
                hashes[name] = sha256(part / name)
        if known := _sidecar(sidecar or {}, hashes):
            settings[SIDECAR] = known
        for name, value in settings.items():
            with reported(folder / name):
                (part / name).write_text(to_json(value), "utf-8")
    written = [folder / name for name in (*names, *settings)]
    remove_older(folder, written)
    return written


def _set_precision(
    config: GPT2Config, tensors: Mapping[str, Any], quantization: Quantization | None
) -> GPT2Config:
    """The configuration with the tensors' precision, which transformers' dtype="auto" uses, or with
    their packing."""
    kind = as_stored(next(iter(tensors.values()))).kind
    names = [name for name in ("dtype", "torch_dtype") if name in config.extra] or ["dtype"]
    if quantization:
        kept = {k: v for k, v in config.to_dict().items() if k not in names}
        return GPT2Config.from_dict({**kept, CONFIG_ENTRY: quantization.config_entry()})
    return config.replace(**dict.fromkeys(names, long(kind))) if kind in FLOATS else config


def _sidecar(given: Mapping[str, Any], hashes: Mapping[str, str]) -> dict[str, Any]:
    """The sidecar, without entries about the files of another folder."""
    left_out = () if hashes else ("quantization",)
    known = {k: v for k, v in given.items() if k not in ("sha256", *left_out)}
    return {**known, "sha256": dict(hashes)} if hashes else known


def parse_size(size: int | str) -> int:
    """Parse a size in bytes such as 5000000, "5MB" or "4MiB". Raises `OptionError`."""
    if isinstance(size, int):
        number, unit = str(size), ""
    else:
        match = re.fullmatch(r"([\d.]+) *([A-Za-z]*)", str(size).strip())
        number, unit = match.groups() if match else ("", "?")
    try:
        value = int(float(number) * (UNITS[unit.upper()] if unit else 1))
    except (KeyError, ValueError, OverflowError):
        raise OptionError(
            'a size must be a number of bytes, or a string such as "5GB" or "500MB"; found '
            f"{size!r}."
        ) from None
    if value < 1:
        raise OptionError(f"a shard must have at least one byte, found {size!r}.")
    return value


def _shards(tensors: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    """Split tensors into shards in order, starting a new one if the next would exceed the limit."""
    shards: list[dict[str, Any]] = [{}]
    size = 0
    for name, tensor in tensors.items():
        if shards[-1] and size + int(tensor.nbytes) > limit:
            shards.append({})
            size = 0
        shards[-1][name] = tensor
        size += int(tensor.nbytes)
    return shards


def _write_bin(path: Path, tensors: Mapping[str, Any]) -> None:
    with needed("Writing PyTorch's own files", "safetensors needs no extra package"):
        import torch

    save_torch(path, {n: torch.as_tensor(t).clone() for n, t in tensors.items()})


def save_torch(path: Path, content: Any) -> None:
    """`torch.save`, but reporting a full disk as an OSError."""
    with needed("Writing PyTorch's own files", "safetensors needs no extra package"):
        import torch

    try:
        torch.save(content, path)
    except RuntimeError as error:  # torch's writer reports it this way
        raise OSError(0, first_line(error)) from error


@contextlib.contextmanager
def replace_model(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder whose files replace the model in ``folder`` if the block succeeds.

    Then the old model's weights, settings and tokenizer are removed, its entry file first, before
    the new files are moved into place: an interruption leaves one of the models or none. Other
    files stay, as does nanoGPT's ckpt.pt, which may hold the state of a training run.
    """
    with atomic_folder(folder, last=LEADING) as part:
        try:
            yield part
        except WriteError as error:
            raise WriteError(str(error).replace(str(part), str(folder))) from error
        if folder.is_dir():
            for name in LEADING:
                (folder / name).unlink(missing_ok=True)
            remove_older(folder, [])
            for name in (*SETTINGS, *TOKENIZER):
                remove(folder / name.partition("/")[0])


def remove_older(folder: Path, written: list[Path]) -> None:
    """Remove the weights in a folder that are not among the ``written``."""
    for path in folder.iterdir():
        if WEIGHTS.fullmatch(path.name) and path not in written:
            path.unlink()
