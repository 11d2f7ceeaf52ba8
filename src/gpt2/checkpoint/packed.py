"""Packed matrices: the native engine's own bytes as tensors of a safetensors file.

`csrc/matrix.h` defines the bytes: a header of 64, then what the kernels read. A packed file is a
safetensors file whose matrices are such bytes (U8, one dimension) and whose metadata say so; norms,
biases and positions are plain numbers beside them. It is mapped, and the engine reads the matrices
where they lie.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.checkpoint.mapped import ALIGNMENT, Mapped, Stored
from gpt2.checkpoint.names import EMBEDDING, MATRICES
from gpt2.errors import CorruptFileError, UnsupportedError

FORMAT = "gpt2-packed"  # the metadata's "format", where transformers has "pt"
VERSION = "1"  # of these files; the packed bytes have a version of their own
CONFIG_ENTRY = "quantization_config"  # in config.json, so that other programs see it and refuse
GROUP = 32  # inputs that share a scale in int4

_HEADER = struct.Struct("<8s4i")  # magic, version, dtype, outputs, inputs
_MAGIC = b"gpt2pack"
_DTYPES = ("fp32", "fp16", "bf16", "int8", "int4")


@dataclasses.dataclass
class Quantization:
    """How a model's matrices are stored.

    ``dtype`` is that of the layers, ``head_dtype`` that of the token embedding and the head;
    ``rounding`` says how the whole numbers were found.
    """

    dtype: str
    head_dtype: str
    rounding: str = "nearest"

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Quantization | None:
        """What the tensors of a model say; None where none is packed."""
        head, layer = stored.get(EMBEDDING), stored.get(f"transformer.h.0.{MATRICES[0]}")
        if not isinstance(head, Packed) or not isinstance(layer, Packed):
            return None
        return cls(layer.dtype, head.dtype, head.words.get("rounding", "unknown"))

    def metadata(self) -> dict[str, str]:
        """As a safetensors file carries it."""
        own = {"dtype": self.dtype, "head_dtype": self.head_dtype, "rounding": self.rounding}
        group = {"group_size": str(GROUP)} if "int4" in own.values() else {}
        return {"format": FORMAT, "version": VERSION, **own, **group}

    def config_entry(self) -> dict[str, str]:
        """As config.json carries it; transformers knows no such method and says so."""
        return {"quant_method": FORMAT, **self.metadata()}

    def __str__(self) -> str:
        return f"packed {self.dtype}, embedding and head {self.head_dtype}"


@dataclasses.dataclass
class Packed(Stored):
    """A packed matrix: ``array`` is its bytes, ``shape`` that of the checkpoint's tensor.

    ``turned`` says that the checkpoint has it as [inputs, outputs]; ``words`` is the metadata of
    its file.
    """

    dtype: str
    outputs: int
    inputs: int
    turned: bool
    words: Mapping[str, str]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the numbers, as the checkpoint has them."""
        return (self.inputs, self.outputs) if self.turned else (self.outputs, self.inputs)

    def numpy(self) -> npt.NDArray[Any]:
        """The numbers the matrix stands for, fp32 in the checkpoint's shape."""
        raise UnsupportedError("packed weights run on the native engine only.")

    def torch(self) -> Any:
        """`numpy` as a torch tensor."""
        return Stored(self.numpy(), "F32").torch()


def as_packed(
    name: str, array: npt.NDArray[np.uint8], words: Mapping[str, str], source: str
) -> Packed:
    """The bytes of one matrix with what their header says. Raises `CorruptFileError`."""
    if array.ndim != 1 or array.nbytes < 64:
        raise CorruptFileError(f"{source}: {name} is cut short: it has {array.nbytes} bytes.")
    magic, _, kind, outputs, inputs = _HEADER.unpack(array[: _HEADER.size].tobytes())
    if magic != _MAGIC or kind not in range(len(_DTYPES)) or min(outputs, inputs) < 1:
        raise CorruptFileError(f"{source}: {name} does not hold packed weights.")
    return Packed(array, "U8", _DTYPES[kind], outputs, inputs, name.endswith(MATRICES), words)


def known_packed(found: Mapped, path: Path) -> dict[str, Stored]:
    """A file's tensors, the packed ones as `Packed`. Raises `CorruptFileError` for a version that
    this package does not know."""
    words = found.metadata
    if words.get("format") != FORMAT:
        return found
    if words.get("version") != VERSION:
        raise CorruptFileError(
            f"{path} is a packed file of version {words.get('version')!r}, this package reads "
            f"{VERSION}: use a newer one, or write the file again with `gpt2 quantize`."
        )
    matrices = {name: tensor for name, tensor in found.items() if tensor.kind == "U8"}
    for name, tensor in matrices.items():
        if tensor.array.ctypes.data % ALIGNMENT:
            raise CorruptFileError(
                f"{path}: {name} does not begin at a multiple of {ALIGNMENT} bytes: another "
                "program has rewritten the file. Write it again with `gpt2 quantize`."
            )
    packed = {n: as_packed(n, t.array, words, str(path)) for n, t in matrices.items()}
    return {**found, **packed}
