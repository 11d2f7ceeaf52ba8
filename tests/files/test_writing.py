"""A kill at any moment leaves the old files, the new ones, or nothing that reads as a model."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpt2.checkpoint import read_checkpoint, write_checkpoint
from gpt2.checkpoint.write import replace_model
from gpt2.errors import MissingFileError, WriteError
from gpt2.files import atomic, atomic_folder
from tests.tiny import random_weights, tiny_config

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills are POSIX's")


def write_new(folder: Path, size: str) -> None:
    config = tiny_config(activation_function="relu")
    write_checkpoint(folder, config, random_weights(config, 1), max_shard_size=size)


def killed_at(change: int, write: Callable[[], None]) -> bool:
    """Write a model over another in a child that dies at a change of the folder; whether it did."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    changes = itertools.count(1)

    def watched(real: Any) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            if next(changes) == change:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **named)

        return call

    Path.replace, Path.unlink = watched(Path.replace), watched(Path.unlink)  # type: ignore[method-assign]
    write()
    os._exit(0)


@pytest.mark.parametrize(("old", "new"), [("5GB", "5GB"), ("100KB", "100KB"), ("100KB", "5GB")])
def test_a_kill_leaves_no_mixture(tmp_path: Path, old: str, new: str) -> None:
    states, died = set(), True
    for change in itertools.count(1):
        folder = tmp_path / str(change)
        config = tiny_config()
        write_checkpoint(folder, config, random_weights(config), max_shard_size=old)
        died = killed_at(change, partial(write_new, folder, new))
        states.add(state(folder))
        write_checkpoint(folder, config, random_weights(config), max_shard_size=old)
        assert state(folder) == "old"
        assert not list(folder.glob(".*")), "what the killed one left is gone"
        if not died:
            break
    assert states == {"old", "none", "new"}


@pytest.mark.parametrize("old", ["5GB", "100KB"])
def test_a_kill_leaves_no_settings_or_vocabulary_of_another_model(tmp_path: Path, old: str) -> None:
    """Of a replaced model nothing is left: neither what the new one has, nor what it lacks."""

    def replace() -> None:
        with replace_model(folder) as part:
            write_new(part, "5GB")
            (part / "vocab.json").write_text("new")

    states, died = set(), True
    for change in itertools.count(1):
        folder = tmp_path / str(change)
        write_checkpoint(folder, tiny_config(), random_weights(tiny_config()), max_shard_size=old,
                         generation_config={})  # fmt: skip
        for name in ("vocab.json", "merges.txt"):
            (folder / name).write_text("old")
        died = killed_at(change, replace)
        left = state(folder)
        states.add(left)
        if left != "none":
            assert (folder / "vocab.json").read_text() == left
            assert (folder / "merges.txt").exists() == (left == "old")
            assert (folder / "generation_config.json").exists() == (left == "old")
        if not died:
            break
    assert states == {"old", "none", "new"}


def state(folder: Path) -> str:
    try:
        found = read_checkpoint(folder)
    except MissingFileError:
        return "none"
    for name, seed, activation in (("old", 0, "gelu_new"), ("new", 1, "relu")):
        weights = random_weights(tiny_config(), seed)
        if all(np.array_equal(found.tensors[n], weights[n]) for n in weights):
            assert found.config.activation_function == activation, "a mixture of two models"
            return name
    raise AssertionError("a mixture of two models")


def test_what_the_dead_have_left_goes_and_what_lives_stays(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    with atomic(tmp_path / "x.json") as mine:
        form = mine.name
        ours = form.replace(f"-{os.getpid()}.", f"-{dead.pid}.")
        elsewhere = ours.replace(ours.split(".")[3], f"00000000-{dead.pid}")
        others = [ours.replace("x.json", "y.json"), elsewhere, ".x.json.abc.part"]
        for name in (ours, *others):
            (tmp_path / name).touch()
        (tmp_path / f"{ours[:-5]}folder.part").mkdir()
        with atomic(tmp_path / "x.json") as again:
            again.write_text("2")
        assert mine.exists()
        mine.write_text("1")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"x.json", *others}
    assert (tmp_path / "x.json").read_text() == "1"


def test_a_folder_of_a_name_with_signs(tmp_path: Path) -> None:
    folder = tmp_path / "a[1]*(b)"
    for content in ("1", "2"):
        with atomic_folder(folder) as part:
            (part / "x").write_text(content)
    assert (folder / "x").read_text() == "2"
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_folder_that_is_written_whole_keeps_nothing_old(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    for name in ("old", "new"):
        with atomic_folder(folder, whole=True) as part:
            (part / name).write_text(name)
        assert [path.name for path in folder.iterdir()] == [name]
    with pytest.raises(WriteError), atomic_folder(folder, whole=True) as part:
        (part / "nowhere" / "half").write_text("half")
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_pipe_and_a_device_keep_their_places(tmp_path: Path) -> None:
    """Root may rename over /dev/null, and every program misses it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with atomic(pipe) as part:
            part.write_bytes(b"some text")
        assert os.read(reader, 100) == b"some text"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
    (tmp_path / "null").symlink_to(os.devnull)
    with atomic(tmp_path / "null") as part:
        part.write_bytes(b"lost")
    assert Path(os.devnull).is_char_device()
    assert (tmp_path / "null").is_symlink()
