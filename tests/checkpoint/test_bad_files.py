"""No space, no permission, no match: one clear error, and what was there stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpt2.checkpoint import read_checkpoint, write_checkpoint
from gpt2.errors import GPT2Warning, WeightError, WriteError
from gpt2.loading import load
from tests.conftest import ROOT
from tests.tiny import random_weights, tiny_config, tiny_tokenizer, write_tiny

# A process whose files may hold no more than so many bytes: what a full disk does, by the kernel.
LIMITED = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.tiny import random_weights, tiny_config
from gpt2.checkpoint import write_checkpoint
from gpt2.cli.convert import convert
from gpt2.errors import WriteError
import gguf, torch
weights = random_weights(tiny_config(), 1)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
for folder in map(Path, sys.argv[2:]):
    try:
        if folder.name == "safetensors":
            write_checkpoint(folder, tiny_config(), weights)
        else:
            convert(str(folder), folder, folder.name)
    except WriteError as error:
        print(folder.name, error, sep=": ")
"""


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX's")
def test_no_space(tmp_path: Path) -> None:
    folders = [tmp_path / form for form in ("safetensors", "bin", "nanogpt", "gguf")]
    for folder in folders:
        write_tiny(folder)
    before = list(map(content, folders))
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, str(ROOT), *map(str, folders)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )
    lines = result.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [folder.name for folder in folders]
    assert all("could not be written" in line for line in lines), result.stderr
    assert list(map(content, folders)) == before


def test_a_later_shard_that_fails_leaves_the_old_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config()
    write_checkpoint(tmp_path, config, random_weights(config), max_shard_size="100KB")
    before = content(tmp_path)
    from gpt2.checkpoint import write
    from gpt2.checkpoint.mapped import write_safetensors

    real, calls = write_safetensors, []

    def failing(path: Path, *content: Any) -> None:
        calls.append(path)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        real(path, *content)

    monkeypatch.setattr(write, "write_safetensors", failing)
    with pytest.raises(WriteError, match=r"model-00003-of-\d+\.safetensors.*disk is full"):
        write_checkpoint(tmp_path, config, random_weights(config, 1), max_shard_size="100KB")
    assert content(tmp_path) == before


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions are POSIX's")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    if os.geteuid() == 0:  # root may write anywhere but where nothing can be
        place, message = Path("/proc/gpt2"), "could not be written"
    else:
        place, message = tmp_path / "locked", "choose another folder"
        place.mkdir(mode=0o500)
    config = tiny_config()
    with pytest.raises(WriteError, match=message):
        write_checkpoint(place, config, random_weights(config))


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    config = tiny_config()
    for place in (tmp_path / "file", tmp_path / "file" / "model"):
        with pytest.raises(WriteError, match="choose another folder"):
            write_checkpoint(place, config, random_weights(config))
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["float32", "float64", "float16"])
def test_values_that_are_no_numbers(tmp_path: Path, value: float, kind: str) -> None:
    config = tiny_config()
    weights = {n: v.astype(kind) for n, v in random_weights(config).items()}
    weights["transformer.h.1.mlp.c_fc.bias"][3] = value
    write_checkpoint(tmp_path, config, weights)
    with pytest.raises(WeightError, match=r"h\.1\.mlp\.c_fc\.bias contains NaN or infinite values"):
        read_checkpoint(tmp_path)


def test_large_finite_values_are_numbers(tmp_path: Path) -> None:
    config = tiny_config()
    weights = random_weights(config)
    weights["transformer.wte.weight"][:] = 3e38  # their sum is infinite
    write_checkpoint(tmp_path, config, weights)
    assert read_checkpoint(tmp_path).tensors["transformer.wte.weight"].max() == np.float32(3e38)


@pytest.mark.parametrize("engine", ["reference", "torch"])
def test_a_file_finds_the_tokenizer_beside_it(tmp_path: Path, engine: Any) -> None:
    write_tiny(tmp_path)
    model = load(tmp_path / "model.safetensors", engine=engine)
    assert model.tokenizer.decode(model.tokenizer.encode("狐 fox")) == "狐 fox"


@pytest.mark.parametrize("engine", ["reference", "torch"])
def test_a_vocabulary_larger_than_the_model(tmp_path: Path, engine: Any) -> None:
    config = tiny_config(vocab_size=100, bos_token_id=1, eos_token_id=1)
    write_checkpoint(tmp_path, config, random_weights(config))
    tiny_tokenizer().save_pretrained(tmp_path)
    with pytest.warns(
        GPT2Warning, match="ids up to 294, but the model's embedding has only 100 rows"
    ):
        load(tmp_path, engine=engine)
