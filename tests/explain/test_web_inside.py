"""What a page sees and changes of a pass (inside.js), in node, has the native engine's bits.

Needs node and zig, as tests/native/test_native_wasm.py does, and is slow for the same reason.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

import gpt2
from tests.conftest import ROOT
from tests.native.test_native_wasm import FOLDER, pytestmark  # noqa: F401  the same conditions
from tools import wasm

IDS = np.random.default_rng(2).integers(0, 8000, (2, 20)).tolist()


def digest(array: Any) -> str:
    return hashlib.sha256(np.ascontiguousarray(array, np.float32).tobytes()).hexdigest()


def in_node(code: Path) -> Any:
    done = subprocess.run(
        ["node", "--no-warnings", str(ROOT / "tests/explain/look.mjs"), str(code), str(FOLDER)],
        input=json.dumps({"ids": IDS[0], "other": IDS[1]}),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_all_is_as_here(tmp_path: Path) -> None:
    code = tmp_path / "core.wasm"
    wasm.build(code)
    there, model = in_node(code), gpt2.load("gpt2-mini")
    last = f"h.{model.config.n_layer - 1}"

    def logits(ids: list[int], which: str = "all") -> Any:
        return model.extend(model.new_cache(1), [ids], logits=which)

    seen: dict[str, Any] = {}
    with model.tapped(
        lambda name, x: seen.update({name: x[0]}), ["h.*.attn.pattern", "h.1.attn.heads", last]
    ):
        plain = logits(IDS[0])
    assert there["points"] == [[n, list(x.shape), digest(x)] for n, x in seen.items()]
    assert there["logits"] == there["plain"] == there["head"] == digest(plain)
    with model.ablate(heads=[(0, 1), (2, 0)], mlps=[1], positions=[3]):
        assert there["off"] == there["offSeen"] == digest(logits(IDS[0]))
    assert there["whole"] == there["other"] == digest(logits(IDS[1], "last"))
    assert there["part"] == digest(patched(model, logits))
    for name, found in there["rows"].items():
        weight = model.weight(f"transformer.{name}")
        rows = weight[:5] if "wte" in name else weight.T[:5] if weight.ndim == 2 else weight
        assert found == digest(rows), name
    assert there["message"] == "there is no number -1"


def patched(model: Any, logits: Any) -> Any:
    """Head 1 of layer 0 and the MLP of layer 2 at position 4, from the other text."""
    theirs: dict[str, Any] = {}
    names = ["h.0.attn.heads", "h.2.mlp"]
    with model.tapped(lambda name, x: theirs.update({name: x}), names):
        logits(IDS[1])

    def put(name: str, x: Any) -> Any:
        place = (0, 1, 4) if x.ndim == 4 else (0, 4)
        x[place] = theirs[name][place]
        return x

    with model.tapped(put, names):
        return logits(IDS[0], "last")
