"""The stages that train: the trunk, the rungs that decay from it, the little runs before it."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recipes.mini.sources import WORK

LOCK = Path("/tmp/gpt2-timing.lock")  # while it is there something is timed, and training waits
SHAPE = {"layers": 6, "width": 320, "heads": 5}
ROWS, CONTEXT, LR = 32, 512, 0.006
STEP_TOKENS = ROWS * CONTEXT
DECAYS = {"tasks": 0.25, "plain": 0.125}  # steps of a decay, as a part of the trunk's
COMMON = {
    "context": CONTEXT, "batch-size": ROWS, "micro-batch": 8, "precision": "bf16",
    "optimizer": "muon", "prompt": "Once upon a time", "sample-tokens": 100, "keep": 1,
}  # fmt: skip


def gpt2(*words: object) -> list[str]:
    """The command line of the package."""
    return [sys.executable, "-m", "gpt2", *map(str, words)]


def prepared(mix: str, vocabulary: str = "vocabulary") -> Path:
    """The mix as token shards of a vocabulary in `WORK`, made once."""
    folder = WORK / "tokens" / (mix if vocabulary == "vocabulary" else f"{mix}-{vocabulary}")
    if not (folder / "manifest.json").exists():
        words = ("-o", folder, "--tokenizer", WORK / vocabulary)
        subprocess.run(gpt2("prepare", WORK / f"{mix}.jsonl", *words), check=True)
    return folder


def train(run: Path, tokens: Path, minutes: float, **options: Any) -> bool:
    """Train, or resume, for at most so many minutes; returns whether the run is complete."""
    options = {**COMMON, **options}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    start = ["--resume", "--allow-changes"] if (run / "checkpoints").exists() else []
    end = time.monotonic() + 60 * minutes
    child = subprocess.Popen(gpt2("train", tokens, "-o", run, *start, *words))
    while child.poll() is None:
        wait_for_timing(child)
        if time.monotonic() > end:
            child.send_signal(signal.SIGTERM)
            end = float("inf")
        time.sleep(2)
    if child.returncode not in (0, 143):
        raise SystemExit(f"training ended with {child.returncode}")
    return child.returncode == 0


def wait_for_timing(child: subprocess.Popen[bytes]) -> None:
    """Hold the training while something is timed."""
    if LOCK.exists():
        os.kill(child.pid, signal.SIGSTOP)
        while LOCK.exists():
            time.sleep(1)
        os.kill(child.pid, signal.SIGCONT)


def trunk(asked: argparse.Namespace) -> None:
    """The trunk, at a constant rate."""
    steps = round(asked.tokens * 1e6 / STEP_TOKENS)
    train(
        WORK / "trunk", prepared("trunk"), asked.minutes, **SHAPE, lr=LR, schedule="constant",
        warmup=60, steps=steps, threads=asked.threads,
        **{"validate-every": 200, "sample-every": 200, "save-minutes": 5},
    )  # fmt: skip


def rung(asked: argparse.Namespace) -> None:
    """From the trunk's last checkpoint the rate falls to zero, twice: on plain text, and with the
    tasks."""
    last = sorted((WORK / "trunk/checkpoints").glob("step-*"))[-1]
    done = int(last.name.split("-")[1])
    for mix, part in DECAYS.items():
        run = WORK / asked.name / mix
        steps = done + round(part * done)
        if not run.exists():
            shutil.copytree(WORK / "trunk", run, ignore=shutil.ignore_patterns("model", "*.png"))
        train(
            run, prepared(mix), asked.minutes, **SHAPE, lr=LR, schedule="wsd", warmup=60,
            steps=steps, threads=asked.threads, decay=part / (1 + part),
            **{"min-lr": 0.0, "validate-every": 0, "sample-every": 100, "save-minutes": 5},
        )  # fmt: skip


STAGES: dict[str, Callable[[argparse.Namespace], None]] = {
    "trunk": trunk, "rung": rung,
}  # fmt: skip
