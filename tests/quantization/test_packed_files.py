"""Packed folders: whole or not there, mapped and not copied, refused where they do not fit."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

import gpt2
from gpt2 import LanguageModel
from gpt2.checkpoint import read_checkpoint
from gpt2.checkpoint.mapped import read_safetensors
from gpt2.cli.convert import convert
from gpt2.cli.info import command as info
from gpt2.errors import CorruptFileError, GPT2Error, MissingFileError, WriteError
from gpt2.native import NativeEngine
from gpt2.quantization import quantize
from tests.examples import some
from tests.tiny import TEXT

ROOT = Path(__file__).resolve().parents[2]
IDS = [[5, 9, 60, 3, 3, 17, 200]]


def logits(engine: LanguageModel) -> np.ndarray:
    return np.asarray(engine.extend(engine.new_cache(1), IDS, logits="all"))


def direct(model: Path, packed: Path) -> NativeEngine:
    """The engine that rounds the original itself."""
    source = read_checkpoint(model)
    return NativeEngine(source.tensors, source.config, dtype=packed.name.rpartition("-")[2])


def test_a_folder_runs_at_its_own_precision(model: Path, packed: Path) -> None:
    engine: Any = gpt2.load(packed)
    wanted = direct(model, packed)
    assert (engine.dtype, engine.head_dtype) == (wanted.dtype, wanted.head_dtype)
    source = read_checkpoint(model).config
    del source.extra["dtype"]  # what transformers would load the numbers as
    assert engine.config == source
    np.testing.assert_array_equal(logits(engine), logits(wanted))
    assert engine.generate(TEXT[:9], max_new_tokens=5, do_sample=False)
    assert gpt2.load(packed, dtype=engine.dtype).dtype == engine.dtype
    np.testing.assert_array_equal(logits(gpt2.load(packed / "model.safetensors")), logits(engine))


def test_other_engines_compute_with_the_same_numbers(packed: Path) -> None:
    """Rounded weights, exact activations: near the native engine, and equal to one another."""
    read = read_checkpoint(packed)
    native = NativeEngine(dict(read.tensors), read.config, kv_dtype="fp32")
    reference = gpt2.load(packed, engine="reference")
    np.testing.assert_allclose(logits(reference), logits(native), atol=2e-3)
    found = gpt2.load(packed)
    spread = logits(reference).std()
    assert np.abs(logits(found) - logits(reference)).max() < 0.15 * spread
    torch = pytest.importorskip("torch")
    model: Any = gpt2.load(packed, engine="torch")
    with torch.no_grad():
        theirs = model(torch.tensor(IDS)).logits[0].numpy()
    np.testing.assert_allclose(theirs, logits(reference), atol=2e-3)


def test_converting_writes_plain_numbers(packed: Path, tmp_path: Path) -> None:
    convert(str(packed), tmp_path / "plain", "safetensors")
    plain = read_checkpoint(tmp_path / "plain")
    assert plain.quantization is None
    assert plain.dtype == "F32"
    assert "sha256" not in plain.sidecar
    assert "quantization" not in plain.sidecar
    for name, values in read_checkpoint(packed).tensors.items():
        np.testing.assert_array_equal(plain.tensors[name], values)


def test_another_precision_is_made_from_the_numbers(packed: Path, tmp_path: Path) -> None:
    convert(str(packed), tmp_path / "plain", "safetensors")
    for dtype in ("fp32", "bf16", "int4"):
        if dtype != packed.name.rpartition("-")[2]:
            want, found = (gpt2.load(p, dtype=dtype) for p in (tmp_path / "plain", packed))
            np.testing.assert_array_equal(logits(found), logits(want))


def test_a_packed_model_is_quantised_to_another_precision(packed: Path, tmp_path: Path) -> None:
    kind = packed.name.rpartition("-")[2]
    other = "int8" if kind == "int4" else "int4"
    report = quantize(packed, tmp_path / "other", dtype=other, rounding="nearest", tokens=0)
    assert (report.packed_before, report.dtype) == (kind, other)
    assert report.bytes_before == sum(t.nbytes for t in read_checkpoint(packed).stored.values())
    convert(str(packed), tmp_path / "plain", "safetensors")
    quantize(tmp_path / "plain", tmp_path / "same", dtype=other, rounding="nearest", tokens=0)
    want, found = (gpt2.load(tmp_path / name) for name in ("same", "other"))
    np.testing.assert_array_equal(logits(found), logits(want))


def test_the_files_say_what_they_are(packed: Path) -> None:
    kind = packed.name.rpartition("-")[2]
    head = "int8" if kind == "int4" else kind
    words = read_safetensors(packed / "model.safetensors").metadata
    assert (words["dtype"], words["head_dtype"], words["version"]) == (kind, head, "1")
    assert words.get("group_size") == ("32" if kind == "int4" else None)
    entry = json.loads((packed / "config.json").read_text())["quantization_config"]
    assert entry["dtype"] == kind
    quantization = read_checkpoint(packed).quantization
    assert quantization is not None
    assert (quantization.dtype, quantization.head_dtype) == (kind, head)
    assert quantization.rounding == words["rounding"]
    shown = json.loads(CliRunner().invoke(info, [str(packed), "--json"]).stdout)
    assert shown["form"] == f"safetensors, packed {kind}, embedding and head {head}"
    assert shown["files"] == "whole (SHA-256)"


@pytest.mark.parity
def test_transformers_refuses_what_it_cannot_run(packed: Path) -> None:
    import transformers

    with pytest.raises((RuntimeError, ValueError)):
        transformers.GPT2LMHeadModel.from_pretrained(packed)


@pytest.mark.parametrize("limit", [5_000, 60_000])
def test_shards_are_small_and_aligned(model: Path, tmp_path: Path, limit: int) -> None:
    quantize(model, tmp_path / "q", dtype="int4", rounding="nearest", tokens=0, shard_size=limit)
    files = sorted((tmp_path / "q").glob("model-*.safetensors"))
    assert len(files) > 1
    for file in files:
        data = file.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        entries = [e for name, e in header.items() if name != "__metadata__"]
        sizes = [end - begin for begin, end in (e["data_offsets"] for e in entries)]
        assert sum(sizes) <= limit or len(sizes) == 1
        packed = [e for e in entries if e["dtype"] == "U8"]
        assert all((8 + length + e["data_offsets"][0]) % 64 == 0 for e in packed)
    loaded = gpt2.load(tmp_path / "q")
    quantize(model, tmp_path / "whole", dtype="int4", rounding="nearest", tokens=0)
    np.testing.assert_array_equal(logits(loaded), logits(gpt2.load(tmp_path / "whole")))


MEMORY = """
import sys
import gpt2

def kilobytes(what):
    status = open("/proc/self/status").read().split("\\n")
    return next(int(line.split()[1]) for line in status if line.startswith(what))

import gpt2.native, gpt2.checkpoint, numpy
anonymous, mapped = kilobytes("RssAnon"), kilobytes("RssFile")
engine = gpt2.load(sys.argv[1])
engine.extend(engine.new_cache(1, 16), [[1, 2, 3]])
dirty = 0
for area in open("/proc/self/smaps").read().split("VmFlags")[:-1]:
    if ".safetensors" in area:
        dirty += int(area.split("Private_Dirty:")[1].split()[0])
print(kilobytes("RssAnon") - anonymous, kilobytes("RssFile") - mapped, dirty, engine.weight_bytes)
"""


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="no /proc here")
def test_a_packed_file_is_not_copied(tmp_path: Path) -> None:
    """The weights are the page cache's pages, shared among processes; none is written to."""
    from gpt2.checkpoint import write_checkpoint
    from tests.tiny import random_weights, tiny_config

    config = tiny_config(n_embd=512, n_layer=10)
    write_checkpoint(tmp_path / "m", config, random_weights(config))
    quantize(tmp_path / "m", tmp_path / "q", dtype="int8", rounding="nearest", tokens=0)
    with (tmp_path / "q" / "model.safetensors").open("rb") as file:
        os.fsync(file.fileno())  # pages that the disk has not yet count as dirty too
    run = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "q")],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    anonymous, mapped, dirty, weights = map(int, run.stdout.split())
    assert weights > 30_000_000
    assert mapped * 1024 > 0.9 * weights
    assert anonymous * 1024 < 0.6 * weights  # activations, keys, the small tensors, code
    assert dirty == 0


def broken(packed: Path, folder: Path, change: object) -> Path:
    """A copy of the folder whose weights went through ``change(bytes) -> bytes``."""
    folder.mkdir(exist_ok=True)
    for path in packed.iterdir():
        data = path.read_bytes()
        (folder / path.name).write_bytes(
            change(data) if path.suffix == ".safetensors" else data  # type: ignore[operator]
        )
    return folder


def test_a_damaged_file_is_told(packed: Path, tmp_path: Path) -> None:
    damaged = broken(packed, tmp_path / "d", lambda data: data[:-9] + b"!" + data[-8:])
    shown = CliRunner().invoke(info, [str(damaged)]).stdout
    assert "damaged: model.safetensors" in shown


@given(data=st.data())
@settings(max_examples=some(25), deadline=None)
def test_any_damage_is_an_error_or_runs(
    model: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    packed = model.parent / "fuzzed"
    if not packed.exists():
        quantize(model, packed, dtype="int4", rounding="nearest", tokens=0)
    cut = data.draw(st.booleans())

    def change(content: bytes) -> bytes:
        if cut:
            return content[: data.draw(st.integers(0, len(content) - 1))]
        changed = bytearray(content)
        for _ in range(data.draw(st.integers(1, 9))):
            limit = data.draw(st.sampled_from([200, 4000, len(content)]))
            changed[data.draw(st.integers(0, limit - 1))] = data.draw(st.integers(0, 255))
        return bytes(changed)

    folder = broken(packed, tmp_path_factory.mktemp("broken"), change)
    if cut:
        with pytest.raises((CorruptFileError, MissingFileError)):
            gpt2.load(folder)
        return
    try:
        logits(gpt2.load(folder))
    except GPT2Error:
        return


def test_a_file_that_another_program_rewrote(packed: Path, tmp_path: Path) -> None:
    path = broken(packed, tmp_path / "d", bytes) / "model.safetensors"
    words = read_safetensors(path).metadata
    tensors = {"odd": np.zeros(3, np.float32), **load_file(path)}
    save_file(tensors, path, metadata=words)
    with pytest.raises(CorruptFileError, match="does not start at a multiple of 64 bytes"):
        gpt2.load(path.parent)


def test_a_newer_version(packed: Path, tmp_path: Path) -> None:
    newer = broken(packed, tmp_path / "d", lambda data: data.replace(
        b'"version":"1"', b'"version":"7"'))  # fmt: skip
    with pytest.raises(CorruptFileError, match="packed file of version '7'"):
        gpt2.load(newer)


LIMITED = """
import resource, signal, sys
from gpt2.errors import WriteError
from gpt2.quantization import quantize
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    quantize(sys.argv[1], sys.argv[2], dtype="int8", rounding="nearest", tokens=0)
except WriteError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX's")
@pytest.mark.parametrize("there", [False, True])
def test_no_space_leaves_nothing_behind(model: Path, tmp_path: Path, there: bool) -> None:
    target = tmp_path / "q"
    if there:
        quantize(model, target, dtype="int4", rounding="nearest", tokens=0)
    before = {p.name: p.read_bytes() for p in target.iterdir()} if there else None
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(model), str(target)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{target / 'model.safetensors'} could not be written" in run.stdout
    assert [p.name for p in tmp_path.iterdir()] == (["q"] if there else [])
    if there:
        assert {p.name: p.read_bytes() for p in target.iterdir()} == before


def test_a_new_model_takes_the_old_ones_place(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "q"
    quantize(model, target, dtype="int4", rounding="nearest", tokens=0, shard_size=20_000)
    (target / "mine.txt").write_text("kept")
    quantize(model, target, dtype="int8", rounding="nearest", tokens=0)
    assert sorted(p.name for p in target.glob("model*")) == ["model.safetensors"]
    assert (target / "mine.txt").read_text() == "kept"
    assert gpt2.load(target).dtype == "int8"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["q"]


def test_a_place_that_is_a_file(model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(WriteError, match="choose another folder"):
        quantize(model, tmp_path / "file", tokens=0)
    assert (tmp_path / "file").read_text() == "mine"
