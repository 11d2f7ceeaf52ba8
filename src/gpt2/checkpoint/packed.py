"""Packed matrices: the native engine's own format in tensors of a safetensors file.

`csrc/matrix.h` defines the bytes: a header of 64 bytes, then the data the kernels read. A packed
file is a safetensors file whose matrices are such bytes (U8, one dimension) and whose metadata
declare it; norms, biases and positions are ordinary tensors. The file is memory-mapped, and the
engine reads the matrices in place.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.checkpoint.mapped import ALIGNMENT, DTYPES, Mapped, Stored
from gpt2.checkpoint.names import EMBEDDING, MATRICES
from gpt2.errors import CorruptFileError
from gpt2.precision import PACKED, STORED

FORMAT = "gpt2-packed"  # the metadata's "format"; transformers uses "pt"
VERSION = "1"  # of these files; the packed bytes have their own version
CONFIG_ENTRY = "quantization_config"  # in config.json, so that other programs reject the model
LANES, QUAD, GROUP = 16, 4, 32  # outputs per panel, adjacent inputs, inputs per scale in int4
LARGEST = {"int8": 127, "int4": 8 * 127}  # the largest integer that a scale is multiplied by
FARTHEST = {"int8": 128, "int4": 8 * 128}  # the largest magnitude that a weight's bytes can encode
PACKED_VERSION = 2  # of the packed bytes that `unpack` reads

_HEADER = struct.Struct("<8s5i")  # magic, version, dtype, outputs, inputs, largest activation
_MAGIC = b"gpt2pack"


@dataclasses.dataclass
class Quantization:
    """How a model's matrices are stored.

    ``dtype`` is that of the layers, ``head_dtype`` that of the token embedding and the head;
    ``rounding`` is the rounding method.
    """

    dtype: str
    head_dtype: str
    rounding: str = "nearest"

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Quantization | None:
        """The quantization of a model's tensors; None if they are not packed."""
        head, layer = stored.get(EMBEDDING), stored.get(f"transformer.h.0.{MATRICES[0]}")
        if not isinstance(head, Packed) or not isinstance(layer, Packed):
            return None
        return cls(layer.dtype, head.dtype, head.words.get("rounding", "unknown"))

    def metadata(self) -> dict[str, str]:
        """The metadata for a safetensors file."""
        words = {"dtype": self.dtype, "head_dtype": self.head_dtype, "rounding": self.rounding}
        group = {"group_size": str(GROUP)} if "int4" in words.values() else {}
        return {"format": FORMAT, "version": VERSION, **words, **group}

    def config_entry(self) -> dict[str, str]:
        """The entry for config.json; transformers reports it as an unknown method."""
        return {"quant_method": FORMAT, **self.metadata()}

    def __str__(self) -> str:
        return f"packed {self.dtype}, embedding and head {self.head_dtype}"


@dataclasses.dataclass
class Packed(Stored):
    """A packed matrix: ``array`` holds its bytes, ``shape`` is that of the checkpoint's tensor.

    ``turned`` means that the checkpoint has it as [inputs, outputs]; ``words`` is the metadata of
    its file.
    """

    dtype: str
    outputs: int
    inputs: int
    turned: bool
    words: Mapping[str, str]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the matrix in the checkpoint."""
        return (self.inputs, self.outputs) if self.turned else (self.outputs, self.inputs)

    def check_finite(self, name: str, source: str) -> None:
        """Raise `WeightError` if the matrix represents NaN or infinite values."""
        if self.dtype in LARGEST:
            with np.errstate(all="ignore"):
                largest = _scales(self.array, self.outputs) * np.float32(LARGEST[self.dtype])
            stored = Stored(largest, "F32")
        else:
            stored = _floats(self.array, self.dtype, self.outputs, self.inputs)
        stored.check_finite(name, source)

    def numpy(self) -> npt.NDArray[Any]:
        """The dequantized matrix, fp32 in the checkpoint's shape."""
        numbers = unpack(self.array, self.dtype, self.outputs, self.inputs)
        return np.ascontiguousarray(numbers.T if self.turned else numbers)

    def torch(self) -> Any:
        """`numpy` as a torch tensor."""
        return Stored(self.numpy(), "F32").torch()


def unpack(
    data: npt.NDArray[np.uint8], dtype: str, outputs: int, inputs: int
) -> npt.NDArray[np.float32]:
    """Dequantize packed bytes to [outputs, inputs]: the format of csrc/matrix.h, in numpy."""
    panels = -(-outputs // LANES)
    if dtype in LARGEST:
        body = data[64 + 2 * _table(outputs) :].reshape(panels, -1)
        whole = (_int8 if dtype == "int8" else _int4)(body, inputs)
        numbers = whole.astype(np.float32) * _scales(data, outputs)[:, None]
    else:
        panel = _floats(data, dtype, outputs, inputs).numpy()  # [panels, inputs, 16]
        numbers = panel.astype(np.float32).transpose(0, 2, 1).reshape(panels * LANES, inputs)
    return np.ascontiguousarray(numbers[:outputs, :inputs])


def _scales(data: npt.NDArray[np.uint8], outputs: int) -> npt.NDArray[np.float32]:
    """For int8 and int4: the scale of each output."""
    return data[64 : 64 + 4 * LANES * -(-outputs // LANES)].view(np.float32)


def _floats(data: npt.NDArray[np.uint8], dtype: str, outputs: int, inputs: int) -> Stored:
    """For the other types: the values as stored, [panels, inputs, 16 outputs]."""
    panels, kind = -(-outputs // LANES), STORED[dtype]
    rows: npt.NDArray[Any] = data[64:].reshape(panels, -1).view(DTYPES[kind])
    return Stored(rows[:, : inputs * LANES].reshape(panels, inputs, LANES), kind)


def _table(outputs: int) -> int:
    """The size of the table of scales, and of that of sums, for int8 and int4, in bytes."""
    return 4 * LANES * -(-outputs // LANES)


def packed_size(dtype: str, outputs: int, inputs: int) -> int:
    """The size of a packed matrix in bytes."""
    panels, groups = -(-outputs // LANES), -(-inputs // GROUP)
    if dtype in ("int8", "int4"):
        tables = 2 * _table(outputs)
        scales = -(-groups // 4) * 4 * LANES if dtype == "int4" else 0
        bits = 4 if dtype == "int4" else 8
        return 64 + tables + panels * (scales + groups * GROUP * LANES * bits // 8)
    width = 4 if dtype == "fp32" else 2
    return 64 + panels * (-(-inputs * LANES * width // 64) * 64)


def _int8(panels: npt.NDArray[np.uint8], _inputs: int) -> npt.NDArray[np.int32]:
    """Integers [outputs, inputs]; a panel is [quads of inputs, 16 outputs, 4 inputs]."""
    quads = panels.view(np.int8).reshape(len(panels), -1, LANES, QUAD)
    return quads.transpose(0, 2, 1, 3).reshape(len(panels) * LANES, -1).astype(np.int32)


def _int4(panels: npt.NDArray[np.uint8], inputs: int) -> npt.NDArray[np.int32]:
    """Nibble times group scale [outputs, inputs]; a panel holds, for each four groups of 32 inputs,
    [groups, 16] scales in 64 bytes, then [groups, 4 pairs of quads, 16 outputs, 4 inputs]: the
    first quad of a pair in the low nibbles, the second in the high ones, each with offset 8."""
    groups, parts, at = -(-inputs // GROUP), [], 0
    for first in range(0, groups, 4):
        n = min(4, groups - first)
        scales = panels[:, at : at + n * LANES].view(np.int8).reshape(-1, n, LANES, 1)
        nibbles = panels[:, at + 64 : at + 64 + 256 * n].reshape(-1, n, 4, 1, LANES, QUAD)
        quads = np.concatenate([nibbles & 15, nibbles >> 4], axis=3).astype(np.int32) - 8
        whole = quads.transpose(0, 1, 4, 2, 3, 5).reshape(-1, n, LANES, GROUP) * scales
        parts.append(whole.transpose(0, 2, 1, 3).reshape(len(panels) * LANES, n * GROUP))
        at += 64 + 256 * n
    return np.concatenate(parts, axis=1)


def as_packed(
    name: str, array: npt.NDArray[np.uint8], words: Mapping[str, str], source: str
) -> Packed:
    """Read the header of a packed matrix. Raises `CorruptFileError`."""
    if array.ndim != 1 or array.nbytes < 64:
        raise CorruptFileError(f"{source}: {name} is truncated: it has only {array.nbytes} bytes.")
    magic, version, kind, outputs, inputs, limit = _HEADER.unpack(array[: _HEADER.size].tobytes())
    if magic != _MAGIC or kind not in range(len(PACKED)) or min(outputs, inputs) < 1:
        raise CorruptFileError(f"{source}: {name} does not contain packed weights.")
    if version != PACKED_VERSION:
        raise CorruptFileError(
            f"{source}: {name} is packed in version {version}, but this package reads version "
            f"{PACKED_VERSION}: create it again with `gpt2 quantize`."
        )
    size = packed_size(PACKED[kind], outputs, inputs)
    if array.nbytes != size:
        raise CorruptFileError(
            f"{source}: {name} has {array.nbytes} bytes, but its header requires {size}."
        )
    if PACKED[kind] in FARTHEST:
        _check_sums(f"{source}: {name}", array, PACKED[kind], outputs, inputs, limit)
    return Packed(array, "U8", PACKED[kind], outputs, inputs, name.endswith(MATRICES), words)


def _check_sums(
    what: str, data: npt.NDArray[np.uint8], dtype: str, outputs: int, inputs: int, limit: int
) -> None:
    """Raise `CorruptFileError` if a sum in the kernels can overflow 32 bits.

    An activation differs from its zero point by at most ``limit``, so an output's sum is bounded by
    that times its weights' magnitudes. Few inputs fit with any weights; otherwise these are added.
    """
    bound = np.iinfo(np.int32).max // max(1, limit)
    if FARTHEST[dtype] * inputs <= bound:
        return
    panels = data[64 + 2 * _table(outputs) :].reshape(-(-outputs // LANES), -1)
    integers = _int8 if dtype == "int8" else _int4
    for n in range(len(panels)):
        most = int(np.abs(integers(panels[n : n + 1], inputs))[:, :inputs].sum(1, np.int64).max())
        if most > bound:
            raise CorruptFileError(
                f"{what} has {inputs:,} inputs, whose {dtype} weights add up to {most:,} for one "
                f"output; with activations of up to {limit}, only sums up to {bound:,} are sure "
                "to fit in 32 bits: create it again with `gpt2 quantize`."
            )


def known_packed(file: Mapped, path: Path) -> dict[str, Stored]:
    """A file's tensors, with packed ones as `Packed`. Raises `CorruptFileError` for an unsupported
    version."""
    words = file.metadata
    if words.get("format") != FORMAT:
        return file
    if words.get("version") != VERSION:
        raise CorruptFileError(
            f"{path} is a packed file of version {words.get('version')!r}, but this package reads "
            f"version {VERSION}: update the package, or create the file again with `gpt2 "
            "quantize`."
        )
    matrices = {name: tensor for name, tensor in file.items() if tensor.kind == "U8"}
    for name, tensor in matrices.items():
        if tensor.array.ctypes.data % ALIGNMENT:
            raise CorruptFileError(
                f"{path}: {name} does not start at a multiple of {ALIGNMENT} bytes: another "
                "program has rewritten the file. Create it again with `gpt2 quantize`."
            )
    packed = {n: as_packed(n, t.array, words, str(path)) for n, t in matrices.items()}
    return {**file, **packed}
