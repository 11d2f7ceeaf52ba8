"""Compress bytes to a file format and decompress it."""

from __future__ import annotations

import hashlib
import itertools
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
MAGIC, SEVERAL = b"GPT2cmp1", b"GPT2cmp2"  # for one stream, and for several
HASH = 16  # bytes of a SHA-256
HEADER = struct.Struct(f"<8s{HASH}s{HASH}sQQ")  # magic, model, content, bytes, tokens
STREAMS, LEAST = 8, 1024  # the most streams written, the fewest tokens of each
MOST = 64  # the most streams read: each takes the KV cache of a full context
EXACT = ("int8", "int4")  # precisions whose logits are the same on every processor

Told = Callable[[int, int], object]  # (tokens done, tokens in total)


def compressing_model(
    name: str | os.PathLike[str], *, dtype: str | None = None, threads: int | None = None
) -> tuple[NativeEngine, bytes]:
    """Load a model on the native engine; also returns the hash that identifies it in files.

    ``dtype`` None means the model's own precision if that is int8 or int4, otherwise int8. Raises
    `OptionError` for an unsupported precision or tokenizer, and the errors of `gpt2.load`.
    """
    packed = read_checkpoint(resolve(name), framework="native").quantization
    model = load(name, dtype=dtype if dtype or packed else "int8", threads=threads)
    assert isinstance(model, NativeEngine)
    for precision in (model.dtype, model.head_dtype):
        if precision not in EXACT:
            raise OptionError(
                "only int8 and int4 give the same bits on every processor, and this engine has "
                f"{precision}: compress with dtype int8."
            )
    _byte_ids(model.tokenizer)
    return model, identity_of(name, model)


def identity_of(name: str | os.PathLike[str], model: NativeEngine) -> bytes:
    """The hash that identifies a model, loaded by ``name``, in compressed files."""
    facts = {fact: getattr(model, fact) for fact in ("dtype", "head_dtype", "kv_dtype")}
    text = json.dumps([model_files(name), facts], sort_keys=True)
    return hashlib.sha256(text.encode()).digest()[:HASH]


def compress(
    model: NativeEngine, identity: bytes, data: bytes, progress: Told | None = None
) -> bytes:
    """Compress any bytes; ``model`` and ``identity`` are those of `compressing_model`.

    ``progress`` is called with numbers of tokens. The header of 56 bytes identifies the model and
    the content. Text takes the model's bits per byte; data that the model predicts badly may grow.
    """
    ids = tokens_of(model.tokenizer, data)
    streams, done = [], 0
    for first, last in _parts(len(ids), max(1, min(STREAMS, len(ids) // LEAST))):
        encoder = Encoder()
        for some in intervals(model, start_of(model), ids[first:last]):
            for begin, end in some:
                encoder.put(begin, end)
            done += len(some)
            if progress:
                progress(done, len(ids))
        streams.append(encoder.finish())
    facts = identity, _digest(data), len(data), len(ids)
    if len(streams) == 1:
        return HEADER.pack(MAGIC, *facts) + streams[0]
    sizes = struct.pack(f"<{1 + len(streams)}Q", len(streams), *map(len, streams))
    return HEADER.pack(SEVERAL, *facts) + sizes + b"".join(streams)


def _parts(count: int, streams: int) -> list[tuple[int, int]]:
    """The token range of each stream; their lengths differ by one at most."""
    return list(itertools.pairwise(count * i // streams for i in range(streams + 1)))


def decompress(
    model: NativeEngine, identity: bytes, packed: bytes, progress: Told | None = None
) -> bytes:
    """Restore the bytes that `compress` was given, with the same model.

    Raises:
        InputError: the file was written with another model or precision.
        CorruptFileError: the file is not a compressed file, or damaged or truncated.
    """
    if len(packed) < HEADER.size or not packed.startswith((MAGIC, SEVERAL)):
        raise CorruptFileError("this file was not written by gpt2 compress.")
    magic, named, digest, size, count = HEADER.unpack_from(packed)
    if named != identity:
        raise InputError(
            f"this file was compressed with another model or precision ({named.hex()}) than the "
            f"given one ({identity.hex()}): pass the same --model and --dtype."
        )
    body = packed[HEADER.size :]
    streams = [body] if magic == MAGIC else _cut(body, count)
    data = _decode(model, streams, size, count, progress)
    if _digest(data) != digest:
        raise CorruptFileError("the compressed file is damaged: the hash of its contents differs.")
    return data


def _cut(body: bytes, count: int) -> list[bytes]:
    """Split a body that starts with the number and the sizes of its streams."""
    try:
        (streams,) = struct.unpack_from("<Q", body)
        if not 1 < streams <= min(MOST, count):
            raise _damaged_error()
        sizes = struct.unpack_from(f"<{streams}Q", body, 8)
    except struct.error:
        raise _damaged_error() from None
    ends = list(itertools.accumulate(sizes, initial=8 * (1 + streams)))
    if ends[-1] != len(body):
        raise _damaged_error()
    return [body[begin:end] for begin, end in itertools.pairwise(ends)]


def _decode(
    model: NativeEngine, streams: list[bytes], size: int, count: int, progress: Told | None
) -> bytes:
    """Decode the streams in parallel, as rows of one batch, so that weights are read only once."""
    reader = Reader(model, start_of(model), len(streams))
    decoders, texts = [Decoder(stream) for stream in streams], [bytearray() for _ in streams]
    lengths = [end - begin for begin, end in _parts(count, len(streams))]
    for done in range(max(lengths)):
        rows = [row for row, length in enumerate(lengths) if done < length]
        points = [decoders[row].point() for row in rows]
        ended = any(decoders[row].ended for row in rows) or sum(map(len, texts)) >= size
        if ended or any(point >> WHOLE for point in points):
            raise _damaged_error()
        tokens = []
        for row, point, logits in zip(rows, points, reader.next(rows), strict=True):
            token, begin, end = model.interval_at(logits, point)
            decoders[row].take(begin, end)
            texts[row] += _bytes_of(model.tokenizer, token)
            tokens.append([token])
        reader.append(rows, tokens)
        if progress:
            progress(min(count, (done + 1) * len(streams)), count)
    return b"".join(texts)


def _damaged_error() -> CorruptFileError:
    return CorruptFileError("the compressed file is damaged.")


def start_of(model: NativeEngine) -> int:
    """The id before the first token: bos, eos or 0."""
    for token in (model.config.bos_token_id, model.config.eos_token_id):
        if isinstance(token, int) and 0 <= token < model.config.vocab_size:
            return token
    return 0


def tokens_of(tokenizer: Any, data: bytes) -> list[int]:
    """Ids whose bytes are ``data``: as the tokenizer encodes it, invalid UTF-8 byte by byte."""
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
        content: bytes = tokenizer.token_bytes(token)
    except (IndexError, KeyError):
        return b""
    return content


def _byte_ids(tokenizer: Any) -> dict[int, int]:
    """The id of each single byte. Raises `OptionError` if the tokenizer lacks one."""
    top = min(getattr(tokenizer, "highest_id", -1), 1 << 24)
    ids = {}
    for token in range(top, -1, -1):
        content = _bytes_of(tokenizer, token)
        if len(content) == 1:
            ids[content[0]] = token
    if len(ids) < 256:
        raise OptionError(
            "compressing requires a byte-level tokenizer, which can represent any bytes."
        )
    return ids


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:HASH]
