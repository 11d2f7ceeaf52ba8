"""Token folders and runs that someone else made: what they name stays inside, or is an error."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpt2.data import PrepareConfig, TokenData, prepare
from gpt2.data.folder import Progress
from gpt2.data.manifest import Manifest
from gpt2.data.preparation import _Job
from gpt2.errors import CorruptFileError, GPT2Error, OptionError, WriteError
from gpt2.files.records import record
from gpt2.tokenizer import GPT2Tokenizer
from gpt2.training.checkpoints.store import Checkpoints, State, read_state
from gpt2.training.config import Start
from gpt2.training.inputs import corpus as corpora

SHARD = "train-00000.bin"
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def out(corpus: Path, tmp_path: Path, tokenizer: GPT2Tokenizer) -> Path:
    prepare([corpus], tmp_path / "out", tokenizer, PrepareConfig(shard_tokens=700))
    return tmp_path / "out"


def changed(path: Path, change: Change) -> None:
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")


@pytest.mark.parametrize("dtype", ["O", "<f4", "<i8", "|b1", "M8[s]", "U1", "S2", "V8", ">u2", ""])
def test_only_what_prepare_writes_is_read_as_tokens(out: Path, dtype: str) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["dtype"] = dtype
        for split in manifest["splits"].values():
            for shard in split["shards"]:
                path, size = out / shard["file"], 8
                shard["tokens"] = path.stat().st_size // size
                os.truncate(path, shard["tokens"] * size)
            split["tokens"] = sum(shard["tokens"] for shard in split["shards"])

    changed(out / "manifest.json", change)
    with pytest.raises(CorruptFileError, match="dtype must be one of"):
        TokenData(out)


NAMES = ("../victim-00000.bin", "/tmp/train-00000.bin", "sub/train-00000.bin", "train-00000.bin\n",
         "train.bin", "manifest.json", "")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_shard_named_elsewhere_is_an_error(out: Path, name: str, corpus: Path,
                                             tokenizer: GPT2Tokenizer) -> None:  # fmt: skip
    victim = out.parent / "victim-00000.bin"
    victim.write_bytes(b"mine")

    def change(manifest: dict[str, Any]) -> None:
        split = manifest["splits"]["train"]
        split["shards"].append(dict(split["shards"][0], file=name, tokens=0, documents=0))

    changed(out / "manifest.json", change)
    with pytest.raises(CorruptFileError, match="is not a valid shard name"):
        TokenData(out)
    with pytest.raises(CorruptFileError, match="is not a valid shard name"):
        prepare([corpus], out, tokenizer, PrepareConfig(), overwrite=True)
    assert victim.read_bytes() == b"mine"
    assert (out / SHARD).exists()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_shard_is_a_regular_file(out: Path, kind: str) -> None:
    shard, elsewhere = out / SHARD, out.parent / "elsewhere.bin"
    shutil.move(shard, elsewhere)
    if kind == "link":
        shard.symlink_to(elsewhere)
    elif kind == "pipe":
        os.mkfifo(shard)
    else:
        shard.mkdir()
    with pytest.raises(CorruptFileError, match=r"train-00000\.bin"):
        TokenData(out)


def unfinished(corpus: Path, out: Path, tokenizer: GPT2Tokenizer,
               monkeypatch: pytest.MonkeyPatch) -> Path:  # fmt: skip
    """A preparation that was stopped before its end; its progress.json."""

    def stop(job: _Job, *_: Any) -> None:
        job.save()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(_Job, "describe", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare([corpus], out, tokenizer, PrepareConfig(shard_tokens=700))
    return out / ".partial" / "progress.json"


def test_progress_that_names_another_file_writes_nothing(
    corpus: Path, tmp_path: Path, tokenizer: GPT2Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = unfinished(corpus, tmp_path / "out", tokenizer, monkeypatch)
    victim = tmp_path / "victim.bin"
    victim.write_bytes(b"mine")
    changed(progress, lambda p: p["splits"]["train"]["shards"].append({"file": str(victim)}))
    with pytest.raises(CorruptFileError, match="is not a valid shard name"):
        prepare([corpus], tmp_path / "out", tokenizer, PrepareConfig(shard_tokens=700))
    assert victim.read_bytes() == b"mine"
    assert not victim.with_suffix(".ends").exists()


@pytest.mark.parametrize("name", ["", "lock", "seen.sqlite", "train-00000.bin", "tokenizer"])
def test_no_link_of_an_unfinished_preparation_is_followed(
    corpus: Path, tmp_path: Path, tokenizer: GPT2Tokenizer, name: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "other.bin").write_bytes(b"mine")
    partial = tmp_path / "out" / ".partial"
    (partial if name else partial.parent).mkdir(parents=True)
    (partial / name).symlink_to(elsewhere / "other.bin" if name else elsewhere)
    with pytest.raises(OptionError, match="is a symbolic link"):
        prepare([corpus], tmp_path / "out", tokenizer, PrepareConfig())
    assert (elsewhere / "other.bin").read_bytes() == b"mine"
    assert len(list(elsewhere.iterdir())) == 1


@pytest.mark.parametrize("name", ["checkpoints", "checkpoints/lock"])
def test_no_link_of_a_run_is_followed(tmp_path: Path, name: str) -> None:
    (tmp_path / "run").mkdir()
    target = tmp_path / "target"
    if name == "checkpoints":
        target.mkdir()
    else:
        (tmp_path / "run" / "checkpoints").mkdir()
        target.write_text("mine", "utf-8")
    (tmp_path / "run" / name).symlink_to(target)
    with pytest.raises((OptionError, WriteError), match="a symbolic link"):
        Checkpoints(tmp_path / "run").take(Start())
    assert target.is_dir() or target.read_text("utf-8") == "mine"


def test_a_link_in_the_tokenizers_place_is_removed_and_not_followed(
    out: Path, corpus: Path, tmp_path: Path, tokenizer: GPT2Tokenizer
) -> None:
    outside = tmp_path / "outside"
    (out / "tokenizer").rename(outside)
    (out / "tokenizer").symlink_to(outside)
    before = sorted(path.name for path in outside.iterdir())
    prepare([corpus], out, tokenizer, PrepareConfig(shard_tokens=700), overwrite=True)
    assert not (out / "tokenizer").is_symlink()
    assert sorted(path.name for path in outside.iterdir()) == before


def test_training_compares_the_shards_with_their_hashes(out: Path) -> None:
    assert corpora.verify_shards(out) == out
    shard = out / SHARD
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    with pytest.raises(CorruptFileError, match=r"train-00000\.bin is damaged"):
        corpora.prepare_corpus(out, out.parent, "")


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every value within JSON stands."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, item in inner:
        found.append((*path, key))
        if isinstance(item, (dict, list)):
            found += places(item, (*path, key))
    return found


ODD = [None, True, -1, 10**30, 1.5, "text", "", [], {}, [[1]], {"a": None}, "\0", "../x"]


def mutated(value: Any, rng: random.Random) -> Any:
    """A copy in which one value is another, or is gone."""
    value = json.loads(json.dumps(value))
    *outer, last = rng.choice(places(value))
    inner = value
    for key in outer:
        inner = inner[key]
    if rng.random() < 0.2:
        del inner[last]
    else:
        inner[last] = rng.choice(ODD)
    return value


def test_damaged_values_give_an_error_of_ours_or_load(out: Path, corpus: Path, tmp_path: Path,
        tokenizer: GPT2Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    rng = random.Random(1)
    progress = unfinished(corpus, tmp_path / "half", tokenizer, monkeypatch)
    state = State(3, {"lr": 0.1}, {"sha256": "a"}, 1, 1, 1, best={"step": 1.0, "loss": 2.0})
    states = tmp_path / "training" / "state.json"
    states.parent.mkdir()
    whole = {
        out / "manifest.json": json.loads((out / "manifest.json").read_text("utf-8")),
        progress: json.loads(progress.read_text("utf-8")),
        states: json.loads(json.dumps(vars(state))),
    }
    refused = 0
    for path, content in whole.items():
        for _ in range(300):
            path.write_text(json.dumps(mutated(content, rng)), "utf-8")
            try:
                if path == states:
                    read_state(tmp_path)
                elif path == progress:
                    record(Progress, json.loads(path.read_text("utf-8")), "progress")
                else:
                    Manifest.read(out)
                    len(TokenData(out)) and TokenData(out).ends
            except GPT2Error:
                refused += 1
    assert refused > 400
