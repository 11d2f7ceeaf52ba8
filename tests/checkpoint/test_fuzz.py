"""Damaged weight files of every format: an error of ours or a model, never anything else."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gpt2.checkpoint import read_checkpoint, write_checkpoint
from gpt2.cli.convert import convert
from gpt2.errors import GPT2Error
from gpt2.loading import load
from gpt2.quantization import quantize
from tests.checkpoint.tensorflow import write_folder
from tests.native.conftest import _built  # noqa: F401  skips where the core was not built
from tests.tiny import random_weights, tiny_config, write_tiny

TRIALS = 40  # of each format


def shards(folder: Path) -> None:
    write_checkpoint(folder, tiny_config(), random_weights(tiny_config(), 1), max_shard_size="50KB")


def converted(form: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        source = folder.with_name("source")
        write_tiny(source)
        convert(str(source), folder, form)

    return make


def tensorflow(folder: Path) -> None:
    folder.mkdir()
    config = tiny_config()
    shape = {k: getattr(config, k) for k in ("vocab_size", "n_positions", "n_embd", "n_head")}
    shape["n_layer"] = config.n_layer
    write_folder(folder, random_weights(config, 1), shape)


def packed(dtype: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        source = folder.with_name("source")
        write_tiny(source)
        quantize(source, folder, dtype=dtype, rounding="nearest", tokens=0)

    return make


FORMS: dict[str, tuple[Callable[[Path], None], str]] = {
    "safetensors": (write_tiny, "*.safetensors"),
    "shards": (shards, "model*"),
    "bin": (converted("bin"), "*.bin"),
    "nanogpt": (converted("nanogpt"), "*.pt"),
    "tensorflow": (tensorflow, "model.ckpt*"),
    "packed int8": (packed("int8"), "*.safetensors"),
    "packed int4": (packed("int4"), "*.safetensors"),
}


def damaged(data: bytes, random: np.random.Generator) -> bytes:
    """Cut short, a few bytes changed (most often at the front, where the structure is), doubled."""
    out = bytearray(data)
    kind = random.integers(4)
    if kind == 0:
        return bytes(out[: random.integers(len(out) + 1)])
    if kind == 1:
        return bytes(out + out[: random.integers(1, 100)])
    near = len(out) if kind == 2 else min(len(out), 2000)
    for place in random.integers(near, size=random.integers(1, 6)):
        out[place] = random.integers(256)
    return bytes(out)


@pytest.mark.parametrize("form", FORMS)
def test_damaged_files(tmp_path: Path, form: str) -> None:
    make, pattern = FORMS[form]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    make(whole)
    read_checkpoint(whole)
    random = np.random.default_rng(sum(map(ord, form)))
    refused = []
    for _ in range(TRIALS):
        shutil.copytree(whole, broken)
        files = sorted(broken.glob(pattern))
        victim = files[random.integers(len(files))]
        victim.write_bytes(damaged(victim.read_bytes(), random))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a header may say that tensors are missing
                model = load(broken, engine="native", threads=1)
            model.extend(model.new_cache(1), [[1, 2, 3]])
        except GPT2Error as error:
            refused.append(str(error))
        shutil.rmtree(broken)
    assert len(refused) > TRIALS // 4  # a changed number may go unseen, a lost part may not
    assert not [message for message in refused if "\n" in message]
