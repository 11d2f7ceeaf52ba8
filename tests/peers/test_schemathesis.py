"""schemathesis throws what the description allows, and what it does not, at a server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("schemathesis")

from tests.serving.conftest import running, tiny_folder

__all__ = ["tiny_folder"]  # a fixture
pytestmark = pytest.mark.parity


def test_no_request_is_a_servers_error(tiny_folder: Any, tmp_path: Path) -> None:
    with running(tiny_folder, max_seconds=60.0) as server:
        done = subprocess.run(
            [Path(sys.executable).with_name("schemathesis"), "run", server.url + "/openapi.json",
             "--checks", "not_a_server_error,response_schema_conformance",
             "--max-examples", os.environ.get("EXAMPLES", "20"), "--seed", "1",
             "--phases", "examples,fuzzing", "--exclude-path", "/v1/tasks/write",  # minutes each
             "--request-timeout", "100", "--no-color"],
            capture_output=True, text=True, timeout=1200, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-6000:]
        assert server.ask(prompt="The", max_tokens=1)["choices"]
