"""OpenAI's original checkpoints, read without TensorFlow.

A folder holds ``model.ckpt.index``, a sorted table in LevelDB's format with the location of each
tensor, ``model.ckpt.data-00000-of-00001`` with their bytes, and ``hparams.json``. Format:
tensorflow/core/util/tensor_bundle and leveldb's doc/table_format.md.
"""

from __future__ import annotations

import math
import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gpt2.checkpoint.mapped import Stored
from gpt2.config import GPT2Config
from gpt2.errors import ConfigError, CorruptFileError, MissingFileError
from gpt2.files import exists, inside, open_regular, read_bytes, read_json_object, read_text

MAGIC = 0xDB4775248B80FB57
STATE = "checkpoint"  # TensorFlow's file with the name of the newest checkpoint
STEP = re.compile(r"-(\d+)\.index$")
FOOTER = 48  # bytes: two block handles, padding, the magic number
FLOAT, HALF = 1, 19  # TensorFlow's codes of the types
HPARAMS = {"n_vocab": "vocab_size", "n_ctx": "n_positions", "n_embd": "n_embd"}


def tensorflow_index(folder: Path) -> Path | None:
    """The index of a folder's checkpoint: the one named in TensorFlow's file ``checkpoint``, or
    that of the highest step; None if there is none.

    Raises `MissingFileError` if a named index does not exist, `CorruptFileError` if the file names
    none, or if several have the highest step.
    """
    files = sorted(folder.glob("*.index"))
    if not files:
        return None
    if exists(folder / STATE):
        return _find_index(folder / STATE)
    step = {path: int(m[1]) if (m := STEP.search(path.name)) else -1 for path in files}
    last = [path for path in files if step[path] == max(step.values())]
    if len(last) > 1:
        names = ", ".join(path.name for path in last)
        raise CorruptFileError(f"{folder} contains several checkpoints: choose one of {names}.")
    return last[0]


def _find_index(state: Path) -> Path:
    """The index named in a file ``checkpoint``; its folder is ignored, as it may have moved.

    Format: a CheckpointState as text (tensorflow/python/training/checkpoint_state.proto).
    """
    match = re.search(r'^model_checkpoint_path: "(.*)"$', read_text(state, 1 << 20), re.MULTILINE)
    if not match:
        raise CorruptFileError(f"{state} names no checkpoint.")
    name = re.split(r"[/\\]", match[1])[-1]
    index = inside(state.parent, f"{name}.index", state)
    if not exists(index):
        raise MissingFileError(
            f"{state} names {name}, which does not exist: give the path of the .index file to read."
        )
    return index


def data_files(index: Path) -> list[Path]:
    """The files next to an index that hold its tensors."""
    form = re.compile(re.escape(index.name.removesuffix(".index")) + r"\.data-\d{5}-of-\d{5}")
    return [path for path in sorted(index.parent.iterdir()) if form.fullmatch(path.name)]


def read_tensorflow(index: Path) -> tuple[GPT2Config, dict[str, Stored]]:
    """Read configuration and tensors of OpenAI's folder, given its index. Raises
    `CorruptFileError`, `ConfigError`."""
    config = _config(index.parent / "hparams.json")
    try:
        return config, dict(_tensors(index))
    except (IndexError, ValueError, OverflowError, struct.error) as error:
        # errors of the parser on damaged bytes
        raise CorruptFileError(f"{index} is damaged: {error}.") from None


def _tensors(index: Path) -> Iterator[tuple[str, Stored]]:
    files = data_files(index)
    for key, value in _table(index):
        # an empty key is the header: the number of shards
        name = _our_name(key.decode()) if key else None
        if name is not None:
            yield name, _tensor(index, files, key.decode(), value)


def _config(path: Path) -> GPT2Config:
    hparams = read_json_object(path)
    try:
        shape = {ours: hparams[theirs] for theirs, ours in HPARAMS.items()}
        config = GPT2Config(**shape, n_layer=hparams["n_layer"], n_head=hparams["n_head"])
    except KeyError as error:
        raise ConfigError(f"{path} has no {error}.") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    end = config.vocab_size - 1  # OpenAI's encoder has <|endoftext|> last
    return config.replace(bos_token_id=end, eos_token_id=end)


def _our_name(key: str) -> str | None:
    """model/h0/attn/c_attn/w -> transformer.h.0.attn.c_attn.weight; None for optimizer state."""
    parts = key.split("/")
    if parts[0] != "model" or "Adam" in key:
        return None
    last = {"w": "weight", "g": "weight", "b": "bias"}
    path = [re.sub(r"^h(\d+)$", r"h.\1", part) for part in parts[1:]]
    if path[-1] in last:
        path[-1] = last[path[-1]]
    else:
        path.append("weight")  # the embeddings wte and wpe
    return ".".join(["transformer", *path])


def _table(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """The (key, value) pairs of a LevelDB table, in order."""
    data = read_bytes(path)
    if len(data) < FOOTER or struct.unpack("<Q", data[-8:])[0] != MAGIC:
        raise CorruptFileError(f"{path} is not a TensorFlow index, or is truncated.")
    footer = data[-FOOTER:]
    _, at = _varint(footer, 0)  # the metaindex block, not needed
    _, at = _varint(footer, at)
    offset, at = _varint(footer, at)
    size, _ = _varint(footer, at)
    for _, handle in _block(data, offset, size, path):
        begin, at = _varint(handle, 0)
        length, _ = _varint(handle, at)
        yield from _block(data, begin, length, path)


def _block(data: bytes, offset: int, size: int, path: Path) -> Iterator[tuple[bytes, bytes]]:
    """The entries of one block, in which each key shares a prefix with the previous one."""
    if offset + size + 5 > len(data):
        raise CorruptFileError(f"{path} is truncated.")
    if data[offset + size] != 0:
        raise CorruptFileError(f"{path} is compressed, which TensorFlow never does.")
    block = data[offset : offset + size]
    (restarts,) = struct.unpack("<I", block[-4:])
    end, at, key = len(block) - 4 * (restarts + 1), 0, b""
    while at < end:
        shared, at = _varint(block, at)
        fresh, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + fresh]
        at += fresh
        yield key, block[at : at + length]
        at += length


def _tensor(index: Path, files: list[Path], key: str, entry: bytes) -> Stored:
    """Read the tensor that a BundleEntryProto describes; leading axes of size 1 are dropped."""
    dtype, shape, shard, offset, size = 0, list[int](), 0, 0, 0
    for field, value in _message(entry):
        if field == 1:
            dtype = _number(value)
        elif field == 2 and isinstance(value, bytes):
            shape = [_size_of(dim) for f, dim in _message(value) if f == 2]
        elif field == 3:
            shard = _number(value)
        elif field == 4:
            offset = _number(value)
        elif field == 5:
            size = _number(value)
    if dtype not in (FLOAT, HALF):
        raise CorruptFileError(
            f"{index}: {key} has TensorFlow's type {dtype}, which is not a float type."
        )
    numpy_type = np.dtype("<f4" if dtype == FLOAT else "<f2")
    part = f".data-{shard:05d}-of-"
    matching = [path for path in files if part in path.name]
    count = math.prod(shape)
    if not matching or size != count * numpy_type.itemsize:
        raise CorruptFileError(
            f"{index}: {key} is stored in *{part}*, which is missing or different."
        )
    with open_regular(matching[0]) as file:
        if offset + size > os.fstat(file.fileno()).st_size:
            raise CorruptFileError(f"{matching[0]} is truncated: it does not contain all of {key}.")
        file.seek(offset)
        array = np.frombuffer(bytearray(file.read(size)), numpy_type, count).reshape(shape)
    while array.ndim > 1 and array.shape[0] == 1 and not key.endswith(("wte", "wpe")):
        array = array[0]
    return Stored(array, "F32" if dtype == FLOAT else "F16")


def _message(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protocol-buffer message: number and value."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
        elif kind == 2:
            length, at = _varint(data, at)
            yield tag >> 3, data[at : at + length]
            at += length
        else:
            width = 8 if kind == 1 else 4
            yield tag >> 3, int.from_bytes(data[at : at + width], "little")
            at += width


def _size_of(dim: int | bytes) -> int:
    sizes = [v for f, v in _message(dim) if f == 1] if isinstance(dim, bytes) else []
    return _number(sizes[0]) if sizes else 0


def _number(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise CorruptFileError("a TensorFlow index is damaged: it has bytes instead of a number.")
    return value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a number with 7 bits per byte, low bits first; also returns the next position."""
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
        shift += 7
