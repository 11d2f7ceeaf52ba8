"""Fixtures shared by all tests."""

from __future__ import annotations

import ast
import gc
import os
import signal
import subprocess
from functools import cache
from pathlib import Path

import pytest

import tests.examples  # noqa: F401  the profiles of hypothesis
from gpt2.machine import processors

ROOT = Path(__file__).resolve().parent.parent

# No test asks the network: for seconds the hub would be asked for each name that is no model.
# tests/hub and tests/tools have a hub of their own, in processes that know no other.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# Ctrl-C is tested here and in children, also where a shell started the tests with it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many tests wait for a process or a server."""
    return processors() + 1


def pytest_collection_finish() -> None:
    """Exempt torch and the thousands of collected tests from later garbage collections."""
    gc.collect()
    gc.freeze()


@cache
def tree(path: Path) -> ast.Module:
    """What a file of Python says."""
    return ast.parse(path.read_text("utf-8"))


def listed() -> set[str]:
    """The files git has, and new ones it would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return {name for name in done.stdout.split("\0") if name and (ROOT / name).exists()}


def _data_folder() -> Path | None:
    named = os.environ.get("GPT2_DATA")
    places = [Path(named)] if named else [ROOT.parent / "shared" / "data"]
    return next((place for place in places if place.is_dir()), None)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data; a test that asks for it is skipped where it is absent."""
    folder = _data_folder()
    if folder is None:
        pytest.skip("no real data here: set GPT2_DATA to the folder that holds it")
    return folder


@pytest.fixture(scope="session")
def gpt2_vocabulary(data_folder: Path) -> Path:
    """The folder with GPT-2's own encoder.json and vocab.bpe."""
    return data_folder / "tokenizer"
