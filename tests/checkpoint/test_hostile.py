"""Files as attackers, other programs and accidents leave them: one clear error, at once, and no
more memory than what is there."""

from __future__ import annotations

import argparse
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gpt2.checkpoint import read_checkpoint, write_checkpoint
from gpt2.checkpoint.mapped import UNREAD, read_safetensors
from gpt2.config import GPT2Config
from gpt2.errors import ConfigError, CorruptFileError, GPT2Error, ModelFileError, WeightError
from gpt2.loading import load
from gpt2.model import GPT2ForSequenceClassification, GPT2LMHeadModel, GPT2Model
from gpt2.quantization import quantize
from tests.conftest import ROOT
from tests.tiny import random_weights, tiny_config, write_tiny

ENGINES = ("native", "torch", "reference")
IDS = [[5, 77, 9, 31]]
WTE = "transformer.wte.weight"


def logits_of(folder: Path, engine: str) -> Any:
    """[T, vocabulary] of `IDS`, keys and values in fp32."""
    options = {"kv_dtype": "fp32"} if engine == "native" else {}
    model = load(folder, engine=engine, **options)
    return np.asarray(model.extend(model.new_cache(1), IDS, logits="all"))


def header_of(path: Path) -> tuple[dict[str, Any], bytes]:
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def rewrite(path: Path, header: Any, data: bytes) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def entry(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda header: header[WTE].update(changes)


HEADERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "wraps": entry(shape=[2**32, 2**32], data_offsets=[0, 0]),
    "wraps16": entry(shape=[2**60, 16], data_offsets=[0, 0]),
    "zero": entry(shape=[0, 2**62, 2**62], data_offsets=[0, 0]),
    "huge": entry(shape=[10**30]),
    "axes": entry(shape=[1] * 1000),
    "negative": entry(shape=[-300, -64]),
    "words": entry(data_offsets=["0", "76800"]),
    "lists": entry(data_offsets=[[0], [76800]]),
    "nulls": entry(data_offsets=[None, None]),
    "floats": entry(data_offsets=[0.0, 76800.0]),
    "truths": entry(shape=[True, 19200]),
    "three": entry(data_offsets=[0, 1, 2]),
    "far": entry(data_offsets=[2**64, 2**64 + 76800]),
    "backwards": entry(data_offsets=[76800, 0]),
    "type": entry(dtype=["F32"]),
    "unknown": entry(dtype="F33"),
    "no shape": entry(shape=None),
    "entry": lambda header: header.update({WTE: [1, 2]}),
    "metadata": lambda header: header.update(__metadata__={"format": 3}),
}


@pytest.mark.parametrize("kind", HEADERS)
def test_a_header_that_cannot_be(tmp_path: Path, kind: str) -> None:
    write_tiny(tmp_path)
    path = tmp_path / "model.safetensors"
    header, data = header_of(path)
    HEADERS[kind](header)
    rewrite(path, header, data)
    with pytest.raises(CorruptFileError) as caught:
        read_checkpoint(tmp_path)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("header", [b"[" * 9000, b'{"a": ' + b"9" * 5000 + b"}", b"\xff", b"[]"])
def test_a_header_that_is_no_json_of_ours(tmp_path: Path, header: bytes) -> None:
    rewrite(tmp_path / "model.safetensors", header, b"")
    with pytest.raises(CorruptFileError, match=r"model\.safetensors is not a safetensors file"):
        read_safetensors(tmp_path / "model.safetensors")


@pytest.mark.parametrize("shift", [1, 2, 3])
def test_a_header_that_nobody_padded(tmp_path: Path, shift: int) -> None:
    """Numbers at odd addresses: another program's files, the same logits."""
    write_tiny(tmp_path)
    expected = {engine: logits_of(tmp_path, engine) for engine in ENGINES}
    path = tmp_path / "model.safetensors"
    header, data = header_of(path)
    text = json.dumps(header).encode()
    rewrite(path, text + b" " * (-(8 + len(text)) % 8 + shift), data)
    stored = read_checkpoint(tmp_path).stored[WTE]
    assert not stored.array.flags.aligned
    assert stored.numpy().flags.aligned
    for engine, values in expected.items():
        np.testing.assert_array_equal(logits_of(tmp_path, engine), values)


@pytest.mark.parametrize("kind", ["F8_E4M3", "C64", "U16", "I32", "BOOL"])
def test_types_that_are_no_weights(tmp_path: Path, kind: str) -> None:
    write_tiny(tmp_path)
    path = tmp_path / "model.safetensors"
    header, data = header_of(path)
    unread = "unsupported " if kind in UNREAD else ""
    width = {"F8_E4M3": 1, "BOOL": 1, "U16": 2, "I32": 4, "C64": 8}[kind]
    header[WTE]["dtype"] = kind
    header[WTE]["data_offsets"] = [0, 300 * 64 * width]
    rewrite(path, header, data + bytes(max(0, 300 * 64 * width - len(data))))
    for engine in ENGINES:
        with pytest.raises(WeightError, match=f"wte.weight has the {unread}type {kind}"):
            load(tmp_path, engine=engine)


def bounded(code: str, *arguments: Any, seconds: float = 30, gigabytes: int = 3) -> str:
    """What a process of so much memory prints that runs ``code``; it must end by itself."""
    most = gigabytes << 30
    limits = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({most}, {most}))\n"
    done = subprocess.run(
        [sys.executable, "-c", limits + code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=seconds,
    )  # fmt: skip
    return done.stdout or done.stderr


LOAD = """
import sys
from gpt2.errors import GPT2Error
from gpt2.loading import load
for engine in sys.argv[2].split(","):
    try:
        load(sys.argv[1], engine=engine, threads=1 if engine == "native" else None)
        print("loaded")
    except GPT2Error as error:
        print(type(error).__name__, error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX's")
def test_layers_that_are_not_there(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "n_layer": 10**8}))
    shown = bounded(LOAD, tmp_path, "native,reference")
    assert shown.count("WeightError") == 2, shown
    assert shown.count("lacks transformer.h.2.ln_1.weight") == 2
    shown = bounded("import torch\n" + LOAD, tmp_path, "torch", seconds=60, gigabytes=8)
    assert "lacks transformer.h.2.ln_1.weight" in shown, shown


@pytest.mark.parametrize("name", ["vocab_size", "n_positions", "n_embd", "n_layer", "n_inner"])
def test_sizes_beyond_what_the_core_counts_with(name: str) -> None:
    for value in (2**31, 2**32 + 16, 10**30):
        with pytest.raises(ConfigError, match=f"{name} must be from 1 to 2,147,483,647"):
            GPT2Config(**{name: value})


def test_a_small_file_that_asks_for_much(tmp_path: Path) -> None:
    weights = {n: torch.from_numpy(v) for n, v in random_weights(tiny_config()).items()}
    weights[WTE] = torch.zeros(1).expand(200_000, 200_000)
    write_tiny(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(weights, tmp_path / "pytorch_model.bin")
    for engine in ENGINES:
        with pytest.raises(
            WeightError, match=r"wte.weight of shape \[200000, 200000\] is an expanded view"
        ):
            load(tmp_path, engine=engine)


ODD = {
    "sparse": (torch.eye(300, 64).to_sparse(), "is a sparse"),
    "blocks": (torch.eye(300, 64).to_sparse(1), "is a sparse"),
    "float8": (
        torch.ones(300, 64).to(torch.float8_e4m3fn),
        "float8_e4m3fn, which is not supported",
    ),
    "complex": (torch.ones(300, 64, dtype=torch.complex64), "complex64, which is not supported"),
    "meta": (torch.ones(300, 64, device="meta"), "is a meta tensor"),
    "int8": (torch.ones(300, 64, dtype=torch.int8), "has the type I8"),
    "bool": (torch.ones(300, 64, dtype=torch.bool), "has the type BOOL"),
    "list": ([1.0], "wte.weight is a list, not a tensor"),
    "dict": ({"weight": torch.ones(300, 64)}, "one level deeper"),
    "one axis": (torch.ones(300), "wte.weight has the shape [300], but its configuration"),
}


@pytest.mark.filterwarnings("ignore:.*quantize|.*CSR|.*sparse:UserWarning")
@pytest.mark.parametrize("kind", ODD)
def test_odd_tensors(tmp_path: Path, kind: str) -> None:
    tensor, message = ODD[kind]
    write_tiny(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    weights = {n: torch.from_numpy(v) for n, v in random_weights(tiny_config()).items()}
    torch.save({**weights, WTE: tensor}, tmp_path / "pytorch_model.bin")
    for engine in ENGINES:
        with pytest.raises(ModelFileError) as caught:
            load(tmp_path, engine=engine)
        assert message in str(caught.value)
        assert "pytorch_model.bin" in str(caught.value) or str(tmp_path) in str(caught.value)


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 548118077\n"


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors", "ckpt.pt"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (LFS, "is a Git LFS pointer, not the file itself: run `git lfs pull`"),
        (b"<!DOCTYPE html>\n<html><body>Log in</body></html>", "is a web page, not the file"),
        (b"", "is empty"),
        (b"hello world\n", "could not be read safely|is not a safetensors file"),
        (np.array([20240326, 3] + [0] * 254, np.int32).tobytes(), "safely|not a safetensors"),
    ],
    ids=["lfs", "html", "empty", "text", "llm.c"],
)
def test_what_came_in_place_of_weights(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    write_tiny(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorruptFileError, match=message) as caught:
        read_checkpoint(tmp_path)
    shown = str(caught.value)
    assert name in shown
    assert not any(word in shown for word in ("weights_only", "\n", "\x1b", "arbitrary"))


def test_more_than_tensors(tmp_path: Path) -> None:
    path = tmp_path / "pytorch_model.bin"
    for extra, word in ((argparse.Namespace(a=1), "argparse.Namespace"), (Path("x"), "PosixPath")):
        torch.save({"a": torch.ones(2), "b": extra}, path)
        with pytest.raises(CorruptFileError, match=f"it contains .*{word}.*Save only the weights"):
            read_checkpoint(path)
    torch.save({3: torch.ones(2)}, path)
    with pytest.raises(
        CorruptFileError, match=r"pytorch_model\.bin has a name that is not a string: 3"
    ):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"model": [1], "model_args": {}}, "model is a list; in nanoGPT's files it is a dict"),
        ({"model": {}, "model_args": 3}, "model_args is a int"),
        ({"model": {}, "model_args": {"n_layer": 1}}, "model_args lacks n_head"),
        ({"vocab_size": None}, "model_args: vocab_size must be an integer, found None"),
        ({"n_layer": 10**8}, r"lacks transformer\.h\.2"),
        ({"matrix": torch.ones(3)}, r"c_attn\.weight has the shape \[3\]; a matrix is required"),
    ],
    ids=["list", "number", "lacking", "null", "layers", "one axis"],
)
def test_odd_nanogpt(tmp_path: Path, content: dict[str, Any], message: str) -> None:
    if "model" not in content:
        write_tiny(tmp_path, activation_function="gelu")
        from gpt2.cli.convert import convert

        convert(str(tmp_path), tmp_path / "ckpt.pt", "nanogpt")
        whole = torch.load(tmp_path / "ckpt.pt")
        matrix = content.pop("matrix", None)
        if matrix is not None:
            whole["model"]["transformer.h.0.attn.c_attn.weight"] = matrix
        whole["model_args"].update(content)
        content = whole
    torch.save(content, tmp_path / "ckpt.pt")
    with pytest.raises(GPT2Error, match=message):
        read_checkpoint(tmp_path / "ckpt.pt")


@pytest.mark.parametrize("value", [3, [], "x", None, {}])
def test_an_index_without_names(tmp_path: Path, value: Any) -> None:
    config = tiny_config()
    write_checkpoint(tmp_path, config, random_weights(config), max_shard_size="50KB")
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": value}))
    with pytest.raises(CorruptFileError, match="has no valid weight_map"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("dtype", ["int8", "int4", "fp16", "bf16", "fp32"])
@pytest.mark.parametrize("bits", ["nan", "inf"])
def test_packed_numbers_are_finite(tmp_path: Path, dtype: str, bits: str) -> None:
    write_tiny(tmp_path / "model")
    quantize(tmp_path / "model", tmp_path / "q", dtype=dtype, rounding="nearest", tokens=0)
    path = tmp_path / "q" / "model.safetensors"
    header, data = header_of(path)
    at = len(path.read_bytes()) - len(data)
    name = "transformer.h.1.mlp.c_fc.weight"
    whole = bytearray(path.read_bytes())
    kind = {"fp16": "<e", "bf16": "<H"}.get(dtype, "<f")
    value = {"nan": 0x7FC0, "inf": 0x7F80}[bits] if kind == "<H" else float(bits)
    struct.pack_into(kind, whole, at + header[name]["data_offsets"][0] + 64, value)
    path.write_bytes(bytes(whole))
    for engine in ENGINES:
        with pytest.raises(WeightError, match=rf"{name} contains NaN or infinite values"):
            load(tmp_path / "q", engine=engine)


@pytest.mark.parametrize("dtype", ["fp16", "bf16"])
def test_values_beyond_a_precision_are_refused(tmp_path: Path, dtype: str) -> None:
    config = tiny_config()
    weights = random_weights(config)
    weights["transformer.h.1.mlp.c_fc.weight"][3, 5] = 7e4 if dtype == "fp16" else 3.4e38
    write_checkpoint(tmp_path, config, weights)
    message = f"values that .*{dtype if dtype == 'fp16' else 'bf'}.* cannot hold"
    with pytest.raises(WeightError, match=message.replace("fp16", "(fp16|float16)")):
        load(tmp_path, engine="torch", dtype=dtype)
    with pytest.raises(WeightError, match=message):
        load(tmp_path, dtype=dtype, threads=2)
    with pytest.raises(WeightError, match=message):
        quantize(tmp_path, tmp_path / "q", dtype=dtype, rounding="nearest", tokens=0)
    assert not (tmp_path / "q").exists()
    weights["transformer.h.1.mlp.c_fc.weight"][3, 5] = 65504 if dtype == "fp16" else 3.38e38
    write_checkpoint(tmp_path, config, weights)
    load(tmp_path, dtype=dtype)


@pytest.mark.parametrize("form", ["safetensors", "bin"])
def test_a_head_alone_is_the_embedding(tmp_path: Path, form: str) -> None:
    """What `safetensors.torch.save_model` keeps of a tied pair."""
    from safetensors.torch import save_model
    from transformers import AutoModelForCausalLM

    write_tiny(tmp_path)
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    if form == "safetensors":
        save_model(theirs, str(tmp_path / "model.safetensors"))
        assert WTE not in read_safetensors(tmp_path / "model.safetensors")
    else:
        state = {k: v for k, v in theirs.state_dict().items() if k != WTE}
        torch.save(state, tmp_path / "pytorch_model.bin")
    with torch.no_grad():
        expected = theirs(torch.tensor(IDS)).logits.numpy()
    for engine in ENGINES:
        np.testing.assert_allclose(logits_of(tmp_path, engine), expected[0], atol=2e-5)


def test_untied_models_without_a_head_reload(tmp_path: Path) -> None:
    for cls in (GPT2Model, GPT2ForSequenceClassification):
        torch.manual_seed(0)
        config = tiny_config(tie_word_embeddings=False, num_labels=3)
        model = cls(config).eval()
        model.init_weights()
        model.save_pretrained(tmp_path / cls.__name__)
        again = cls.from_pretrained(tmp_path / cls.__name__)
        for name, tensor in model.state_dict().items():
            assert torch.equal(again.state_dict()[name], tensor), name
    with pytest.raises(WeightError, match=r"lacks lm_head\.weight"):
        GPT2LMHeadModel.from_pretrained(tmp_path / "GPT2Model")


def test_names_of_another_kind_are_shown(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    weights = {f"module.{n}": v for n, v in random_weights(tiny_config()).items()}
    write_checkpoint(tmp_path, tiny_config(), weights)
    with pytest.raises(WeightError, match=r"its names are module\.transformer"):
        read_checkpoint(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX only")
@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "generation_config.json", "gpt2.json",
             "tokenizer.json", "vocab.json", "pytorch_model.bin"],
)  # fmt: skip
def test_folders_and_pipes_in_place_of_files(tmp_path: Path, name: str) -> None:
    for make in (os.mkdir, os.mkfifo):
        folder = tmp_path / make.__name__
        write_tiny(folder)
        if name == "vocab.json":
            (folder / "tokenizer.json").unlink()
        if name == "pytorch_model.bin":
            (folder / "model.safetensors").unlink()
        (folder / name).unlink(missing_ok=True)
        make(folder / name)
        if name == "tokenizer.json" or name == "vocab.json":
            continue  # what is read instead is the tokenizer's choice; nothing hangs
        with pytest.raises(CorruptFileError, match="not a regular file"):
            load(folder)


@pytest.mark.parametrize("value", [None, "300", {}, [300], True, 0, 10**10])
def test_odd_hparams(tmp_path: Path, value: Any) -> None:
    from tests.checkpoint.forms import FORMS

    FORMS["tensorflow"][0](tmp_path / "124M")
    path = tmp_path / "124M" / "hparams.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "n_vocab": value}))
    with pytest.raises(ConfigError, match=r"hparams\.json: vocab_size must be"):
        read_checkpoint(tmp_path / "124M")
