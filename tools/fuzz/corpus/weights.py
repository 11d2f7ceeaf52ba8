"""Weights and their index files."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from tools.fuzz.corpus.spoil import (
    Spoil,
    everywhere,
    header,
    json_of,
    pickled,
    put,
    set_to,
)
from tools.fuzz.damage import DEEP, LONG

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
WTE = "transformer.wte.weight"
REFERENCE = "models--some--one/refs/main"


def entry(**changes: Any) -> Spoil:
    """Change the entry of the embedding in a header."""
    return header(WEIGHTS, lambda content: content[WTE].update(changes))


def expanded(case: Path) -> None:
    """Write a small file of one number that claims to hold 160 GB of numbers."""
    import torch

    path = case / "pytorch_model.bin"
    content = torch.load(path)
    content[WTE] = torch.zeros(1).expand(200_000, 200_000)
    path.unlink()
    torch.save(content, path)


CORPUS: dict[str, dict[str, Spoil]] = {
    "safetensors": {
        **everywhere(WEIGHTS),
        "wraps": entry(shape=[2**32, 2**32], data_offsets=[0, 0]),
        "wraps to nothing": entry(shape=[2**60, 16], data_offsets=[0, 0]),
        "offsets of text": entry(data_offsets=["0", "19200"]),
        "offsets of lists": entry(data_offsets=[[0], [19200]]),
        "offsets of nothing": entry(data_offsets=[None, None]),
        "offsets far": entry(data_offsets=[2**64, 2**64 + 19200]),
        "offsets none": entry(data_offsets=[]),
        "shape of text": entry(shape="300"),
        "shape negative": entry(shape=[-300, -16]),
        "axes": entry(shape=[1] * 1000),
        "dtype of lists": entry(dtype=["F32"]),
        "header deep": header(WEIGHTS, lambda content: content.update(a=DEEP)),
        "header long": header(WEIGHTS, lambda content: content.update(a=LONG)),
        "header list": header(WEIGHTS, lambda content: []),
        "head alone": header(WEIGHTS, lambda c: c.update({"lm_head.weight": c.pop(WTE)})),
        "length 2^63": put(WEIGHTS, struct.pack("<Q", 2**63) + b"{}"),
        "length 2^31": put(WEIGHTS, struct.pack("<Q", 2**31) + b"{}"),
    },
    "shards": {
        **json_of(INDEX),
        **set_to(INDEX, "weight_map", 3, [], None, "x", {}, {WTE: 3}, {WTE: ["a"]},
                 {WTE: "/dev/zero"}, {WTE: "../outside/victim.safetensors"}, {WTE: ".."},
                 {WTE: ""}, {WTE: "a\0b"}, {WTE: "x" * 5000}, {WTE: "\ud800"}),
    },
    "shards-info": set_to(INDEX, "weight_map", {WTE: "/dev/zero"}, {WTE: "../../etc/hostname"},
                          {WTE: "missing"}),
    "bin": {
        **everywhere("pytorch_model.bin"),
        "expanded": expanded,
        "no names": pickled("pytorch_model.bin", lambda: {3: 1}),
        "a list": pickled("pytorch_model.bin", lambda: [1]),
        "an object": pickled("pytorch_model.bin", lambda: {"a": Path("x")}),
    },
    "bin-legacy": {
        "an object": pickled("pytorch_model.bin", lambda: {"a": Path("x")},
                             _use_new_zipfile_serialization=False),
    },
    "nanogpt": {
        **everywhere("ckpt.pt"),
        "model of a list": pickled("ckpt.pt", lambda: {"model": [1], "model_args": {}}),
        "args of a number": pickled("ckpt.pt", lambda: {"model": {}, "model_args": 3}),
        "layers": pickled("ckpt.pt", lambda: {"model": {}, "model_args": {
            "n_layer": 10**8, "n_head": 2, "n_embd": 16, "block_size": 16, "vocab_size": 300}}),
    },
    "tensorflow": {
        **everywhere("model.ckpt.index"),
        **everywhere("model.ckpt.data-00000-of-00001"),
        **json_of("hparams.json"),
        **set_to("hparams.json", "n_vocab", "x", None, -1, 2**32 + 300, 10**30),
        **set_to("hparams.json", "n_layer", 10**8, "2", 2.5),
    },
    "hub-cache": {
        **everywhere(REFERENCE),
        "reference not text": put(REFERENCE, b"\xff" * 40),
        "reference outside": put(REFERENCE, "../../../outside"),
        "reference long": put(REFERENCE, "a" * 5000),
        "reference of nothing": put(REFERENCE, "a\0b"),
    },
    "distributed": {
        **everywhere(".metadata"),
        **everywhere("__0_0.distcp"),
        "a length of terabytes": put(".metadata",
                                     b"\x80\x05\x96" + struct.pack("<Q", 2**43) + b"."),
        "runs code": put(".metadata", b"cos\nsystem\n(S'true'\ntR."),
        "sets an attribute": put(
            ".metadata", b"cpathlib\nPosixPath\n(N}(X\x06\x00\x00\x00exists"
            b"ctorch.distributed.checkpoint.metadata\nMetadata\nutb."),
    },
}  # fmt: skip
