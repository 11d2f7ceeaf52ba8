"""`read_checkpoint`: read configuration and tensors from a folder or file in any known format."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gpt2.checkpoint.carried import CONFIG, GENERATION, pop_settings
from gpt2.checkpoint.mapped import FLOATS, Stored, check_uncut, forget, read_safetensors
from gpt2.checkpoint.names import EMBEDDING, HEAD, canonical, check_shapes
from gpt2.checkpoint.packed import CONFIG_ENTRY, Packed, Quantization, known_packed
from gpt2.checkpoint.pickled import from_nanogpt, is_nanogpt, read_pickle, store
from gpt2.checkpoint.tensorflow import data_files, read_tensorflow, tensorflow_index
from gpt2.config import GPT2Config
from gpt2.errors import CorruptFileError, MissingFileError, WeightError
from gpt2.files import exists, inside, path_of, plain_name, read_json_object

Framework = Literal["numpy", "torch", "native"]
SIDECAR = "gpt2.json"  # added to a folder by this package; transformers ignores it
LISTS = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
UNTIE = {
    "": 'set "tie_word_embeddings": false in config.json.',
    ".pt": "nanoGPT's model always ties them.",
}
ENTRIES = ("model.safetensors", *LISTS, "pytorch_model.bin", "ckpt.pt")  # the first that exists


class Tensors(Mapping[str, Any]):
    """Tensors by full name, converted to the framework's type on access."""

    def __init__(self, stored: dict[str, Stored], framework: Framework) -> None:
        self.stored, self.framework = stored, framework

    def __getitem__(self, name: str) -> Any:
        tensor = self.stored[name]
        if self.framework == "native" and isinstance(tensor, Packed):
            return tensor.array
        return tensor.torch() if self.framework == "torch" else tensor.numpy()

    def __iter__(self) -> Iterator[str]:
        return iter(self.stored)

    def __len__(self) -> int:
        return len(self.stored)


class PassingTensors(Tensors):
    """Tensors for a reader that copies each one before it accesses the next: the memory of the
    previous one is then released, except for packed matrices, which are used in place."""

    _last: Stored | None = None

    def __getitem__(self, name: str) -> Any:
        if self._last is not None:
            forget(self._last.array)
        tensor = self.stored[name]
        self._last = None if isinstance(tensor, Packed) else tensor
        return super().__getitem__(name)


@dataclasses.dataclass
class Checkpoint:
    """The contents of a model's files. ``sidecar`` is the contents of gpt2.json, or empty."""

    config: GPT2Config
    tensors: Tensors
    path: Path
    form: str  # "safetensors", "bin", "nanogpt" or "tensorflow"
    generation_config: dict[str, Any] | None = None
    sidecar: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def stored(self) -> dict[str, Stored]:
        """The tensors as stored in the file, in its precision."""
        return self.tensors.stored

    @property
    def dtype(self) -> str:
        """The type of the embedding, and so of most values: F32, F16, BF16, or U8 if packed."""
        return self.stored[EMBEDDING].kind

    @property
    def quantization(self) -> Quantization | None:
        """How the matrices are packed, or None if they are not."""
        return Quantization.of(self.stored)

    def dequantized(self) -> Checkpoint:
        """The same model with packed matrices dequantized to fp32."""
        numbers = {
            name: Stored(tensor.numpy(), "F32") if isinstance(tensor, Packed) else tensor
            for name, tensor in self.stored.items()
        }
        return dataclasses.replace(self, tensors=Tensors(numbers, self.tensors.framework))


def read_checkpoint(
    path: str | Path,
    *,
    framework: Framework = "numpy",
    config: GPT2Config | None = None,
    head: bool = True,
) -> Checkpoint:
    """Read safetensors (one file or shards), pytorch_model.bin, nanoGPT's ckpt.pt or OpenAI's
    TensorFlow folder, or its .index file if the folder holds several checkpoints.

    Tensors have the checkpoint's full names (``transformer.h.0...``); ``lm_head.weight`` is present
    only if it is not tied to the embedding. Matrices packed by `gpt2 quantize` are dequantized, or
    with ``framework="native"`` returned as bytes for `NativeEngine`. Without ``head``, an untied
    head may be missing. If a folder has no config.json, the one stored among the weights is used
    (`carried`). Names, shapes and values are checked. Raises `MissingFileError`,
    `CorruptFileError`, `WeightError`, `ConfigError`.
    """
    path = path_of(path)
    folder = path if path.is_dir() else path.parent
    form, stored_config, stored = _open(path)
    carried = pop_settings(stored, str(path))
    if stored_config is None and CONFIG in carried and not exists(folder / CONFIG):
        stored_config = GPT2Config.from_dict(carried[CONFIG])
    config = config or stored_config or GPT2Config.from_json_file(folder / CONFIG)
    stored = _without_tied_head(canonical(stored), config, path)
    check_shapes(stored, config, str(path), head=head)
    check_uncut(tensor.array for tensor in stored.values())
    config.extra.pop(CONFIG_ENTRY, None)  # only for other programs: the files declare it too
    for name, tensor in stored.items():
        _check_kind(tensor, name, path)
        if framework != "native" or isinstance(tensor, Packed):  # it checks unpacked tensors itself
            tensor.check_finite(name, str(path))
    generation = folder / GENERATION
    return Checkpoint(
        config,
        Tensors(stored, framework),
        path,
        form,
        read_json_object(generation, nan=True) if exists(generation) else carried.get(GENERATION),
        read_json_object(folder / SIDECAR) if exists(folder / SIDECAR) else {},
    )


def _open(path: Path) -> tuple[str, GPT2Config | None, dict[str, Stored]]:
    """The format, the configuration if the format includes one, and the tensors."""
    entry = _entry(path)
    if entry.name in LISTS:
        form, stored = "", {}
        for shard in _shards(entry):
            form, _, part = _open_file(shard)
            stored.update(part)
        return form, None, stored
    return _open_file(entry)


def _entry(path: Path) -> Path:
    """The file of a folder that contains all weights, or lists the files that do."""
    if not path.is_dir():
        if not exists(path):
            raise MissingFileError(f"{path} does not exist.")
        return path
    for name in ENTRIES:
        if exists(path / name):
            return path / name
    index = tensorflow_index(path)
    if index is None:
        raise MissingFileError(
            f"{path} contains no weights: none of model.safetensors, pytorch_model.bin, ckpt.pt "
            "or model.ckpt.index exists."
        )
    return index


def weight_files(path: Path) -> list[Path]:
    """The files from which `read_checkpoint` reads the weights of ``path``; raises its errors."""
    entry = _entry(path)
    if entry.name in LISTS:
        return [entry, *_shards(entry)]
    return [entry, *data_files(entry)] if entry.suffix == ".index" else [entry]


def _open_file(path: Path) -> tuple[str, GPT2Config | None, dict[str, Stored]]:
    if path.suffix == ".safetensors":
        return "safetensors", None, known_packed(read_safetensors(path), path)
    if path.suffix in (".bin", ".pt", ".pth"):
        content = read_pickle(path)
        if is_nanogpt(content):
            return ("nanogpt", *from_nanogpt(content, path))
        return "bin", None, store(content, path)
    if path.suffix == ".index":
        return ("tensorflow", *read_tensorflow(path))
    raise CorruptFileError(
        f"{path}: weights can be read from .safetensors, .bin, .pt and TensorFlow's .index files."
    )


def _shards(index: Path) -> list[Path]:
    """The files named in an index, without duplicates, all of them in its own folder."""
    names = read_json_object(index).get("weight_map")
    if not isinstance(names, dict) or not names:
        raise CorruptFileError(f"{index} has no valid weight_map of names and files.")
    unique = dict.fromkeys(plain_name(name, index) for name in names.values())
    return [inside(index.parent, name, index) for name in unique]


def _without_tied_head(
    stored: dict[str, Stored], config: GPT2Config, path: Path
) -> dict[str, Stored]:
    """Keep only the embedding of a tied pair: a duplicate head is dropped; if only the head is
    stored (`safetensors.torch.save_model`), it becomes the embedding. Raises `WeightError` for a
    head that contradicts a tied configuration."""
    if HEAD not in stored or not config.tie_word_embeddings:
        return stored
    head = stored.pop(HEAD)
    embedding = stored.setdefault(EMBEDDING, head)
    if head is not embedding and not _same(head, embedding):
        raise WeightError(
            f"{path} has a separate output head, but its configuration ties the head to the "
            f"embedding: {UNTIE.get(path.suffix, UNTIE[''])}"
        )
    return stored


def _same(a: Stored, b: Stored) -> bool:
    if a.kind == b.kind:
        return a.array is b.array or np.array_equal(a.array, b.array)
    return np.array_equal(a.numpy(), b.numpy())


def _check_kind(tensor: Stored, name: str, path: Path) -> None:
    belongs = name == HEAD or name.startswith("transformer.")
    if belongs and tensor.kind not in FLOATS and not isinstance(tensor, Packed):
        raise WeightError(
            f"{path}: {name} has the type {tensor.kind}; weights must be {', '.join(FLOATS)}."
        )
