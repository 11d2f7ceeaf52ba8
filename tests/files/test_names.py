"""A name from a file stays in its folder and ends at a regular file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

import gpt2
from gpt2.checkpoint import read_checkpoint
from gpt2.errors import CorruptFileError, InputError
from gpt2.files import inside, path_of, plain_name
from gpt2.generation import GenerationConfig
from tests.tiny import tiny_config, tiny_tokenizer


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "...", "../x", "a/b", "/etc/passwd", "a\\b", "C:x", "a\0b", "a\nb", "\ud800",
     "n" * 256, "é" * 128, " ", "a/", None, 3, ["x"], b"x", {}],
    ids=repr,
)  # fmt: skip
def test_no_name_leaves_its_folder(tmp_path: Path, name: Any) -> None:
    with pytest.raises(CorruptFileError, match=r"^list\.json names a file outside its folder"):
        plain_name(name, "list.json")
    with pytest.raises(CorruptFileError) as caught:
        inside(tmp_path, name, "list.json")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", ["model-00001-of-00002.safetensors", ".x", "狐 1.bin", "n" * 255])
def test_plain_names_are(tmp_path: Path, name: str) -> None:
    assert plain_name(name, "list.json") == name
    assert inside(tmp_path, name, "list.json") == tmp_path / name  # not there: who opens it tells
    (tmp_path / name).touch()
    assert inside(tmp_path, name, "list.json", links=False) == tmp_path / name


@pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and devices of POSIX")
def test_an_empty_name_is_not_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes or reads by a caller's name asks `path_of`."""
    monkeypatch.chdir(tmp_path)
    tokenizer = tiny_tokenizer()
    tokenizer.save_pretrained(Path())
    assert path_of(Path()) == Path()  # said, not left empty
    model = gpt2.GPT2LMHeadModel(tiny_config())
    there = sorted(tmp_path.iterdir())
    for act in (
        *(model.save_pretrained, tokenizer.save_pretrained, tokenizer.save_vocabulary),
        *(model.config.save_pretrained, model.generation_config.save_pretrained),
        *(gpt2.GPT2LMHeadModel.from_pretrained, gpt2.GPT2Tokenizer.from_pretrained, gpt2.load),
        *(gpt2.GPT2Config.from_pretrained, GenerationConfig.from_pretrained, read_checkpoint),
    ):
        with pytest.raises(InputError, match="a path is empty"):
            act("")
    assert sorted(tmp_path.iterdir()) == there


def test_only_regular_files(tmp_path: Path) -> None:
    (tmp_path / "blob").touch()
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, target in {"link": "blob", "zero": "/dev/zero", "round": "round"}.items():
        (tmp_path / name).symlink_to(target)
    assert inside(tmp_path, "link", "list.json").read_bytes() == b""  # as in the hub's cache
    for name in ("folder", "pipe", "zero", "round"):
        with pytest.raises(CorruptFileError, match=f"{name} is a "):
            inside(tmp_path, name, "list.json")
    with pytest.raises(CorruptFileError, match="link is a symbolic link"):
        inside(tmp_path, "link", "list.json", links=False)
