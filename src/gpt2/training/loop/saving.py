"""Checkpoints written and read by all processes of a run together.

If the weights are sharded, each process writes its own part of the optimiser state; otherwise the
first process writes all of it. The first process always writes the model files, gathered tensor by
tensor.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from gpt2.errors import WeightError, WriteError
from gpt2.training.checkpoints import optimizer_shards
from gpt2.training.checkpoints.model_files import ModelFiles
from gpt2.training.checkpoints.store import (
    TRAINING,
    Checkpoints,
    State,
    read_optimizer,
    write_optimizer,
)
from gpt2.training.loop.distributed import full_tensor
from gpt2.training.loop.step import Stepper


def save(checkpoints: Checkpoints, files: ModelFiles, stepper: Stepper, state: State) -> None:
    """Write a checkpoint atomically; all processes must call it.

    Raises `WriteError` in all of them; the earlier checkpoints are untouched.
    """
    processes = stepper.processes
    model = gather(files.tensors(), processes.first)
    folder = processes.on_first(lambda: checkpoints.begin(state.step)) / TRAINING
    try:
        _save_optimizer(folder, stepper)
        write = partial(files.write, tensors=model)
        processes.on_first(lambda: checkpoints.complete(state, write))
    except BaseException:
        if processes.first:
            checkpoints.abandon(state.step)
        raise


def _save_optimizer(folder: Path, stepper: Stepper) -> None:
    processes, optimizer = stepper.processes, stepper.optimizer.state()
    if not stepper.sharded:
        processes.on_first(lambda: write_optimizer(folder, gather(optimizer)))
        return
    made = optimizer_shards.write(folder / optimizer_shards.FOLDER, optimizer)

    def check() -> None:
        if absent := [path for path in made if not path.exists()]:
            raise WriteError(
                f"{absent[0]} was written by another process but does not exist here: the run's "
                "folder must be shared by all machines."
            )

    processes.on_first(check)


def read_weights(files: ModelFiles, folder: Path) -> None:
    """Load the weights of a checkpoint, before they are sharded.

    Raises `WeightError` if they belong to a different model, or to adapters of a different rank.
    """
    tensors = files.read(folder)
    with torch.no_grad():
        for name, tensor in files.tensors().items():
            there = tensors.get(name)
            if there is None or there.shape != tensor.shape:
                shape = "is not" if there is None else f"is {list(there.shape)}"
                raise WeightError(
                    f"{folder}: {name} {shape} there, but {list(tensor.shape)} is expected: the "
                    "run cannot resume with another model, or with adapters of another rank or "
                    "other targets."
                )
            tensor.copy_(there)


def restore(stepper: Stepper, folder: Path, state: State) -> None:
    """Restore the state of a checkpoint other than its weights; all processes must call it.

    Raises `CorruptFileError`, `MissingFileError`, `WeightError`.
    """
    optimizer, shards = stepper.optimizer, folder / TRAINING / optimizer_shards.FOLDER
    if shards.is_dir():
        optimizer.load(optimizer_shards.read(shards, optimizer.room, stepper.processes.ranks > 1))
    else:
        optimizer.load(read_optimizer(folder))
    if stepper.scale.active:
        stepper.scale.value, stepper.scale.good = state.scale, state.good_steps


def gather(tensors: Mapping[str, Tensor], keep: bool = True) -> dict[str, Tensor]:
    """Gather tensors, which may be sharded, on the CPU; all processes must call it.

    A process that does not ``keep`` them does not hold them in memory either.
    """
    full_tensors = {}
    for name, tensor in tensors.items():
        if keep or hasattr(tensor, "full_tensor"):
            full = full_tensor(tensor)
            if keep:
                full_tensors[name] = full
    return full_tensors
