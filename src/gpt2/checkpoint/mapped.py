"""Safetensors: reading as memory-mapped arrays, so that data is only read on use; writing.

The mapping is private, so a tensor over it can be trained in place without changing the file.
bfloat16, which numpy lacks, is represented by its 16 bits; `Stored` records the type.
"""

from __future__ import annotations

import dataclasses
import json
import math
import mmap
import os
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.errors import CorruptFileError, WeightError
from gpt2.extras import needed
from gpt2.files import open_regular, parse_json_object, read_error, stand_in

DTYPES = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "BF16": np.uint16,
    "I64": np.int64,
    "I32": np.int32,
    "I16": np.int16,
    "I8": np.int8,
    "U8": np.uint8,
    "BOOL": np.bool_,
}
FLOATS = ("F64", "F32", "F16", "BF16")
UNREAD = ("U16", "U32", "U64", "C64", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F6_E2M3", "F6_E3M2", "F4")
MOST_AXES = 32  # which every numpy supports
KINDS = {np.dtype(kind): name for name, kind in DTYPES.items() if name != "BF16"}
# The exponent's bits: a value is infinite or NaN if all are set.
EXPONENT = {"F16": 0x7C00, "BF16": 0x7F80}
ALIGNMENT = 64  # bytes: a cache line, the widest vector
LONGEST_HEADER = 100_000_000  # bytes, from the format's definition


@dataclasses.dataclass
class Stored:
    """A tensor as stored in the file; ``kind`` is safetensors' name of its type."""

    array: npt.NDArray[Any]
    kind: str

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return self.array.shape

    @property
    def nbytes(self) -> int:
        """The tensor's size in the file."""
        return self.array.nbytes

    def numpy(self) -> npt.NDArray[Any]:
        """The tensor as an aligned numpy array; bfloat16 is widened to float32, which is exact."""
        if self.kind != "BF16":
            return self._align()
        return (self.array.astype(np.uint32) << 16).view(np.float32)

    def round_to(self, kind: str, name: str) -> Stored:
        """Convert to another precision, rounding to nearest, ties to even. Raises `WeightError` if
        a value is out of range."""
        if kind == self.kind:
            return self
        with np.errstate(over="ignore"):
            wide = self.numpy().astype(np.float32)
            if kind == "BF16":
                bits = wide.view(np.uint32)
                array = ((bits + (0x7FFF + ((bits >> 16) & 1))) >> 16).astype(np.uint16)
            else:
                array = wide.astype(DTYPES[kind])
        made = Stored(array, kind)
        made.check_finite(name, f"in {kind}")
        return made

    def torch(self) -> Any:
        """The tensor as a torch tensor over the same memory."""
        with needed("A PyTorch tensor"):
            import torch

        array = self._align()
        if self.kind == "BF16":
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(array)

    def _align(self) -> npt.NDArray[Any]:
        """The array, contiguous and aligned: an unpadded header of another program can leave
        tensors at odd addresses."""
        return np.require(self.array, None, ["C_CONTIGUOUS", "ALIGNED"])

    def check_finite(self, name: str, source: str) -> None:
        """Raise `WeightError` if a value is NaN or infinite."""
        if self.kind in EXPONENT:
            bits, mask = self.array.view(np.uint16), EXPONENT[self.kind]
            bad = bool(((bits & mask) == mask).any())
        elif self.array.dtype.kind == "f":
            with np.errstate(all="ignore"):
                bad = not np.isfinite(self.array.sum()) and not np.isfinite(self.array).all()
        else:
            bad = False
        if bad:
            raise WeightError(f"{source}: {name} contains NaN or infinite values.")


class Mapped(dict[str, Stored]):
    """The tensors of one file by name, and its ``metadata``, strings by strings."""

    metadata: dict[str, str]


def read_safetensors(path: Path) -> Mapped:
    """Memory-map a file. Raises `MissingFileError`, `CorruptFileError` for a damaged or truncated
    file, `WeightError` for an unsupported type."""
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise CorruptFileError(f"{path} is empty.")
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        except OSError as error:
            raise read_error(path, error) from None
    header, start = _header(data, path)
    stored = Mapped()
    stored.metadata = _metadata(header, path)
    for name, entry in header.items():
        if name != "__metadata__":
            stored[name] = _tensor(data, start, entry, path, name)
    return stored


def _tensor(data: mmap.mmap, start: int, entry: Any, path: Path, name: str) -> Stored:
    """The array described by an entry of the header, over the mapped file."""
    where = f"{path}: the entry of {name}"
    entry = entry if isinstance(entry, dict) else {}
    kind, shape, place = (entry.get(name) for name in ("dtype", "shape", "data_offsets"))
    if kind in UNREAD:
        raise WeightError(
            f"{where} has the unsupported type {kind}; supported types are {', '.join(DTYPES)}."
        )
    if kind not in list(DTYPES) or not _sizes(shape, MOST_AXES) or not _sizes(place, 2):
        raise CorruptFileError(f"{where} is damaged: {str(entry)[:100]}.")
    dtype, count = np.dtype(DTYPES[kind]), math.prod(shape)
    begin, end = (*place, 0, 0)[:2]
    if begin > end or end - begin != count * dtype.itemsize:
        raise CorruptFileError(f"{where} is inconsistent.")
    if start + end > len(data):
        raise CorruptFileError(
            f"{where} ends at byte {start + end:,}, but the file is truncated at byte "
            f"{len(data):,}. {_again(path)}"
        )
    try:
        return Stored(np.frombuffer(data, dtype, count, start + begin).reshape(shape), kind)
    except ValueError:  # axes too large for numpy, next to one of size 0
        raise CorruptFileError(f"{where} is damaged: {str(shape)[:100]}.") from None


def _again(path: Path) -> str:
    """Advice for a damaged file; in the hub's cache it is a link to a blob."""
    place = path.resolve()
    if place.parent.name == "blobs":
        return f"Remove {place}, so that it is downloaded again."
    return "Download or copy it again."


def _sizes(value: Any, most: int) -> bool:
    """Whether a value in the header is a list of sizes."""
    return (
        isinstance(value, list)
        and len(value) <= most
        and all(type(size) is int and size >= 0 for size in value)
    )


def forget(array: npt.NDArray[Any]) -> None:
    """Release the memory of a mapped array: its pages are read from the file on the next access.

    In-place changes are lost. An array that is not mapped is left alone.
    """
    owner = _mapping(array)
    if owner is None or not hasattr(mmap, "MADV_DONTNEED"):
        return
    begin = array.ctypes.data - np.frombuffer(owner, np.uint8).ctypes.data
    first = -(-begin // mmap.PAGESIZE) * mmap.PAGESIZE  # full pages: others are shared
    end = (begin + array.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE
    if first < end:
        owner.madvise(mmap.MADV_DONTNEED, first, end - first)


def check_uncut(arrays: Iterable[npt.NDArray[Any]]) -> None:
    """Raise `CorruptFileError` if a mapped file was truncated: accessing the missing part would
    kill the process. A truncation after this check cannot be detected."""
    files = {id(map_): map_ for map_ in map(_mapping, arrays) if map_ is not None}
    for file in files.values():
        if file.size() < len(file):
            raise CorruptFileError(
                f"a file of this model was truncated while in use, from {len(file):,} to "
                f"{file.size():,} bytes. Restore the file and load the model again."
            )


def _mapping(array: npt.NDArray[Any]) -> mmap.mmap | None:
    """The memory-mapped file that an array is a view of."""
    owner: Any = array
    while isinstance(owner, (np.ndarray, memoryview)):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    return owner if isinstance(owner, mmap.mmap) else None


def _header(data: mmap.mmap, path: Path) -> tuple[dict[str, Any], int]:
    if len(data) < 8:
        raise CorruptFileError(f"{path} is not a safetensors file: it has only {len(data)} bytes.")
    (length,) = struct.unpack("<Q", data[:8])
    if length > min(LONGEST_HEADER, len(data) - 8):
        stand_in(path, data[:512])
        raise CorruptFileError(f"{path} is not a safetensors file, or its header is truncated.")
    what = f"{path} is not a safetensors file: its header"
    return parse_json_object(data[8 : 8 + length], what), 8 + length


def _metadata(header: dict[str, Any], path: Path) -> dict[str, str]:
    metadata = header.get("__metadata__") or {}
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise CorruptFileError(f"{path}: its metadata must be strings.")
    return metadata


def as_stored(tensor: Any) -> Stored:
    """Convert a numpy array, or a torch tensor on any device, to `Stored`."""
    if isinstance(tensor, Stored):
        return tensor
    if isinstance(tensor, np.ndarray):
        array = tensor.astype(tensor.dtype.newbyteorder("<"), copy=False)
        if array.dtype not in KINDS:
            raise WeightError(f"safetensors does not support the type {array.dtype}.")
        return Stored(array, KINDS[array.dtype])
    import torch

    tensor = tensor.detach().cpu().resolve_neg()
    if tensor.dtype == torch.bfloat16:
        return Stored(tensor.view(torch.int16).numpy().view(np.uint16), "BF16")
    return as_stored(tensor.numpy())


def write_safetensors(
    path: Path, tensors: Mapping[str, Any], metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors without conversion: first those whose size is a multiple of 64 bytes, so that
    each starts at a multiple of 64 in the file, then the others with wide types first, so that all
    are aligned."""

    def place(name: str) -> tuple[bool, int]:
        array = as_stored(tensors[name]).array
        return array.nbytes % ALIGNMENT != 0, -array.itemsize

    order = sorted(tensors, key=place)
    words = dict(metadata or {"format": "pt"})  # transformers requires the format
    header: dict[str, Any] = {"__metadata__": words}
    end = 0
    for name in order:
        stored = as_stored(tensors[name])
        begin, end = end, end + stored.nbytes
        header[name] = {
            "dtype": stored.kind,
            "shape": list(stored.array.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            file.write(np.ascontiguousarray(as_stored(tensors[name]).array).data)
