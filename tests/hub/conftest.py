"""A hub of our own with one tiny model in it, and a run of Python that knows no other."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.checkpoint.small import peer
from tests.conftest import ROOT
from tests.hub.server import Hub
from tests.warm import WarmPython

Run = Callable[..., "subprocess.CompletedProcess[str]"]
LOAD = """
import sys
from gpt2.errors import GPT2Error
from gpt2.hub import resolve
try:
    print(resolve(sys.argv[1], revision=sys.argv[2] if len(sys.argv) > 2 else None))
except GPT2Error as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hub") / "model"
    peer().save_pretrained(folder)
    (folder / "vocab.json").write_text('{"a": 0, "b": 1}')
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return folder


@pytest.fixture
def hub(model: Path) -> Iterator[Hub]:
    server = Hub()
    server.repos["openai-community/gpt2"] = model
    server.renamed["gpt2"] = "openai-community/gpt2"
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def surroundings(hub: Hub, tmp_path: Path) -> dict[str, str]:
    """Of a process whose hub is ours and whose cache is empty at first."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGINGFACE_"))}
    ours = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "cache"),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1", "NO_PROXY": "*", "HF_HUB_DISABLE_XET": "1",
            "PYTHONPATH": str(ROOT / "src")}  # fmt: skip
    return kept | ours


@pytest.fixture(scope="session")
def python() -> Iterator[WarmPython]:
    """huggingface_hub reads its environment when it is imported, so each run imports it."""
    warm = WarmPython("numpy", "gpt2.files", "huggingface_hub.hf_api", anew="huggingface_hub")
    yield warm
    warm.close()


@pytest.fixture
def run(surroundings: dict[str, str], python: WarmPython) -> Run:
    """Run code in a fresh process."""

    def _run(*arguments: str, code: str = LOAD, **more: str) -> subprocess.CompletedProcess[str]:
        return python.run(code, *arguments, env=surroundings | more)

    return _run
