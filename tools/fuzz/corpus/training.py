"""Token data, preparations and checkpoints."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

from tools.fuzz.box import CANARIES
from tools.fuzz.corpus.spoil import (
    Spoil,
    everywhere,
    instead,
    json_of,
    link,
    put,
    set_to,
    values,
)
from tools.fuzz.damage import outside

SHARD = CANARIES[1]
STATE = "checkpoints/step-000001/training/state.json"
PROGRESS = "out/.partial/progress.json"


def shards(**changes: Any) -> Spoil:
    """Change entries of the first shard of token data."""

    def change(content: Any) -> None:
        content["splits"]["train"]["shards"][0].update(changes)

    return values("manifest.json", change)


def moments(case: Path) -> None:
    """Make every second moment of AdamW a single number."""
    from safetensors.numpy import load_file, save_file

    path = case / "checkpoints/step-000001/training/optimizer.safetensors"
    tensors = load_file(path)
    single = {n: t.reshape(-1)[:1].reshape(()) for n, t in tensors.items() if n.endswith("_sq")}
    save_file({**tensors, **single}, path)


def pointers(case: Path) -> None:
    """Make token data whose numbers would be read as pointers."""

    def change(content: Any) -> None:
        content["dtype"] = "O"
        for split in content["splits"].values():
            for shard in split["shards"]:
                shard["tokens"] = (case / shard["file"]).stat().st_size // 8
                os.truncate(case / shard["file"], 8 * shard["tokens"])

    values("manifest.json", change)(case)


CORPUS: dict[str, dict[str, Spoil]] = {
    "tokens": {
        **json_of("manifest.json"),
        **everywhere("train-00000.bin"),
        **everywhere("train-00000.ends"),
        "pointers": pointers,
        **set_to("manifest.json", "dtype", "O", "<f4", "M8[s]", "U1", "V8", 3, None,
                 ["<u2"], ">u2"),
        **set_to("manifest.json", "splits", 3, {}, {"train": 3}, {"train": {}}),
        **set_to("manifest.json", "tokenizer", 3, {}, "../outside"),
        "shard outside": shards(file=f"../outside/{SHARD}"),
        "shard far": shards(file="/dev/zero"),
        "shard of many": shards(tokens=2**62),
        "shard of fewer than none": shards(tokens=-5),
        "documents many": shards(documents=2**62),
        "tokens elsewhere": link("train-00000.bin", "{}/" + SHARD),
    },
    "tokens-overwrite": {
        "shard outside": shards(file=f"../outside/{SHARD}"),
        "shard a text": shards(file="../outside/victim.txt"),
        "manifest elsewhere": link("manifest.json", "{}/victim.json"),
        "tokenizer elsewhere": link("tokenizer", "{}"),
        "partial elsewhere": instead(".partial", lambda path: path.symlink_to(outside())),
    },
    "progress": {
        **json_of(PROGRESS),
        "shard outside": values(PROGRESS, lambda c: c["splits"]["train"]["shards"].append(
            {"file": f"../../../outside/{SHARD}", "tokens": 0, "documents": 0, "sha256": ""})),
        "lock elsewhere": link("out/.partial/lock", "{}/victim.txt"),
        "shard elsewhere": link("out/.partial/train-00000.bin", "{}/" + SHARD),
        "seen elsewhere": link("out/.partial/seen.sqlite", "{}/victim.txt"),
        "seen damaged": put("out/.partial/seen.sqlite", b"SQLite format 3\0" + b"\xff" * 5000),
        **set_to(PROGRESS, "position", 3, {}, {"file": -1}, {"file": 2**63 - 1},
                 {"documents": 2**62}, {"check": "x"}),
        **set_to(PROGRESS, "seen", -1, 2**62, "x"),
        **set_to(PROGRESS, "counts", 3, {"read": "x"}, {}),
        **set_to(PROGRESS, "held", 3, {"tail": 3}),
    },
    "checkpoint": {
        **json_of(STATE),
        **everywhere("checkpoints/step-000001/training/optimizer.safetensors"),
        **everywhere("checkpoints/step-000001/model.safetensors"),
        "lock elsewhere": link("checkpoints/lock", "{}/victim.txt"),
        "lock a pipe": instead("checkpoints/lock", os.mkfifo),
        **set_to(STATE, "step", -1, "x", 2**62, None, 1.5),
        **set_to(STATE, "config", 3, {}, {"lr": "x"}, {"a": 1}),
        **set_to(STATE, "best", 3, {}, {"step": "x", "loss": []}),
        **set_to(STATE, "micro_batch", 0, 2**62, "x"),
        **set_to(STATE, "threads", 0, 2**62, "x"),
        "no moments": put("checkpoints/step-000001/training/optimizer.safetensors",
                          struct.pack("<Q", 2) + b"{}"),
        "moments of no shape": moments,
    },
}  # fmt: skip
