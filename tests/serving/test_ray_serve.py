"""The sample of deploy/ for Ray Serve: two replicas of the app, the same answers.

pip install 'ray[serve]'; pytest -m slow tests/serving/test_ray_serve.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks.replicas import RAY, free_port
from benchmarks.serving.servers import running

from tests.conftest import ROOT
from tests.serving.conftest import new_client
from tests.serving.test_completions import library

pytestmark = pytest.mark.slow
pytest.importorskip("ray.serve")


def test_two_replicas_give_the_librarys_tokens(
    tiny_folder: Path, tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "GPT2_MODEL", str(tiny_folder))
    port = free_port()
    command = [sys.executable, "-c", RAY, str(ROOT), str(port)]
    with running(command, port, "/ready"), new_client(f"http://127.0.0.1:{port}") as client:
        for seed in range(12):
            body = {"prompt": "The", "seed": seed, "max_tokens": 5}
            answer = client.post("/v1/completions", json=body)
            assert answer.status_code == 200, answer.text
            (ids,) = library(tiny, "The", seed=seed, max_new_tokens=5)
            assert answer.json()["choices"][0]["token_ids"] == ids
        with client.stream("POST", "/v1/completions", json={**body, "stream": True}) as stream:
            assert [line for line in stream.iter_lines() if line][-1] == "data: [DONE]"
