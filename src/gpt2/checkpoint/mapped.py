"""Safetensors: read as memory-mapped arrays, so that nothing is read until it is used; written.

The mapping is private, so a tensor over it can be trained in place without touching the file.
bfloat16, which numpy lacks, comes as its 16 bits; `Stored` remembers which it is.
"""

from __future__ import annotations

import dataclasses
import json
import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.errors import CorruptFileError, MissingFileError, WeightError
from gpt2.extras import needed
from gpt2.files import parse_json

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
KINDS = {np.dtype(kind): name for name, kind in DTYPES.items() if name != "BF16"}
# The exponent's bits: a number is infinite or NaN where all are set.
EXPONENT = {"F16": 0x7C00, "BF16": 0x7F80}
ALIGNMENT = 64  # bytes: a cache line, the widest vector
LONGEST_HEADER = 100_000_000  # bytes, as in the format's own definition


@dataclasses.dataclass
class Stored:
    """A tensor as the file has it: ``kind`` is safetensors' name of its type."""

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
        """As numpy has it; bfloat16 is widened to float32, exactly."""
        if self.kind != "BF16":
            return self.array
        return (self.array.astype(np.uint32) << 16).view(np.float32)

    def rounded(self, kind: str, name: str) -> Stored:
        """In another precision, to the nearest and ties to even. Raises `WeightError` where a value
        is out of its range."""
        if kind == self.kind:
            return self
        wide = self.numpy().astype(np.float32)
        if kind == "BF16":
            bits = wide.view(np.uint32)
            array = ((bits + (0x7FFF + ((bits >> 16) & 1))) >> 16).astype(np.uint16)
        else:
            with np.errstate(over="ignore"):
                array = wide.astype(DTYPES[kind])
        made = Stored(array, kind)
        made.check_finite(name, f"in {kind}")
        return made

    def torch(self) -> Any:
        """As a torch tensor over the same memory."""
        with needed("A PyTorch tensor"):
            import torch

        array = self.array if self.array.flags.aligned else self.array.copy()
        if self.kind == "BF16":
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(array)

    def check_finite(self, name: str, source: str) -> None:
        """Raise `WeightError` where a value is NaN or infinite."""
        if self.kind in EXPONENT:
            bits, mask = self.array.view(np.uint16), EXPONENT[self.kind]
            bad = bool(((bits & mask) == mask).any())
        elif self.array.dtype.kind == "f":
            with np.errstate(all="ignore"):
                bad = not np.isfinite(self.array.sum()) and not np.isfinite(self.array).all()
        else:
            bad = False
        if bad:
            raise WeightError(f"{source}: {name} holds values that are NaN or infinite.")


class Mapped(dict[str, Stored]):
    """The tensors of one file by their names, and its ``metadata``: words by words."""

    metadata: dict[str, str]


def read_safetensors(path: Path) -> Mapped:
    """Map a file. Raises `MissingFileError`, or `CorruptFileError` for a damaged or cut one."""
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except FileNotFoundError:
        raise MissingFileError(f"{path} is not there.") from None
    except ValueError:
        raise CorruptFileError(f"{path} is empty.") from None
    header, start = _header(data, path)
    size = len(data) - start
    stored = Mapped()
    stored.metadata = _metadata(header, path)
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            kind, shape = entry["dtype"], tuple(entry["shape"])
            begin, end = entry["data_offsets"]
            dtype = np.dtype(DTYPES[kind])
            count = int(np.prod(shape, dtype=np.int64))
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptFileError(f"{path}: the entry of {name} is damaged: {error!r}.") from None
        if not 0 <= begin <= end or end - begin != count * dtype.itemsize:
            raise CorruptFileError(f"{path}: the entry of {name} contradicts itself.")
        if end > size:
            raise CorruptFileError(
                f"{path} is cut short: {name} ends at byte {start + end:,}, the file at "
                f"{len(data):,}. Download or copy it again."
            )
        array = np.frombuffer(data, dtype, count, start + begin).reshape(shape)
        stored[name] = Stored(array, kind)
    return stored


def forget(array: npt.NDArray[Any]) -> None:
    """Give back the memory of a mapped array: its pages are read from the file when next touched.

    What was changed in place is lost. An array that is not mapped stays as it is.
    """
    owner: Any = array
    while isinstance(owner, (np.ndarray, memoryview)):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    if not isinstance(owner, mmap.mmap) or not hasattr(mmap, "MADV_DONTNEED"):
        return
    begin = array.ctypes.data - np.frombuffer(owner, np.uint8).ctypes.data
    first = -(-begin // mmap.PAGESIZE) * mmap.PAGESIZE  # whole pages: the others have neighbours
    end = (begin + array.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE
    if first < end:
        owner.madvise(mmap.MADV_DONTNEED, first, end - first)


def _header(data: mmap.mmap, path: Path) -> tuple[dict[str, Any], int]:
    if len(data) < 8:
        raise CorruptFileError(f"{path} is no safetensors file: it has {len(data)} bytes.")
    (length,) = struct.unpack("<Q", data[:8])
    if length > min(LONGEST_HEADER, len(data) - 8):
        raise CorruptFileError(f"{path} is no safetensors file, or is cut short in its header.")
    header = parse_json(data[8 : 8 + length], f"{path} is no safetensors file: its header")
    if not isinstance(header, dict):
        raise CorruptFileError(f"{path} is no safetensors file: its header is no object.")
    return header, 8 + length


def _metadata(header: dict[str, Any], path: Path) -> dict[str, str]:
    found = header.get("__metadata__") or {}
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise CorruptFileError(f"{path}: its metadata are not words.")
    return found


def as_stored(tensor: Any) -> Stored:
    """A numpy array, a torch tensor on any device or what is stored already."""
    if isinstance(tensor, Stored):
        return tensor
    if isinstance(tensor, np.ndarray):
        array = tensor.astype(tensor.dtype.newbyteorder("<"), copy=False)
        if array.dtype not in KINDS:
            raise WeightError(f"{array.dtype} is no type that safetensors knows.")
        return Stored(array, KINDS[array.dtype])
    import torch

    tensor = tensor.detach().cpu().contiguous()
    if tensor.dtype == torch.bfloat16:
        return Stored(tensor.view(torch.int16).numpy().view(np.uint16), "BF16")
    return as_stored(tensor.numpy())


def write_safetensors(
    path: Path, tensors: Mapping[str, Any], metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors as they are, those of whole 64 bytes first, then wide types first: so each of
    the former begins at a multiple of 64 bytes of the file, and all are aligned."""

    def place(name: str) -> tuple[bool, int]:
        array = as_stored(tensors[name]).array
        return array.nbytes % ALIGNMENT != 0, -array.itemsize

    order = sorted(tensors, key=place)
    words = dict(metadata or {"format": "pt"})  # transformers asks for the format
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
