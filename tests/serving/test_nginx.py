"""The nginx sample of deploy/: two replicas, of which one is killed."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import gpt2
from tests.conftest import ROOT
from tests.serving.conftest import httpx, new_client, soon
from tests.serving.test_completions import library
from tests.serving.test_load import ON, slow_folder
from tests.serving.test_process import process
from tests.tiny import END

__all__ = ["slow_folder"]  # a fixture
pytestmark = pytest.mark.slow


@contextlib.contextmanager
def proxy(folder: Path, *replicas: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    site = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    for number, url in enumerate(replicas):
        site = site.replace(f"127.0.0.1:{8000 + number}", url.removeprefix("http://"))
    (folder / "site.conf").write_text(site.replace("listen 8080", f"listen 127.0.0.1:{port}"))
    places = "".join(f"{name}_temp_path {folder / name};\n" for name in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))  # fmt: skip
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder / 'pid'};\nerror_log {folder / 'error'};\nevents {{}}\n"
        f"http {{ access_log off;\n{places}include {folder / 'site.conf'};\n}}\n"
    )
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error")]
    child = subprocess.Popen(command)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait(20)


def metric(url: str, name: str) -> float:
    """A number that a replica counts, asked of itself."""
    with new_client(url) as own:
        lines = own.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(f"gpt2_{name}{{"))


def test_a_stream_is_cut_and_an_answer_written_anew_where_their_replica_is_killed(
    slow_folder: Path, tmp_path: Path
) -> None:
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    folder, alike = str(slow_folder), {"x-prefix": "the same replica"}
    seeded = {"prompt": [3], "seed": 5, "max_tokens": 200, "suppress_tokens": [END]}
    with (
        process(folder) as (one, first, _),
        process(folder) as (two, second, _),
        proxy(tmp_path, first, second) as url,
        new_client(url) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        soon(lambda: is_up(client))
        body = {"prompt": [3], "max_tokens": 1000, "stream": True, **ON}
        with client.stream("POST", "/v1/completions", headers=alike, json=body) as stream:
            lines = stream.iter_lines()
            heard = [next(lines)]
            (serving,) = (at for at in (first, second) if metric(at, "num_requests_running"))
            other = second if serving == first else first
            whole = pool.submit(client.post, "/v1/completions", headers=alike, json=seeded)
            soon(lambda: metric(serving, "num_requests_running") == 2)
            (one if serving == first else two).kill()
            with pytest.raises(httpx.HTTPError):  # the connection broke: the client is told
                heard += lines
        events = [line.removeprefix("data: ") for line in heard if line]
        assert stream.status_code == 200
        assert "[DONE]" not in events
        assert not any(json.loads(event)["choices"][0]["finish_reason"] for event in events)
        answer = whole.result()
        assert answer.status_code == 200, answer.text
        options = {"max_new_tokens": 200, "suppress_tokens": [END]}
        (ids,) = library(gpt2.load(slow_folder), [3], seed=5, **options)
        assert answer.json()["choices"][0]["token_ids"] == ids
        assert metric(other, "generation_tokens_total") == 200  # all of it, and no stream's
        again = client.post("/v1/completions", headers=alike, json=seeded)
        assert again.json()["choices"] == answer.json()["choices"]


def test_one_of_two_is_killed_under_load(tiny_folder: Path, tiny: Any, tmp_path: Path) -> None:
    """Seeded answers are those of the library, whoever gave them; a stream that had begun ends
    without [DONE], and nothing else fails."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    folder = str(tiny_folder)
    with (
        process(folder) as (one, first, _),
        process(folder) as (_, second, _),
        proxy(tmp_path, first, second) as url,
        new_client(url) as client,
    ):
        soon(lambda: is_up(client))
        killed = threading.Event()
        cut, answers = [], {}

        def ask(seed: int) -> None:
            body = {"prompt": "The", "seed": seed, "max_tokens": 40}
            if seed == 60:
                one.kill()
                killed.set()
            headers = {"x-prefix": str(seed)}
            with new_client(url) as own:
                if seed % 3:
                    answers[seed] = own.post("/v1/completions", headers=headers, json=body)
                    return
                before = killed.is_set()
                lines: list[str] = []
                try:
                    with own.stream("POST", "/v1/completions", headers=headers,
                                    json={**body, "stream": True}) as stream:  # fmt: skip
                        assert stream.status_code == 200
                        lines += [line for line in stream.iter_lines() if line]
                except httpx.HTTPError:
                    lines.append("")  # the connection broke: the client is told
                if lines[-1:] != ["data: [DONE]"]:
                    cut.append(seed)
                    assert not before, "a stream was begun on a replica that had gone"

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(150)))
        assert len(answers) == 100
        for seed, answer in answers.items():
            assert answer.status_code == 200, answer.text
            (ids,) = library(tiny, "The", seed=seed, max_new_tokens=40)
            assert answer.json()["choices"][0]["token_ids"] == ids
        assert len(cut) <= 8  # those that were on it


def is_up(client: Any) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return bool(client.get("/ready").status_code == 200)
    return False


def test_seeded_requests_are_answered_by_the_other(
    tiny_folder: Path, tiny: Any, tmp_path: Path
) -> None:
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    folder = str(tiny_folder)
    with (
        process(folder) as (one, first, _),
        process(folder) as (_, second, _),
        proxy(tmp_path, first, second) as url,
        new_client(url) as client,
    ):
        soon(lambda: is_up(client))
        for seed in range(40):
            if seed == 20:
                one.kill()
            answer = client.post(
                "/v1/completions", headers={"x-prefix": str(seed)},
                json={"prompt": "The", "seed": seed, "max_tokens": 5},
            )  # fmt: skip
            assert answer.status_code == 200, answer.text
            (ids,) = library(tiny, "The", seed=seed, max_new_tokens=5)
            assert answer.json()["choices"][0]["token_ids"] == ids
        body = {"prompt": "The", "max_tokens": 5, "stream": True}
        with client.stream("POST", "/v1/completions", json=body) as stream:
            assert [line for line in stream.iter_lines() if line][-1] == "data: [DONE]"
        assert client.get("/metrics").status_code == 403
