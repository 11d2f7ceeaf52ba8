"""Checkpoints of a run: ordinary model folders, each with the training state needed to resume.

    RUN/checkpoints/step-000250/          config.json, model.safetensors, tokenizer: a model folder
    RUN/checkpoints/step-000250/training/ state.json; optimizer.safetensors, or for a sharded run
                                          optimizer/ with one file per process (`optimizer_shards`)
    RUN/model/                            at the end: the best, or without validation the last

A checkpoint is written under a temporary name, fsynced and renamed, so a checkpoint under its final
name is complete no matter when the process was killed. The optimiser state is stored by parameter
name, and any number of processes can resume from either form of it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
from collections.abc import Callable, Mapping
from io import FileIO
from pathlib import Path
from typing import Any

from torch import Tensor

from gpt2.checkpoint.mapped import read_safetensors, write_safetensors
from gpt2.errors import CorruptFileError, MissingFileError, OptionError
from gpt2.files import atomic_folder, exists, reported, write_json
from gpt2.files.locks import lock
from gpt2.files.records import read_record
from gpt2.files.writing import PART
from gpt2.training.config import Start, TrainingConfig

FOLDER, TRAINING, MODEL, ADAPTER = "checkpoints", "training", "model", "adapter"
LOCK = "lock"  # in FOLDER
STATE, OPTIMIZER = "state.json", "optimizer.safetensors"
NAME = re.compile(r"step-(\d{6,})")
REPORTS = ("report.md", "report.json")
FORMAT = "gpt2 training 1"


@dataclasses.dataclass
class State:
    """The state of a run apart from its weights and optimiser state.

    Attributes:
        step: the number of completed steps.
        config: the training options.
        data: identifies the training data, for example by hash.
        micro_batch, threads: the values in use; other values would change the last bits.
        ranks: the number of processes.
        scale, good_steps: of the fp16 loss scaling.
        best: the lowest validation loss and its step.
        stale: the number of validations since the best one.
        versions: of the libraries that computed it.
    """

    step: int
    config: dict[str, Any]
    data: dict[str, Any]
    micro_batch: int
    threads: int
    ranks: int
    scale: float = 1.0
    good_steps: int = 0
    best: dict[str, float] | None = None
    stale: int = 0
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    format: str = FORMAT

    def __post_init__(self) -> None:
        if min(self.step, self.stale) < 0 or min(self.micro_batch, self.threads, self.ranks) < 1:
            raise CorruptFileError("it is not the state of a training run.")
        if self.best is not None and {"step", "loss"} - self.best.keys():
            raise CorruptFileError("best must have a step and its loss.")


class Checkpoints:
    """The checkpoints in a run's folder."""

    def __init__(self, run: Path) -> None:
        self.run, self.folder = run, run / FOLDER
        self._lock: FileIO | None = None
        self._made: list[Path] = []  # the folders that `reserve` made

    def steps(self) -> list[int]:
        """The steps of the existing checkpoints, in ascending order."""
        if not (exists(self.folder) and self.folder.is_dir()):
            return []
        matches = (NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(int(match[1]) for match in matches if match)

    def at(self, step: int) -> Path:
        """The folder of a step's checkpoint."""
        return self.folder / f"step-{step:06d}"

    def last(self) -> Path:
        """The newest checkpoint. Raises `MissingFileError`."""
        steps = self.steps()
        if not steps:
            raise MissingFileError(f"{self.run} has no checkpoint to resume from.")
        return self.at(steps[-1])

    def reserve(self, start: Start) -> None:
        """Lock the folder against other writers until `release`; nothing in it changes.

        Raises `OptionError` if another process trains here (`BusyError`), and what `check` raises.
        """
        if self._lock is not None:
            return
        if not exists(self.folder / LOCK):
            self.check(start)  # before a folder is made
        self._made = [p for p in (self.folder, *self.folder.parents) if not exists(p)]
        with reported(self.run):
            self.folder.mkdir(parents=True, exist_ok=True)
        if self.folder.is_symlink():
            raise OptionError(
                f"{self.folder} is a symbolic link: make the run's own folder the link instead."
            )
        self._lock = lock(self.folder / LOCK, f"Another process is training in {self.run}.")
        try:
            self.check(start)  # another process may have trained here in between
        except BaseException:
            self.release()
            raise

    def take(self, start: Start) -> None:
        """Lock the folder as `reserve` does; with ``start.overwrite``, remove the run in it."""
        self.reserve(start)
        if start.overwrite:
            with reported(self.run):
                for step in self.steps():
                    shutil.rmtree(self.at(step))
                for name in (MODEL, ADAPTER):
                    shutil.rmtree(self.run / name, ignore_errors=True)
                for name in REPORTS:
                    (self.run / name).unlink(missing_ok=True)

    def check(self, start: Start) -> None:
        """Raise `MissingFileError` if there is nothing to resume from, `OptionError` if a run or a
        model would be lost."""
        steps = self.steps()
        models = [self.run / name for name in (MODEL, ADAPTER) if exists(self.run / name)]
        if start.resume:
            self.last()
        elif steps and not start.overwrite:
            raise OptionError(
                f"{self.run} contains a run of {steps[-1]} steps: use --resume to resume it, "
                "--overwrite to start over, or choose another folder."
            )
        elif models and not start.overwrite:
            raise OptionError(
                f"{models[0]} exists, and the run would replace it: choose another folder, or use "
                "--overwrite to remove it."
            )

    def keeps(self, path: Path) -> bool:
        """Whether a run in this folder overwrites or removes a file or folder."""
        folders = (self.folder, self.run / MODEL, self.run / ADAPTER)
        return any(path.resolve().is_relative_to(place.resolve()) for place in folders)

    def release(self) -> None:
        """Unlock the folder; it is removed if it was made for a run that has saved nothing."""
        if self._lock is None:
            return
        with contextlib.suppress(OSError):  # what is not empty stays
            if self._made and [path.name for path in self.folder.iterdir()] == [LOCK]:
                (self.folder / LOCK).unlink()
                for path in self._made:
                    path.rmdir()
        self._lock.close()
        self._lock = None

    def begin(self, step: int) -> Path:
        """Make the empty folders of a checkpoint, under a temporary name until `complete`.

        Raises `WriteError`.
        """
        part = self._part(step)
        with reported(part):
            shutil.rmtree(part, ignore_errors=True)
            (part / TRAINING).mkdir(parents=True)
        return part

    def complete(self, state: State, model: Callable[[Path], None]) -> Path:
        """Add the model and the state to a checkpoint that was begun, fsync it and rename it.

        ``model`` writes its files into the folder that it receives. Raises `WriteError`.
        """
        target, part = self.at(state.step), self._part(state.step)
        with reported(target):
            model(part)
            write_json(part / TRAINING / STATE, dataclasses.asdict(state))
            _flush(part)
            shutil.rmtree(target, ignore_errors=True)
            part.replace(target)
            _flush_folder(self.folder)
        return target

    def abandon(self, step: int) -> None:
        """Remove a checkpoint that was begun."""
        shutil.rmtree(self._part(step), ignore_errors=True)

    def _part(self, step: int) -> Path:
        target = self.at(step)
        return target.with_name(target.name + PART)

    def tidy(self, keep: int, best: int | None = None) -> None:
        """Remove all but the last ``keep`` and the best, and any that a kill left incomplete."""
        steps = self.steps()
        for step in steps[:-keep]:
            if step != best:
                path = self.at(step)  # renamed first: no partial one has a valid name
                shutil.rmtree(path.replace(path.with_name(path.name + PART)), ignore_errors=True)
        for path in self.folder.glob(f"*{PART}"):
            shutil.rmtree(path, ignore_errors=True)

    def publish(self, step: int) -> Path:
        """Copy a checkpoint's model to RUN/model, atomically."""
        target = self.run / MODEL
        with atomic_folder(target, whole=True) as part:
            _copy(self.at(step), part)
            _flush(part)
        return target


def _copy(source: Path, target: Path) -> None:
    """Copy a folder without its training state. `shutil.copytree` would collect all errors."""
    target.mkdir(exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.is_dir() and path.name != TRAINING:
            _copy(path, target / path.name)
        elif path.is_file():
            shutil.copyfile(path, target / path.name)


def read_state(folder: Path) -> State:
    """Read the state in a checkpoint. Raises `MissingFileError`, `CorruptFileError`."""
    return read_record(State, folder / TRAINING / STATE, FORMAT)


def write_optimizer(folder: Path, state: Mapping[str, Tensor]) -> None:
    """Write the unsharded optimiser state into a checkpoint's training folder.

    Raises `WriteError`.
    """
    with reported(folder):
        write_safetensors(folder / OPTIMIZER, state)


def read_optimizer(folder: Path) -> dict[str, Tensor]:
    """The optimiser state in a checkpoint, memory-mapped from the file."""
    stored = read_safetensors(folder / TRAINING / OPTIMIZER)
    return {name: tensor.torch() for name, tensor in stored.items()}


def differences(state: State, config: TrainingConfig, data: Mapping[str, Any]) -> list[str]:
    """The changes to options and data that make a resumed run a different run, in words."""
    changes = TrainingConfig.from_dict(state.config).changes(config)
    words = [f"{name} ({before!r}, now {now!r})" for name, (before, now) in changes.items()]
    for name in sorted({*state.data, *data}):
        before, now = state.data.get(name), data.get(name)
        if before != now:
            words.append(f"data: {name} ({_short(before)}, now {_short(now)})")
    return words


def _short(value: Any) -> str:
    return str(value)[:16]


def _flush(folder: Path) -> None:
    """Fsync the files of a folder, so that they are not empty after the rename."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            _flush_folder(path)
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
