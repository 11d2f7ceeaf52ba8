"""The command in a process of its own: what it says, signals, and what it cannot do."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.serving.conftest import httpx, new_client, soon, told
from tests.serving.test_load import ON, slow_folder

__all__ = ["slow_folder"]  # a fixture


@contextlib.contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """The command, its address, and what it said until it was ready."""
    child = subprocess.Popen(
        [sys.executable, "-m", "gpt2", "serve", *arguments, "--port", "0"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert child.stderr is not None
        said = [child.stderr.readline() for _ in range(2)]
        url = said[0].split(" on ")[1].strip()
        with new_client(url) as client:  # it says what it serves a moment before it does
            soon(lambda: client.get("/ready").status_code == 200)
        yield child, url, said
    finally:
        child.kill()
        child.wait()
        child.stderr.close()


def begun(client: Any, **more: Any) -> Any:
    body = {"prompt": [3], "max_tokens": 600, "stream": True, **ON, **more}
    stream = client.stream("POST", "/v1/completions", json=body)
    answer = stream.__enter__()
    lines = answer.iter_lines()
    first = next(lines)
    assert first.startswith("data:"), (answer.status_code, first)
    return stream, lines


def test_it_says_where_and_what_and_ends_when_streams_have(slow_folder: Path) -> None:
    with process(str(slow_folder), "--slots", "3") as (child, url, said):
        assert said[0].startswith("gpt2: listening on http://127.0.0.1:")
        assert "serving slow in fp32: a KV cache of 1 GiB" in said[1]
        assert "3 texts of up to 1024 tokens at a time" in said[1]
        with new_client(url) as client, new_client(url) as other:
            stream, lines = begun(client)
            assert other.get("/ready").status_code == 200
            child.send_signal(signal.SIGTERM)
            soon(lambda: other.get("/ready").status_code != 200)
            for answer in (other.get("/ready"),
                           other.post("/v1/completions", json={"prompt": "a"})):  # fmt: skip
                assert told(answer)[:2] == (503, "shutting_down")
                assert 1 <= int(answer.headers["retry-after"]) <= 120
            with new_client(url) as new:  # a new connection
                assert new.get("/ready").status_code == 503
            rest = [line for line in lines if line]
            assert rest[-1] == "data: [DONE]"
            assert len(rest) > 500
            stream.__exit__(None, None, None)
        assert child.wait(30) == 0


def test_a_second_signal_ends_it_at_once(slow_folder: Path) -> None:
    with process(str(slow_folder)) as (child, url, _), new_client(url) as client:
        stream, lines = begun(client, max_tokens=1000)
        child.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert child.poll() is None
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 1
        with pytest.raises(httpx.HTTPError):
            list(lines)
        with contextlib.suppress(httpx.HTTPError):
            stream.__exit__(None, None, None)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gpt2", "serve", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_what_cannot_be_served_is_one_line(tiny_folder: Path, tmp_path: Path) -> None:
    done = run(str(tmp_path / "none"), "--port", "0")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("gpt2: ")
    assert "Traceback" not in done.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(str(tiny_folder), "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2  # an option that cannot be
    assert done.stderr.count("\n") == 1
    assert "ddress already in use" in done.stderr
    done = run(str(tiny_folder), "--keep-alive", "0")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
