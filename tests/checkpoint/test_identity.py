"""Every file that decides a model's logits or texts is in its identity, on every form."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from gpt2.checkpoint import identity, read_checkpoint
from gpt2.errors import CorruptFileError
from tests.checkpoint.forms import FORMS

# Of each form, the files of its weights.
WEIGHTS = {
    "safetensors": {"model.safetensors"},
    "bin": {"pytorch_model.bin"},
    "nanogpt": {"ckpt.pt"},
    "tensorflow": {"model.ckpt.index", "model.ckpt.data-00000-of-00001"},
    "packed int8": {"model.safetensors"},
}
BESIDE = ("config.json", "generation_config.json", "gpt2.json", "hparams.json", "vocab.json",
          "merges.txt", "encoder.json", "vocab.bpe", "vocab.txt", "tokenizer.json",
          "tokenizer_config.json", "chat_template.jinja")  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_each_file_counts(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "model"
    FORMS[form][0](folder)
    for name in BESIDE:
        if not (folder / name).exists():
            (folder / name).write_text("{}")
    found = identity(folder)
    names = {name for part in found.values() for name in part}
    assert set(BESIDE) <= names
    if form in WEIGHTS:
        assert set(found["weights"]) == WEIGHTS[form]
    else:  # shards, with the file that lists them
        assert set(found["weights"]) == {path.name for path in folder.glob("model*")}
    for part in found.values():
        for name, file in part.items():
            data = (folder / name).read_bytes()
            assert file == {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            (folder / name).write_bytes(data + b" ")
            assert identity_or_none(folder) != found, name
            (folder / name).write_bytes(data)
    assert identity(folder) == found


def identity_or_none(folder: Path) -> object:
    try:
        return identity(folder)
    except CorruptFileError:
        return None


def numbered(folder: Path, step: int, source: Path) -> None:
    for path in source.glob("model.ckpt*"):
        shutil.copy(path, folder / path.name.replace("model.ckpt", f"model-{step}"))


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    """A folder as gpt-2-simple writes it: several steps, of other weights each."""
    folder = tmp_path / "run1"
    FORMS["tensorflow"][0](folder)
    for step in (900, 1000):
        numbered(folder, step, folder)
        data = folder / f"model-{step}.data-00000-of-00001"
        content = bytearray(data.read_bytes())
        content[0] ^= step % 251
        data.write_bytes(content)
    for path in folder.glob("model.ckpt*"):
        path.unlink()
    return folder


def test_the_highest_step_is_read(checkpoints: Path) -> None:
    assert set(identity(checkpoints)["weights"]) == {
        "model-1000.index", "model-1000.data-00000-of-00001"}  # fmt: skip
    first = read_checkpoint(checkpoints)
    assert first.form == "tensorflow"
    named = read_checkpoint(checkpoints / "model-900.index")
    assert set(identity(checkpoints / "model-900.index")["weights"]) == {
        "model-900.index", "model-900.data-00000-of-00001"}  # fmt: skip
    assert any((named.tensors[n] != first.tensors[n]).any() for n in first.tensors)


@pytest.mark.parametrize("folder", ["", "/home/someone/run1/", "C:\\\\run1\\\\"])
def test_tensorflows_own_word_counts(checkpoints: Path, folder: str) -> None:
    (checkpoints / "checkpoint").write_text(
        f'model_checkpoint_path: "{folder}model-900"\n'
        f'all_model_checkpoint_paths: "{folder}model-1000"\n'
    )
    assert "model-900.index" in identity(checkpoints)["weights"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('model_checkpoint_path: "model-5"', "names model-5, which does not exist: give the path"),
        ("nothing", "names no checkpoint"),
        ('model_checkpoint_path: ".."', "outside its folder|not exist"),
    ],
)
def test_a_wrong_word_is_told(checkpoints: Path, text: str, message: str) -> None:
    (checkpoints / "checkpoint").write_text(text)
    with pytest.raises(OSError, match=message):
        read_checkpoint(checkpoints)


@pytest.mark.parametrize("name", ["/dev/zero", "../../etc/hostname", "zero", "pipe", 3, None])
def test_an_index_leads_nowhere_else(tmp_path: Path, name: object) -> None:
    folder = tmp_path / "model"
    FORMS["shards"][0](folder)
    (folder / "zero").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe")
    index = folder / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    content["weight_map"]["transformer.wpe.weight"] = name
    index.write_text(json.dumps(content))
    for use in (identity, read_checkpoint):
        with pytest.raises(CorruptFileError):
            use(folder)
