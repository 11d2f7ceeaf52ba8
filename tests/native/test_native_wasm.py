"""The core in WebAssembly: built by zig, its own tests and its bits in node.

Needs node and the compiler (``pip install -r tools/wasm.txt``); without them these tests are
skipped. ``pytest -m slow tests/native/test_native_wasm.py`` runs them, in a few minutes.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

import gpt2
from gpt2.hub import resolve
from tests.conftest import ROOT
from tests.native.test_native_arm import fingerprints, here
from tests.native.test_native_sanitized import run
from tools import wasm

__all__ = ["here"]  # a fixture

TESTS = ROOT / "tests/native"
FOLDER = resolve("gpt2-mini")
PARTS = ("kernels", "model", "damage", "choosing", "asking", "logprob")  # there are no threads
MISSING = [
    *(["node"] if not shutil.which("node") else []),
    *(["ziglang"] if not importlib.util.find_spec("ziglang") else []),
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]


def build(folder: Path, *names: str) -> Path:
    """A program of these files of tests/native around the core."""
    program = folder / f"{names[0]}.wasm"
    wasm.build(program, tests=tuple(TESTS / f"{name}.cc" for name in names))
    return program


def in_node(program: Path, *arguments: str) -> str:
    done = run("node", "--no-warnings", TESTS / "wasi.mjs", program, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_same_bits_as_here(tmp_path: Path, here: dict[tuple[str, ...], str]) -> None:
    """int8 and int4 as on every processor; floats as where nothing fuses (generic on x86)."""
    best, there = fingerprints(in_node(build(tmp_path, "fingerprints")))
    assert best == "wasm"
    assert {table for table, *_ in there} == {"generic", "wasm"}
    for (table, dtype, kv), found in there.items():
        assert found == here["generic", dtype, kv], (table, dtype, kv)


def test_the_cores_own_tests(tmp_path: Path) -> None:
    names = ("core_test", *(f"{part}_test" for part in PARTS))
    program = build(tmp_path, *names)
    for part in PARTS:
        assert f"{part}: good" in in_node(program, part)


def test_the_bundled_model_writes_the_same(tmp_path: Path) -> None:
    """Logits and seeded draws of the modules a page loads, and an error of the core."""
    code = tmp_path / "core.wasm"
    wasm.build(code)
    model = gpt2.load("gpt2-mini", engine="native")
    draw = random.Random(3)
    prompts = [draw.choices(range(8191), k=draw.randrange(1, 40)) for _ in range(200)]
    done = subprocess.run(
        ["node", "--no-warnings", str(TESTS / "run_engine.mjs"), str(code), str(FOLDER)],
        input=json.dumps(prompts),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    there = json.loads(done.stdout)
    assert there["kernels"] == "wasm"
    assert there["message"].startswith("token id 1000000")
    for ids, found in zip(prompts, there["results"], strict=True):
        logits = model.extend(model.new_cache(1), [ids])
        written = model.generate(
            [ids],
            max_new_tokens=20,
            do_sample=True,
            temperature=0.7,
            top_k=40,
            seed=7,
            eos_token_id=None,
        )
        assert found["hash"] == hashlib.sha256(logits.tobytes()).hexdigest()
        assert found["drawn"] == list(written[0][len(ids) :])


def test_the_core_in_the_package_is_what_the_compiler_makes(tmp_path: Path) -> None:
    wasm.build(tmp_path / "core.wasm")
    for name in ("core.wasm", "core.wasm.json"):
        assert (tmp_path / name).read_bytes() == wasm.OUTPUT.with_name(name).read_bytes()
