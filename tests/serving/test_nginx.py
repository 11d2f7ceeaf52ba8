"""The nginx sample of deploy/: two replicas, of which one is killed."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.serving.conftest import httpx, new_client, soon
from tests.serving.test_completions import library
from tests.serving.test_process import process

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
