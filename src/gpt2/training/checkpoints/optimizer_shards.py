"""The optimiser state in shards, by torch.distributed.checkpoint, with one file per process.

    training/optimizer/__0_0.distcp   the parts of process 0
    training/optimizer/.metadata      which part of which tensor is in which file

Any number of processes can read it, including one without torchrun; each reads only the parts of a
tensor that it needs.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemReader, FileSystemWriter
from torch.distributed.checkpoint.metadata import (
    _MEM_FORMAT_ENCODING,
    Metadata,
    TensorStorageMetadata,
)
from torch.distributed.checkpoint.state_dict_loader import load as load_shards
from torch.distributed.checkpoint.state_dict_saver import save as save_shards

from gpt2.errors import CorruptFileError, WriteError, first_line
from gpt2.files import inside, read_bytes, write_error

FOLDER, METADATA = "optimizer", ".metadata"
_OURS = "torch.distributed.checkpoint."
PLAIN = {  # all that a .metadata file may contain: it is a pickle, which could hold anything
    *((f"{_OURS}metadata", name) for name in (
        "ChunkStorageMetadata", "Metadata", "MetadataIndex", "StorageMeta", "TensorProperties",
        "TensorStorageMetadata", "_MEM_FORMAT_ENCODING")),
    (f"{_OURS}filesystem", "_StorageInfo"),
    ("torch", "Size"), ("torch", "float32"), ("torch.serialization", "_get_layout"),
    *((module, name) for module in ("pathlib", "pathlib._local")
      for name in ("PosixPath", "WindowsPath")),
}  # fmt: skip
Room = Callable[[str, torch.Size], Tensor]


def write(folder: Path, state: Mapping[str, Tensor]) -> list[Path]:
    """Write this process's shards into an empty folder; all processes must call it.

    Returns the files that all processes wrote. If one process cannot write, `WriteError` is raised
    in all of them.
    """
    try:
        written = save_shards(dict(state), storage_writer=FileSystemWriter(folder))
    except CheckpointException as failed:
        raise _unwritten(folder, _cause(failed)) from None
    names = {info.relative_path for info in (written.storage_data or {}).values()}
    return [folder / name for name in sorted({METADATA, *names})]


def read(folder: Path, room: Room, several: bool) -> dict[str, Tensor]:
    """Read what `write` wrote into tensors that ``room`` returns for a name and a shape.

    The tensors may be sharded. ``several``: all processes of a run read; otherwise only this one
    does.

    Raises `CorruptFileError`, and what ``room`` raises.
    """
    reader = _Reader(folder)
    state = {name: room(name, entry.size) for name, entry in reader.tensors().items()}
    try:
        with warnings.catch_warnings():  # it warns that there is only one process
            warnings.simplefilter("ignore", UserWarning)
            load_shards(state, storage_reader=reader, no_dist=not several)
    except CheckpointException as failed:
        raise CorruptFileError(f"{folder} cannot be read: {_sentence(_cause(failed))}") from None
    return state


class _Reader(FileSystemReader):
    """Reads .metadata and rejects anything that does not belong in it."""

    def read_metadata(self, *_: Any, **__: Any) -> Metadata:
        """Read which part is in which file. Raises `MissingFileError`, `CorruptFileError`."""
        path = Path(self.path) / METADATA
        data = read_bytes(path)
        try:
            _check_lengths(data)
            metadata = _Unpickler(io.BytesIO(data)).load()
        except Exception as error:  # a damaged pickle can raise almost any exception
            raise CorruptFileError(f"{path} is damaged: {_sentence(error)}") from None
        if not isinstance(metadata, Metadata):
            raise CorruptFileError(f"{path} contains a {type(metadata).__name__}.")
        for part in (metadata.storage_data or {}).values():
            inside(self.path, getattr(part, "relative_path", None), path, links=False)
        return metadata

    def tensors(self) -> dict[str, TensorStorageMetadata]:
        """The stored tensors."""
        entries = self.read_metadata().state_dict_metadata
        odd = [name for name, e in entries.items() if not isinstance(e, TensorStorageMetadata)]
        if odd:
            raise CorruptFileError(f"{Path(self.path) / METADATA}: {odd[0]} is not a tensor.")
        return dict(entries)  # type: ignore[arg-type]


def _check_lengths(data: bytes) -> None:
    """Raise `ValueError` if a length in a pickle exceeds the data: unpickling would allocate that
    much memory first."""
    for _ in pickletools.genops(data):
        pass


def _pick_member(kind: Any, name: str) -> Any:
    """Return a memory format; `getattr` itself would reach everything."""
    if kind is not _MEM_FORMAT_ENCODING:
        raise pickle.UnpicklingError("getattr does not belong there")
    return _MEM_FORMAT_ENCODING[name]


class _Unpickler(pickle._Unpickler):  # the Python version: the one in C has no `load_build`
    """Creates only the types in `PLAIN` and sets fields on their instances, not on classes."""

    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)
    stack: list[Any]

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "getattr"):
            return _pick_member  # how Python before 3.11.4 pickles a member of an enumeration
        if (module, name) not in PLAIN:
            raise pickle.UnpicklingError(f"{module}.{name} does not belong there")
        return super().find_class(module, name)

    def load_build(self) -> None:
        made, values = self.stack[-2:]
        fields = getattr(type(made), "__dataclass_fields__", None)
        if fields is None or (isinstance(values, dict) and not values.keys() <= fields.keys()):
            raise pickle.UnpicklingError(f"a {type(made).__name__} has no such fields")
        super().load_build()  # type: ignore[misc]

    dispatch[pickle.BUILD[0]] = load_build


def _cause(failed: CheckpointException) -> BaseException:
    """The error of the first process that failed."""
    error: BaseException = min(failed.failures.items())[1][0]
    if not isinstance(error, Exception):
        raise error  # a second Ctrl-C
    return error


def _unwritten(folder: Path, error: BaseException) -> WriteError:
    if isinstance(error, OSError):
        return write_error(folder, error)
    return WriteError(f"{folder} could not be written: {_sentence(error)} The disk may be full.")


def _sentence(error: BaseException) -> str:
    return first_line(error).rstrip(".") + "."
