"""``gpt2 quantize`` as a user runs it, and its figures."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gpt2 import reference
from gpt2.checkpoint import read_checkpoint
from gpt2.cli.quantize import command
from gpt2.errors import InputError, MissingFileError, OptionError
from gpt2.native import NativeEngine
from gpt2.numpy_engine import NumpyEngine
from gpt2.quantization import calibrate, measure, quantize, rounding
from gpt2.quantization.calibrate import gather
from tests.tiny import TEXT


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    (tmp_path / "text.txt").write_text(TEXT * 40, "utf-8")
    return tmp_path / "text.txt"


def test_the_report_is_what_numpy_says(model: Path) -> None:
    """Loss, divergence and agreement by their definitions, window after window."""
    source = read_checkpoint(model)
    weights = dict(source.tensors)
    noise = np.random.default_rng(1)
    other = {
        n: (w + 0.02 * noise.standard_normal(w.shape)).astype("f4") for n, w in weights.items()
    }
    ids = np.random.default_rng(0).integers(0, 290, 150).tolist()
    found = measure(NumpyEngine(weights, source.config), NumpyEngine(other, source.config), ids)
    figures = []
    for begin in (0, 64, 128):  # the context has 64 positions
        row = ids[begin : begin + 64]
        p, q = (log_softmax(reference.forward(w, source.config, row)) for w in (weights, other))
        for t, target in enumerate(row[1:]):
            kl = (np.exp(p[t]) * (p[t] - q[t])).sum()
            figures.append((-p[t, target], -q[t, target], kl, p[t].argmax() == q[t].argmax()))
    before, after, kl, same = np.array(figures).T
    assert (found.tokens, found.windows, found.window) == (63 + 63 + 21, 3, 64)
    np.testing.assert_allclose(found.perplexity_before, np.exp(before.mean()), rtol=1e-4)
    np.testing.assert_allclose(found.perplexity, np.exp(after.mean()), rtol=1e-4)
    np.testing.assert_allclose(found.kl_mean, kl.mean(), rtol=1e-3)
    np.testing.assert_allclose(found.kl_99, np.quantile(kl, 0.99), rtol=1e-3)
    assert found.agreement == pytest.approx(same.mean())
    assert 0 < found.agreement < 1


def log_softmax(logits: Any) -> Any:
    x = logits.astype(np.float64)
    x -= x.max(1, keepdims=True)
    return x - np.log(np.exp(x).sum(1, keepdims=True))


def test_a_model_is_no_worse_than_itself(model: Path) -> None:
    source = read_checkpoint(model)
    engine = NativeEngine(source.tensors, source.config)
    found = measure(engine, engine, list(range(100)))
    assert (found.kl_mean, found.kl_99, found.agreement) == (0, 0, 1)
    assert found.perplexity == found.perplexity_before


def test_fewer_bits_lose_more(model: Path, text: Path) -> None:
    reports = [quantize(model, dtype=dtype, text=text) for dtype in ("fp16", "int8", "int4")]
    divergences = [report.fidelity.kl_mean for report in reports if report.fidelity]
    assert divergences == sorted(divergences)
    assert 0 < divergences[0] < 1e-4
    assert divergences[2] > 10 * divergences[1]
    sizes = [report.bytes for report in reports]
    assert sizes == sorted(sizes, reverse=True)


def test_calibrated_rounding_is_the_nearest_to_the_original(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On the bundled model, which was really trained, and a text it never saw. It is int8 itself,
    so int4 alone can be made of it; what int8 costs is in benchmarks/results/mini.json."""
    monkeypatch.setattr(sys.modules[quantize.__module__], "CALIBRATION", 4096)
    found = {}
    for how in ("nearest", "calibrated"):
        report = quantize("gpt2-mini", dtype="int4", rounding=how, tokens=512)
        assert report.rounding == how
        assert report.fidelity is not None
        found[how] = report.fidelity
    assert found["calibrated"].kl_mean < 0.75 * found["nearest"].kl_mean
    assert found["calibrated"].kl_99 < 0.9 * found["nearest"].kl_99


def test_levelling_the_norms_changes_nothing_but_rounding(model: Path) -> None:
    """The same pass with the weights that are then packed, in fp32: the logits of before."""
    source = read_checkpoint(model)
    engine = NativeEngine(source.tensors, source.config, kv_dtype="fp32")
    tensors: Any = dict(source.stored)
    for name, inputs in gather(engine, list(range(120)), lambda done, total: None):
        rounding._level(tensors, name, inputs)
    assert any(tensors[n] is not t for n, t in source.stored.items())
    level = NativeEngine({n: t.numpy() for n, t in tensors.items()}, source.config, kv_dtype="fp32")
    ids = [list(range(5, 60))]
    logits = [e.extend(e.new_cache(1), ids, logits="all") for e in (engine, level)]
    np.testing.assert_allclose(*logits, atol=5e-4)


def test_what_matrices_are_given_is_summed_over_turns(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Products of the reference's own activations, whether all layers fit in memory or not."""
    source = read_checkpoint(model)
    engine = NativeEngine(source.tensors, source.config, kv_dtype="fp32")
    ids, told = list(range(150)), []
    whole = dict(gather(engine, ids, lambda done, total: told.append((done, total))))
    assert told[-1] == (150, 150)
    monkeypatch.setattr(calibrate, "MEMORY", 1)
    assert len(calibrate.turns(source.config)) == 2
    parts = dict(gather(engine, ids, lambda done, total: None))
    assert list(parts) == list(whole)
    weights = source.tensors
    x = []
    for begin in (0, 64, 128):
        row = np.array(ids[begin : begin + 64])
        embedded = weights["transformer.wte.weight"][row]
        embedded = embedded + weights["transformer.wpe.weight"][: len(row)]
        x.append(reference.layer_norm(embedded, weights, "transformer.h.0.ln_1", 1e-5))
    rows = np.concatenate(x)
    name = "transformer.h.0.attn.c_attn.weight"
    for found in (whole[name], parts[name]):
        assert found.count == 150
        np.testing.assert_allclose(found.products, rows.T @ rows, rtol=1e-3, atol=1e-2)
        np.testing.assert_allclose(found.total, rows.sum(0), atol=1e-2)
    for name, found in parts.items():
        np.testing.assert_allclose(found.products, whole[name].products, rtol=1e-4, atol=1e-3)


def test_the_command_writes_and_reports(model: Path, text: Path, tmp_path: Path) -> None:
    done = run(model, "-o", tmp_path / "q", "--dtype", "int4", "--text", text, "--json", "-q")
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    held = read_checkpoint(tmp_path / "q")
    assert report["bytes"] == sum(tensor.nbytes for tensor in held.stored.values())
    assert report["dtype"] == "int4"
    assert report["head_dtype"] == "int8"
    assert report["text"] == "text.txt"
    assert report["kl_mean"] > 0
    kept = held.sidecar["quantization"]
    assert kept["kl_mean"] == report["kl_mean"]
    assert str(tmp_path) not in json.dumps(held.sidecar)
    assert (tmp_path / "q" / "tokenizer.json").exists()


def test_several_precisions_side_by_side(model: Path, text: Path) -> None:
    done = run(model, "--dtype", "int8", "--dtype", "int4", "--head-dtype", "int4",
               "--text", text, "--tokens", 100)  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["original", "int8,", "head", "int4", "int4"]
    assert lines[-1] == "on 98 tokens, 2 windows of at most 64: text.txt"
    assert any(line.startswith("KL divergence") and len(line.split()) == 5 for line in lines)
    refused = CliRunner().invoke(
        command, [str(model), "--dtype", "int8", "--dtype", "int4", "-o", "x"]
    )
    assert isinstance(refused.exception, OptionError)


def test_without_a_measure(model: Path) -> None:
    done = run(model, "--dtype", "int8", "--tokens", 0)
    assert "bits per weight" in done.stdout
    assert "KL" not in done.stdout


def test_the_folder_in_which_one_is_has_a_name(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model)
    assert quantize(".", dtype="int8", rounding="nearest", tokens=0).source == model.name


def test_the_packages_own_text(model: Path) -> None:
    report = quantize(model, dtype="int8", tokens=200)
    assert report.text == "an excerpt that comes with the package"
    assert report.fidelity is not None
    assert report.fidelity.windows == 4


def test_what_is_refused(model: Path, packed: Path, text: Path, tmp_path: Path) -> None:
    own = read_checkpoint(packed).quantization
    assert own is not None
    with pytest.raises(OptionError, match=f"is already quantized to {own.dtype}"):
        quantize(packed, tmp_path / "q", dtype=own.dtype)
    with pytest.raises(OptionError, match="is the model's own folder"):
        quantize(model, model)
    with pytest.raises(OptionError, match="a precision must be one of"):
        quantize(model, dtype="int3")
    with pytest.raises(OptionError, match="rounding must be one of"):
        quantize(model, rounding="up")
    with pytest.raises(OptionError, match="supports only int8 and int4"):
        quantize(model, dtype="fp16", rounding="calibrated")
    with pytest.raises(OptionError, match="needs no text"):
        quantize(model, rounding="nearest", calibrate=text)
    with pytest.raises(OptionError, match="nearest rounding to fp16 needs no text"):
        quantize(model, dtype="fp16", calibrate=text, tokens=0)
    with pytest.raises(OptionError, match="leave out the text to measure on"):
        quantize(model, text=text, tokens=0)
    for option in (["--overwrite"], ["--shard-size", "4MB"]):
        with pytest.raises(OptionError, match="only for --output"):
            run(model, "--tokens", 0, *option)
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(InputError, match="at least one token"):
        quantize(model, calibrate=tmp_path / "empty.txt")
    with pytest.raises(OptionError, match="at least 2"):
        quantize(model, text=text, tokens=1)
    with pytest.raises(OptionError, match="5GB"):
        quantize(model, tmp_path / "q", shard_size="much")
    with pytest.raises(MissingFileError):
        quantize(model, text=tmp_path / "nothing.txt")
    (tmp_path / "short.txt").write_text("a")
    with pytest.raises(InputError, match="must have at least 2 tokens, found 1"):
        quantize(model, text=tmp_path / "short.txt")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty.txt", "short.txt", "text.txt"]


def test_a_model_without_a_tokenizer(model: Path, text: Path, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((model / name).read_bytes())
    with pytest.raises(InputError, match="has no tokenizer"):
        quantize(tmp_path)
    with pytest.raises(InputError, match="has no tokenizer"):
        quantize(tmp_path, calibrate=text, tokens=0)
    assert quantize(tmp_path, tmp_path / "q", tokens=0).bytes > 0
