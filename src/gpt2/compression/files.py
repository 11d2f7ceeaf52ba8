"""Bytes to a compressed file and back."""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
from collections.abc import Callable
from typing import Any

from gpt2.checkpoint import read_checkpoint
from gpt2.compression.coder import WHOLE, Decoder, Encoder
from gpt2.compression.windows import Reader, intervals
from gpt2.errors import CorruptFileError, InputError, OptionError
from gpt2.hub import resolve
from gpt2.loading import load
from gpt2.native import NativeEngine
from gpt2.receipt import model_files

SUFFIX = ".g2c"
MAGIC = b"GPT2cmp1"
HASH = 16  # bytes of a SHA-256
HEADER = struct.Struct(f"<8s{HASH}s{HASH}sQQ")  # magic, model, content, bytes, tokens
EXACT = ("int8", "int4")  # precisions whose logits are the same on every processor

Told = Callable[[int, int], object]  # how many are done, and of how many


def compressing_model(
    name: str | os.PathLike[str], *, dtype: str | None = None, threads: int | None = None
) -> tuple[NativeEngine, bytes]:
    """A model on the native engine, and the hash by which its files know it.

    ``dtype`` None is the model's own where that is int8 or int4, else int8. Raises `OptionError`
    for another precision or tokenizer, and what `gpt2.load` does.
    """
    packed = read_checkpoint(resolve(name), framework="native").quantization
    model = load(name, dtype=dtype if dtype or packed else "int8", threads=threads)
    assert isinstance(model, NativeEngine)
    for precision in (model.dtype, model.head_dtype):
        if precision not in EXACT:
            raise OptionError(
                f"int8 and int4 have the same bits on every processor, {precision} has not: "
                "compress with dtype int8."
            )
    _byte_ids(model.tokenizer)
    facts = {fact: getattr(model, fact) for fact in ("dtype", "head_dtype", "kv_dtype")}
    text = json.dumps([model_files(name), facts], sort_keys=True)
    return model, hashlib.sha256(text.encode()).digest()[:HASH]


def compress(
    model: NativeEngine, identity: bytes, data: bytes, progress: Told | None = None
) -> bytes:
    """Compress any bytes; ``model`` and ``identity`` are those of `compressing_model`.

    ``progress`` is told of tokens. 56 bytes tell of the model and the content; text takes the
    model's bits per byte, what the model did not expect may take more than it was.
    """
    ids = tokens_of(model.tokenizer, data)
    encoder, done = Encoder(), 0
    for some in intervals(model, start_of(model), ids):
        for begin, end in some:
            encoder.put(begin, end)
        done += len(some)
        if progress:
            progress(done, len(ids))
    header = HEADER.pack(MAGIC, identity, _digest(data), len(data), len(ids))
    return header + encoder.finish()


def decompress(
    model: NativeEngine, identity: bytes, packed: bytes, progress: Told | None = None
) -> bytes:
    """The bytes that `compress` was given, by the same model.

    Raises:
        InputError: written by another model or precision.
        CorruptFileError: not such a file, damaged or cut.
    """
    if len(packed) < HEADER.size or not packed.startswith(MAGIC):
        raise CorruptFileError("this is no file that gpt2 compress wrote.")
    _, named, digest, size, count = HEADER.unpack_from(packed)
    if named != identity:
        raise InputError(
            f"this was compressed with another model or precision ({named.hex()}) than is given "
            f"({identity.hex()}): name that one with --model and --dtype."
        )
    data = _decoded(model, Decoder(packed[HEADER.size :]), size, count, progress)
    if _digest(data) != digest:
        raise CorruptFileError("the compressed file is damaged: what it holds has another hash.")
    return data


def _decoded(
    model: NativeEngine, decoder: Decoder, size: int, count: int, progress: Told | None
) -> bytes:
    reader, data = Reader(model, start_of(model)), bytearray()
    for done in range(count):
        logits, point = reader.next(), decoder.point()
        if point >> WHOLE or len(data) >= size or decoder.ended:
            raise CorruptFileError("the compressed file is damaged.")
        token, begin, end = model.interval_at(logits, point)
        decoder.take(begin, end)
        data += _bytes_of(model.tokenizer, token)
        reader.append([token])
        if progress:
            progress(done + 1, count)
    return bytes(data)


def start_of(model: NativeEngine) -> int:
    """The id before the first: what begins a text, or 0."""
    for token in (model.config.bos_token_id, model.config.eos_token_id):
        if isinstance(token, int) and 0 <= token < model.config.vocab_size:
            return token
    return 0


def tokens_of(tokenizer: Any, data: bytes) -> list[int]:
    """Ids whose bytes are ``data``: as the tokenizer reads it, byte by byte what is no UTF-8."""
    single = _byte_ids(tokenizer)
    ids: list[int] = []
    for i, part in enumerate(
        re.split("([\udc80-\udcff]+)", data.decode("utf-8", "surrogateescape"))
    ):
        content = part.encode("utf-8", "surrogateescape")
        read = [] if i % 2 else tokenizer(part, split_special_tokens=True)["input_ids"]
        same = b"".join(_bytes_of(tokenizer, token) for token in read) == content
        ids += read if same else [single[byte] for byte in content]
    return ids


def _bytes_of(tokenizer: Any, token: int) -> bytes:
    try:
        found: bytes = tokenizer.token_bytes(token)
    except (IndexError, KeyError):
        return b""
    return found


def _byte_ids(tokenizer: Any) -> dict[int, int]:
    """The id of each single byte. Raises `OptionError` for a tokenizer that has not all of them."""
    top = min(getattr(tokenizer, "highest_id", -1), 1 << 24)
    found = {}
    for token in range(top, -1, -1):
        content = _bytes_of(tokenizer, token)
        if len(content) == 1:
            found[content[0]] = token
    if len(found) < 256:
        raise OptionError("compressing needs a byte-level tokenizer, which can write any bytes.")
    return found


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:HASH]
