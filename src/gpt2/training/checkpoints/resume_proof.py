"""Proves that a resumed run equals an uninterrupted one: it runs both and compares them."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from gpt2.errors import OptionError, TrainingError
from gpt2.training.checkpoints.store import OPTIMIZER, TRAINING, Checkpoints

STEPS, SAVE_EVERY = 12, 4  # defaults; the run is killed once the first checkpoint exists
OWN = {"--steps": 1, "--save-every": 1, "-o": 1, "--output": 1, "--prove-resume": 0,
       "--resume": 0, "--overwrite": 0}  # fmt: skip


def prove(arguments: Sequence[str], run: Path, steps: int = STEPS) -> bool:
    """Train ``steps`` steps without interruption, then again with a kill and a resume.

    Args:
        arguments: the command-line arguments after ``gpt2``.
        run: the folder that holds both runs while they last.

    Prints the hashes of weights and optimiser state and the verdict, and returns the verdict.

    Raises:
        OptionError: under torchrun.
        TrainingError: a run failed.
    """
    if "RANK" in os.environ:
        raise OptionError("--prove-resume starts its own processes: run it without torchrun.")
    run.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".prove-", dir=run))
    command = [sys.executable, "-m", "gpt2", *_without(arguments), "--steps", str(steps),
               "--save-every", str(SAVE_EVERY), "--keep", "1"]  # fmt: skip
    try:
        _say(f"{steps} steps, uninterrupted")
        _finish([*command, "-o", str(folder / "whole")])
        _say(f"the same, killed (SIGKILL) after the checkpoint of step {SAVE_EVERY}")
        killed_after = _kill_after_checkpoint([*command, "-o", str(folder / "killed")],
                                              Checkpoints(folder / "killed"))  # fmt: skip
        _say(f"resumed from step {killed_after}")
        _finish([*command, "-o", str(folder / "killed"), "--resume"])
        hashes = [_hash(Checkpoints(folder / name).at(steps)) for name in ("whole", "killed")]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"uninterrupted       {hashes[0]}")
    print(f"killed and resumed  {hashes[1]}")
    same = hashes[0] == hashes[1]
    print("identical, bit for bit" if same else "NOT identical")
    return same


def _without(arguments: Sequence[str]) -> list[str]:
    """The arguments without those that `prove` sets itself."""
    kept, skip = [], 0
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        if skip:
            skip -= 1
        elif name in OWN:
            skip = 0 if equals else OWN[name]
        else:
            kept.append(argument)
    return kept


def _finish(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise TrainingError(f"a run of the proof failed: {done.stderr.strip()[-2000:]}")


def _kill_after_checkpoint(command: Sequence[str], checkpoints: Checkpoints) -> int:
    """Kill the command once its first checkpoint exists; returns that checkpoint's step."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not checkpoints.steps():
            if child.poll() is not None:
                raise TrainingError(f"a run of the proof exited early: {child.returncode}.")
            time.sleep(0.005)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    return checkpoints.steps()[-1]


def _hash(folder: Path) -> str:
    """The SHA-256 of a checkpoint's weights and optimiser state."""
    total = hashlib.sha256()
    for path in (*sorted(folder.glob("*.safetensors")), folder / TRAINING / OPTIMIZER):
        total.update(path.read_bytes())
    return total.hexdigest()


def _say(line: str) -> None:
    print(f"note: {line}", file=sys.stderr)
