"""Downloads that trickle, stop, or are killed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.hub.conftest import LOAD, Run
from tests.hub.server import Hub

NAME = "openai-community/gpt2"
WEIGHTS = "model.safetensors"
IMPATIENT = (
    "from gpt2.hub import fetch, snapshot\nfetch.PATIENCE, snapshot.LISTING = 12.0, 3.0\n" + LOAD
)


def test_a_download_that_trickles_ends_and_goes_on(hub: Hub, run: Run, model: Path) -> None:
    hub.slow.add(WEIGHTS)
    result = run(NAME, code=IMPATIENT)
    assert result.returncode == 1
    assert (
        "failed: less than 64 kB arrived in 12 seconds. Completed parts are kept" in result.stderr
    )
    assert "Traceback" not in result.stderr
    hub.slow.clear()
    hub.requests.clear()
    whole = run(NAME)
    assert whole.returncode == 0, whole.stderr
    assert (Path(whole.stdout.strip()) / WEIGHTS).read_bytes() == (model / WEIGHTS).read_bytes()
    ranges = [part for method, path, part in hub.requests if method == "GET" and WEIGHTS in path]
    size = (model / WEIGHTS).stat().st_size
    assert len(ranges) == 1
    assert ranges[0] is not None
    assert int(ranges[0][6:-1]) > size // 3
    assert not list((Path(whole.stdout.strip()).parents[1] / "blobs").glob("*incomplete"))


def test_a_list_of_files_that_trickles_ends(hub: Hub, run: Run) -> None:
    hub.slow.add("listing")
    result = run(NAME, code=IMPATIENT)
    assert result.returncode == 1
    assert "HubOfflineError" in result.stderr
    assert "no complete response in 3 seconds" in result.stderr


def test_a_kill_leaves_nothing_that_was_not_compared(
    hub: Hub, run: Run, model: Path, surroundings: dict[str, str]
) -> None:
    hub.damaged.add(WEIGHTS)
    hub.slow.add("vocab.json")
    with subprocess.Popen([sys.executable, "-c", LOAD, NAME], env=surroundings) as process:
        until = time.monotonic() + 20
        while WEIGHTS not in hub.fetched() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.3)
        process.kill()
    assert WEIGHTS in hub.fetched()
    hub.damaged.clear()
    hub.slow.clear()
    whole = run(NAME)
    assert whole.returncode == 0, whole.stderr
    assert (Path(whole.stdout.strip()) / WEIGHTS).read_bytes() == (model / WEIGHTS).read_bytes()


def test_a_child_ends_with_its_parent(
    hub: Hub, surroundings: dict[str, str], tmp_path: Path
) -> None:
    hub.slow.add(WEIGHTS)
    with subprocess.Popen([sys.executable, "-c", LOAD, NAME], env=surroundings) as process:
        until = time.monotonic() + 20
        while WEIGHTS not in hub.fetched() and time.monotonic() < until:
            time.sleep(0.05)
        process.kill()
    (part,) = tmp_path.glob("**/*.gpt2.incomplete")
    time.sleep(0.5)
    there = part.stat().st_size
    time.sleep(1)
    assert part.stat().st_size == there


def test_two_at_once_fetch_a_file_once(hub: Hub, surroundings: dict[str, str], model: Path) -> None:
    command = [sys.executable, "-c", LOAD, NAME]
    both = [
        subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = {process.communicate()[0] for process in both}
    assert len(outputs) == 1
    assert [process.returncode for process in both] == [0, 0]
    assert hub.fetched().count(WEIGHTS) == 1
    folder = Path(outputs.pop().strip())
    assert (folder / WEIGHTS).read_bytes() == (model / WEIGHTS).read_bytes()


@pytest.mark.parametrize("left", [b"", b"x", b"x" * 10_000_000], ids=["none", "wrong", "too long"])
def test_whatever_an_earlier_try_has_left_the_file_is_right(
    hub: Hub, run: Run, model: Path, tmp_path: Path, left: bytes
) -> None:
    blobs = tmp_path / "cache/hub/models--openai-community--gpt2/blobs"
    blobs.mkdir(parents=True)
    hash_ = hashlib.sha256((model / WEIGHTS).read_bytes()).hexdigest()
    (blobs / f"{hash_}.gpt2.incomplete").write_bytes(left)
    result = run(NAME)
    if left == b"x":
        assert (
            "was damaged in transit (its SHA-256 differs from the hub's) and was removed: try again"
            in result.stderr
        )
        result = run(NAME)
    assert result.returncode == 0, result.stderr
    file = Path(result.stdout.strip()) / WEIGHTS
    assert file.read_bytes() == (model / WEIGHTS).read_bytes()
