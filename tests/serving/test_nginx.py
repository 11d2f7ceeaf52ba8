"""The nginx sample of deploy/: two replicas, of which one is killed."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
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

        def up() -> bool:
            with contextlib.suppress(httpx.HTTPError):
                return bool(client.get("/ready").status_code == 200)
            return False

        soon(up)
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
