"""An independent writer of TensorFlow's checkpoint files: a LevelDB table of BundleEntryProtos."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any


def write_folder(folder: Path, state: dict[str, Any], shape: dict[str, int]) -> None:
    """OpenAI's four files (without the vocabulary) from tensors of transformers' names."""
    data, entries = b"", {b"": b"\x08\x01\x1a\x02\x08\x01"}
    named = {their_name(name): (name, tensor) for name, tensor in state.items()}
    for key in sorted(named):
        name, tensor = named[key]
        conv = tensor.ndim == 2 and "wte" not in name and "wpe" not in name
        sizes = (1, *tensor.shape) if conv else tensor.shape
        raw = tensor.astype("<f4").tobytes()
        dims = b"".join(field(2, field(1, size)) for size in sizes)
        entries[key] = (
            field(1, 1) + field(2, dims) + field(4, len(data)) + field(5, len(raw))
            + varint(6 << 3 | 5) + struct.pack("<I", 0)
        )  # fmt: skip
        data += raw
    (folder / "model.ckpt.data-00000-of-00001").write_bytes(data)
    (folder / "model.ckpt.index").write_bytes(table(entries))
    hparams = {"n_vocab": shape["vocab_size"], "n_ctx": shape["n_positions"]}
    hparams |= {name: shape[name] for name in ("n_embd", "n_head", "n_layer")}
    (folder / "hparams.json").write_text(json.dumps(hparams))


def their_name(name: str) -> bytes:
    parts = name.removeprefix("transformer.").split(".")
    if parts[0] == "h":
        parts[:2] = ["h" + parts[1]]
    last = {"weight": "g" if parts[-2].startswith("ln_") else "w", "bias": "b"}[parts[-1]]
    parts = parts[:-1] if parts[-2] in ("wte", "wpe") else [*parts[:-1], last]
    return "/".join(["model", *parts]).encode()


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(entries: list[tuple[bytes, bytes]], interval: int) -> bytes:
    out, restarts, last = bytearray(), [], b""
    for i, (key, value) in enumerate(entries):
        shared = 0
        if i % interval == 0:
            restarts.append(len(out))
        else:
            while shared < min(len(key), len(last)) and key[shared] == last[shared]:
                shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value))
        out += key[shared:] + value
        last = key
    return bytes(out) + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def table(entries: dict[bytes, bytes], rows: int = 10) -> bytes:
    """Data blocks of ``rows`` entries with a restart every 4, an index block and the footer."""
    out, index, items = bytearray(), [], sorted(entries.items())

    def add(content: bytes) -> bytes:
        handle = varint(len(out)) + varint(len(content))
        out.extend(content + b"\0" + struct.pack("<I", 0))  # no compression, no checksum
        return handle

    for at in range(0, len(items), rows):
        part = items[at : at + rows]
        index.append((part[-1][0], add(block(part, 4))))
    meta = add(block([], 4))
    footer = (meta + add(block(index, 1))).ljust(40, b"\0")
    return bytes(out) + footer + struct.pack("<Q", 0xDB4775248B80FB57)
