"""A small training run, for the tests and, as a program, for the processes they start.

python -m tests.training.runs FOLDER '{"options": {...}, "resume": true, ...}' [FOLDER ...]
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import resource
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gpt2 import GPT2Config, GPT2LMHeadModel
from gpt2.errors import WriteError
from gpt2.options import fields_of
from gpt2.training.checkpoints import optimizer_shards
from gpt2.training.checkpoints.store import OPTIMIZER, TRAINING, Checkpoints
from gpt2.training.config import Start, TrainingConfig
from gpt2.training.inputs.batches import Batch, Whole, Windows
from gpt2.training.loop.distributed import full_tensor
from gpt2.training.loop.trainer import Trainer

V, LENGTH = 64, 16
SMALL: dict[str, Any] = {"steps": 8, "batch_size": 6, "lr": 3e-3, "warmup": 2, "validate_every": 4,
                         "save_every": 4, "sample_every": 0, "threads": 1}  # fmt: skip


class Cycle:
    """Tokens with something to learn: each is one of two that follow from the one before."""

    def __init__(self, count: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.ids = np.zeros(count, np.int64)
        for at, turn in enumerate(random.integers(0, 2, count - 1)):
            self.ids[at + 1] = (5 * self.ids[at] + 1 + 7 * turn) % V

    def __len__(self) -> int:
        return len(self.ids)

    def run(self, start: int, length: int) -> np.ndarray:
        return self.ids[start : start + length]


def model_of(**shape: Any) -> GPT2LMHeadModel:
    torch.manual_seed(1)
    none = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    small = {"vocab_size": V, "n_positions": LENGTH, "n_embd": 32, "n_layer": 2, "n_head": 2}
    return GPT2LMHeadModel(GPT2Config(**{**small, **none, **shape, "eos_token_id": 0}))


def trainer(folder: Path, options: dict[str, Any] | None = None, **given: Any) -> Trainer:
    config = TrainingConfig(**{**SMALL, **(options or {})})
    shape = given.pop("shape", {})
    start = Start(**{name: given.pop(name) for name in fields_of(Start, given)})
    source = Windows(Cycle(4000, 0), LENGTH, config.batch_size, config.seed)
    held = Whole(Cycle(500, 1), LENGTH, 8)
    return Trainer(
        given.pop("model", None) or model_of(**shape),
        source,
        config,
        folder,
        start=start,
        **{"held": held, "show": False, "from_scratch": True, **given},
    )


def rows_of(count: int) -> Batch:
    ids = np.random.default_rng(0).integers(0, V, (count, LENGTH + 1))
    return Batch(ids[:, :-1], ids[:, 1:])


def digest(folder: Path, step: int) -> str:
    """A hash of the weights and the optimiser after a step."""
    place = Checkpoints(folder).at(step)
    total = hashlib.sha256((place / "model.safetensors").read_bytes())
    if (place / TRAINING / OPTIMIZER).exists():
        total.update((place / TRAINING / OPTIMIZER).read_bytes())
        return total.hexdigest()
    found = optimizer_shards.read(
        place / TRAINING / optimizer_shards.FOLDER, lambda _, shape: torch.zeros(shape), False
    )
    for name, tensor in sorted(found.items()):
        total.update(name.encode() + tensor.numpy().tobytes())
    return total.hexdigest()


def losses(folder: Path, kind: str = "step") -> list[float]:
    """Of the steps, or validations, from the log."""
    lines = (folder / "metrics.jsonl").read_text("utf-8").splitlines()
    records = map(json.loads, lines)
    return [record["loss"] for record in records if record["kind"] == kind]


GRADIENTS = "gradients.pt"


def run(
    folder: Path,
    *,
    keep_gradients: int = 0,
    cut: tuple[str, int] | None = None,
    full: bool = False,
    **given: Any,
) -> None:
    """A run of `trainer`.

    Args:
        keep_gradients: of how many first steps they are kept in the folder, before they are
            shortened.
        cut: another run, and the step of its last checkpoint: this one resumes from what was there
            before that.
        full: the disk of the second process is full at the second checkpoint, and that stops it.
    """
    if cut is not None and os.environ.get("RANK", "0") == "0":
        shutil.copytree(cut[0], folder)
        shutil.rmtree(Checkpoints(folder).at(cut[1]))
    made = trainer(folder, **given)
    stepper = made.stepper
    kept: list[Any] = []
    norm = stepper._norm

    def noted() -> float:
        if len(kept) < keep_gradients:
            named = stepper.optimizer.named.items()
            kept.append({name: full_tensor(p.grad).clone() for name, p in named})
        return norm()

    stepper._norm = noted  # type: ignore[method-assign]
    if full:
        _run_until_full(made)
    else:
        made.run()
    if keep_gradients and made.processes.first:
        torch.save(kept, folder / GRADIENTS)


def _run_until_full(made: Trainer) -> None:
    """The second process cannot write more than 5 kB at the second checkpoint; all know of it."""
    write, times = optimizer_shards.write, itertools.count(1)

    def limited(*arguments: Any) -> Any:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        if next(times) == 2 and not made.processes.first:
            resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))
        try:
            return write(*arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimizer_shards, "write", limited)
        with pytest.raises(WriteError, match=r"could not be written.*step 4 is intact"):
            made.run()


if __name__ == "__main__":
    for place, words in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        run(Path(place), **json.loads(words))
