"""The stages that train: the trunk, the rungs that decay from it, the little runs before it."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recipes.mini import measure
from recipes.mini.sources import WORK

from gpt2.files import write_json

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


def prepared(mix: str) -> Path:
    """The mix as token shards, made once."""
    folder = WORK / "tokens" / mix
    if not (folder / "manifest.json").exists():
        vocabulary = WORK / "vocabulary"
        subprocess.run(
            gpt2("prepare", WORK / f"{mix}.jsonl", "-o", folder, "--tokenizer", vocabulary),
            check=True,
        )
    return folder


def train(run: Path, mix: str, minutes: float, **options: Any) -> bool:
    """Train, or go on, for at most so many minutes; whether the run came to its end."""
    options = {**COMMON, **options}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    start = ["--resume", "--allow-changes"] if (run / "checkpoints").exists() else []
    end = time.monotonic() + 60 * minutes
    child = subprocess.Popen(gpt2("train", prepared(mix), "-o", run, *start, *words))
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
        WORK / "trunk", "trunk", asked.minutes, **SHAPE, lr=LR, schedule="constant", warmup=60,
        steps=steps, threads=asked.threads,
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
            run, mix, asked.minutes, **SHAPE, lr=LR, schedule="wsd", warmup=60, steps=steps,
            threads=asked.threads, decay=part / (1 + part),
            **{"min-lr": 0.0, "validate-every": 0, "sample-every": 100, "save-minutes": 5},
        )  # fmt: skip


def scaling(asked: argparse.Namespace) -> None:
    """Little runs that differ in one thing each, compared by bits a byte of the held-out texts."""
    rows = ROWS // 2  # so that little text is steps enough
    steps = round(asked.tokens * 1e6 / rows / CONTEXT)
    base: dict[str, Any] = {**SHAPE, "lr": LR, "batch-size": rows}
    found = []
    changes: dict[str, dict[str, Any]] = {
        "as the trunk": {},
        "twice the rate": {"lr": 2 * LR},
        "narrower, deeper": {"layers": 8, "width": 256, "heads": 4},
    }
    for name, change in changes.items():
        run = WORK / "scaling" / name.replace(" ", "-").replace(",", "")
        if not (run / "model").exists():
            train(run, "trunk", asked.minutes, **{**base, **change}, steps=steps, schedule="wsd",
                  threads=asked.threads, **{"min-lr": 0.0, "validate-every": 0})  # fmt: skip
        found.append({"run": name, **base, **change, **measure.held_out(run / "model", asked.data)})
        print(json.dumps(found[-1]))
    write_json(WORK / "scaling.json", found)


STAGES: dict[str, Callable[[argparse.Namespace], None]] = {
    "trunk": trunk, "rung": rung, "scaling": scaling,
}  # fmt: skip
