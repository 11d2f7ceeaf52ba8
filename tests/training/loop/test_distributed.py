"""Two gloo processes do what one does; runs resume with another number of them."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import time
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from click.testing import CliRunner

from gpt2 import GPT2LMHeadModel
from gpt2.cli import gpt2 as cli
from gpt2.errors import CorruptFileError, MissingFileError
from gpt2.training.checkpoints import optimizer_shards
from gpt2.training.checkpoints.store import TRAINING, Checkpoints
from gpt2.training.loop.distributed import PATIENCE, PREPARING, Processes
from tests.conftest import ROOT
from tests.corpora import text_of
from tests.tiny import write_tiny
from tests.training.children import started_together, told_by, two_in_turn
from tests.training.runs import GRADIENTS, digest, losses, run, trainer

# Five rows: one process has two of them, the other three, in different parts.
LEARNING = {"steps": 50, "batch_size": 5, "lr": 1e-2, "micro_batch": 2, "save_every": 25,
            "validate_every": 25}  # fmt: skip
KINDS = pytest.mark.parametrize(
    "options",
    [{"parallel": "ddp"}, {"parallel": "fsdp"}, {"parallel": "fsdp", "optimizer": "muon"}],
    ids=str,
)
LAUNCHER = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
            "-m"]  # fmt: skip


EXISTS = Path.exists
# A class is no object whose fields may be set; an object has its own fields alone.
SETS_ATTRIBUTES = (
    b"cpathlib\nPosixPath\n(N}(X\6\0\0\0existsX\1\0\0\0autb.",
    b"ctorch.distributed.checkpoint.metadata\nMetadataIndex\n(N}(X\4\0\0\0fqn2X\1\0\0\0autb.",
    b"ctorch.distributed.checkpoint.metadata\nMetadataIndex\n)\x81}X\3\0\0\0oddX\1\0\0\0asb.",
)


def two_processes(folder: Path, **given: Any) -> None:
    in_turn((folder, given))


def in_turn(*runs: tuple[Path, dict[str, Any]]) -> None:
    """Runs of two processes one after the other: starting them takes most of the time."""
    start("tests.training.runs", *(word for run in runs for word in (run[0], json.dumps(run[1]))))


def start(*words: object) -> subprocess.CompletedProcess[str]:
    """Two processes of a module; they must end well."""
    done = subprocess.run(
        [*LAUNCHER, *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def check_same(ours: Path, theirs: Path, step: int) -> None:
    """Losses within 1e-5, and weights nearly the same."""
    assert losses(ours) == pytest.approx(losses(theirs), rel=1e-5)
    check_models(*(Checkpoints(run).at(step) for run in (ours, theirs)))


def check_models(ours: Path, theirs: Path) -> None:
    found, expected = map(GPT2LMHeadModel.from_pretrained, (ours, theirs))
    for a, b in zip(found.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-3, rtol=1e-3)


def check_gradients(ours: Path, theirs: Path) -> None:
    """Each parameter's gradient within 1e-5 of its own length."""
    for found, expected in zip(*(torch.load(f / GRADIENTS) for f in (ours, theirs)), strict=True):
        assert found.keys() == expected.keys()
        for name, gradient in expected.items():
            assert gradient.norm() > 0
            assert (found[name] - gradient).norm() <= 1e-5 * gradient.norm(), name


SHORT = {**LEARNING, "steps": 8, "save_every": 4, "validate_every": 4}
# Muon for the matrices, AdamW for the rest: both states are in the shards.
SHARDED = {**SHORT, "parallel": "fsdp", "optimizer": "muon"}


def test_two_processes_do_what_one_does(tmp_path: Path) -> None:
    """All with one start of two processes, which takes the longest."""
    few = {**SHORT, "parallel": "fsdp", "steps": 3, "save_every": 0, "validate_every": 0}
    places = {name: tmp_path / name for name in ("one", "two", "sharded", "whole", "cut", "full")}
    run(places["one"], keep_gradients=3, options=SHORT)
    two_in_turn(tmp_path, [
        (places["two"], {"options": SHORT, "keep_gradients": 3}),
        (places["sharded"], {"options": few, "keep_gradients": 3}),
        (places["whole"], {"options": SHARDED}),
        (places["cut"], {"options": SHARDED, "resume": True, "cut": (places["whole"], 8)}),
        (places["full"], {"options": SHARDED, "full": True}),
    ])  # fmt: skip
    for name in ("two", "sharded"):
        check_gradients(places[name], places["one"])
    check_same(places["two"], places["one"], 8)
    check_one_goes_on(places["two"], SHORT)
    check_shards(places["whole"], places["cut"])
    check_one_goes_on(places["whole"], SHARDED)
    names = sorted(path.name for path in Checkpoints(places["full"]).folder.iterdir())
    assert names == ["lock", "step-000004"]
    assert digest(places["full"], 4) == digest(places["whole"], 4)


def test_a_text_may_take_longer_to_prepare_than_a_step(
    two: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[object] = []
    new_group, broadcast = dist.new_group, dist.broadcast_object_list

    def note_limit(**given: Any) -> Any:
        waits.append(given["timeout"])
        return new_group(**given)

    def note_group(box: list[Any], *, group: Any, **given: Any) -> None:
        waits.append(group)
        broadcast(box, group=group, **given)

    monkeypatch.setattr(dist, "new_group", note_limit)
    monkeypatch.setattr(dist, "broadcast_object_list", note_group)
    assert two.on_first(lambda: 7) == 7
    assert waits == [None]  # the group of all processes, with the patience for a step
    assert two.on_first(lambda: 8, PREPARING) == 8
    assert waits[1] == PREPARING > PATIENCE
    assert waits[2] is not None


def check_one_goes_on(two: Path, options: dict[str, Any]) -> None:
    """One process resumes from step 4 of a run of two, with the same result."""
    one = two.with_name(f"{two.name}-one")
    run(one, options=options, resume=True, cut=(str(two), 8))
    check_same(one, two, 8)


def check_shards(whole: Path, cut: Path) -> None:
    """Each process has about half of the state, and a resumed run is the uninterrupted one."""
    training = Checkpoints(whole).at(8) / TRAINING
    assert {path.name for path in training.iterdir()} == {"state.json", "optimizer"}
    sizes = [path.stat().st_size for path in (training / "optimizer").glob("*.distcp")]
    assert len(sizes) == 2
    assert max(sizes) < 0.6 * sum(sizes)
    assert digest(cut, 8) == digest(whole, 8)
    assert losses(cut) == losses(whole)


class Makes:
    """A pickle that, read without care, makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


class OldPickler(pickle._Pickler):
    """Pickles the members of enumerations as Python 3.11.0 to 3.11.3 do."""

    def reducer_override(self, made: Any) -> Any:
        return (getattr, (type(made), made.name)) if isinstance(made, Enum) else NotImplemented


def test_damaged_shards_are_told(tmp_path: Path) -> None:
    group = torch.distributed.HashStore()  # type: ignore[attr-defined]
    torch.distributed.init_process_group("gloo", store=group, rank=0, world_size=1)
    try:
        files = optimizer_shards.write(tmp_path, {"a:x": torch.arange(4.0)})
    finally:
        torch.distributed.destroy_process_group()

    def read() -> torch.Tensor:
        return optimizer_shards.read(tmp_path, lambda name, shape: torch.zeros(shape), False)["a:x"]

    assert read().tolist() == [0, 1, 2, 3]
    metadata, data = files
    content, whole = data.read_bytes(), metadata.read_bytes()
    old = io.BytesIO()
    OldPickler(old).dump(pickle.loads(whole))
    assert b"getattr" in old.getvalue()
    metadata.write_bytes(old.getvalue())
    assert read().tolist() == [0, 1, 2, 3]
    metadata.write_bytes(whole)
    data.write_bytes(content[:-100])
    with pytest.raises(CorruptFileError, match="cannot be read"):
        read()
    data.write_bytes(content)
    reaching = b"cbuiltins\ngetattr\n(ctorch\nSize\nX\x07\x00\x00\x00__new__tR."
    for wrong in (whole[:-9], pickle.dumps(os.getcwd), pickle.dumps([1]), reaching):
        metadata.write_bytes(wrong)
        with pytest.raises(CorruptFileError, match=r"\.metadata"):
            read()
    metadata.write_bytes(pickle.dumps(Makes(tmp_path / "made")))
    with pytest.raises(CorruptFileError, match="does not belong there"):
        read()
    assert not (tmp_path / "made").exists()
    for pickled in SETS_ATTRIBUTES:
        metadata.write_bytes(pickled)
        with pytest.raises(CorruptFileError, match="has no such fields"):
            read()
    assert Path.exists is EXISTS
    outside = f"../{data.name}"[: len(data.name)]
    metadata.write_bytes(whole.replace(data.name.encode(), outside.encode()))
    with pytest.raises(CorruptFileError, match="outside its folder"):
        read()
    metadata.unlink()
    with pytest.raises(MissingFileError):
        read()


def test_the_death_of_a_process_ends_the_others_with_one_error(tmp_path: Path) -> None:
    options = {**SHORT, "steps": 100_000, "save_every": 4, "validate_every": 0}
    run = tmp_path / "run"
    processes = started_together(tmp_path, [(run, {"options": options})])
    end = time.monotonic() + 100
    while not Checkpoints(run).steps() and time.monotonic() < end:
        time.sleep(0.01)
    processes[1].kill()
    processes[0].join(30)
    code = processes[0].exitcode
    processes[0].kill()
    told = told_by(tmp_path / "0.err")
    assert code == 1, told
    last = told.rstrip().splitlines()[-1]
    pid = processes[1].pid
    assert f"TrainingError: process 1 of 2 ({socket.gethostname()}, process id {pid}) has" in last
    assert "--resume" in last
    assert "gloo" not in last


@pytest.mark.slow
def test_two_sharded_processes_that_are_killed_go_on(tmp_path: Path) -> None:
    options = {**LEARNING, "steps": 60, "save_every": 5, "validate_every": 0, "parallel": "fsdp"}
    cut, whole = tmp_path / "cut", tmp_path / "whole"
    given = json.dumps({"options": options})
    child = subprocess.Popen(
        [*LAUNCHER, "tests.training.runs", str(cut), given],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )
    checkpoints, end = Checkpoints(cut), time.monotonic() + 200
    while len(checkpoints.steps()) < 2 and child.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert 5 < checkpoints.steps()[-1] < 60
    in_turn((cut, {"options": options, "resume": True}), (whole, {"options": options}))
    assert digest(cut, 60) == digest(whole, 60)
    assert [path.name for path in checkpoints.folder.iterdir() if "part" in path.name] == []


@pytest.mark.slow
@KINDS
def test_fifty_steps_of_two_processes_are_those_of_one(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    options = {**LEARNING, **options}
    trainer(tmp_path / "one", options).run()
    found = losses(tmp_path / "one")
    assert found[0] - found[-1] > 1
    two_processes(tmp_path / "two", options=options)
    check_same(tmp_path / "two", tmp_path / "one", 50)


@pytest.mark.slow
@KINDS
def test_a_run_goes_on_with_another_number_of_processes(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    options = {**LEARNING, **options}
    trainer(tmp_path / "one", options).run()
    two_processes(tmp_path / "two", options=options)
    for folder, goes_on in (("one", two_processes), ("two", _here)):
        copy = tmp_path / f"{folder}-other"
        (tmp_path / folder).rename(copy)
        whole = losses(copy)
        last = Checkpoints(copy).at(50)
        last.rename(tmp_path / f"{folder}-last")
        goes_on(copy, options=options, resume=True)
        assert losses(copy) == pytest.approx(whole, rel=1e-5)
        assert Checkpoints(copy).steps()[-1] == 50


def _here(folder: Path, **given: Any) -> None:
    trainer(folder, **given).run()


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
@pytest.mark.parametrize("how", [[], ["--lora"]], ids=["all", "lora"])
def test_finetuning_by_two_processes_is_that_of_one(
    tmp_path: Path, how: list[str], parallel: str
) -> None:
    base, pairs = tmp_path / "base", tmp_path / "pairs.jsonl"
    write_tiny(base)
    rows = [{"prompt": f"{n}?", "completion": f" {text_of(n, 2 + n % 5)}"} for n in range(40)]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    asked = ["finetune", base, pairs, *how, "--parallel", parallel, "--steps", 6, "--lr", 1e-3,
             "--batch-size", 5, "--micro-batch", 2, "--save-every", 3, "--validate-every", 3,
             "--keep", 3, "--threads", 1, "--device", "cpu", "-o"]  # fmt: skip
    one, two, cut = (tmp_path / name for name in ("one", "two", "cut"))
    done = CliRunner().invoke(cli, [str(word) for word in [*asked, one]])
    assert done.exit_code == 0, done.output
    told = start("gpt2", *asked, two)
    assert told.stdout.split() == [str(two / "model")]
    assert told.stderr.count("note: training needs about") == 1
    check_models(one / "model", two / "model")
    for kind in ("step", "validation"):
        assert losses(two, kind) == pytest.approx(losses(one, kind), rel=1e-5)
    assert losses(two)[-1] < losses(two)[0]

    shutil.copytree(two, cut)
    shutil.rmtree(Checkpoints(cut).at(6))
    start("gpt2", *asked, cut, "--resume")
    assert losses(cut) == losses(two)
    found, expected = (GPT2LMHeadModel.from_pretrained(run / "model") for run in (cut, two))
    for ours, theirs in zip(found.parameters(), expected.parameters(), strict=True):
        assert torch.equal(ours, theirs)
