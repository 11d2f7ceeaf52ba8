"""The article's snippet, word for word but for its import, over a hub of our own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpt2.extras import install
from gpt2.hub import bundled_models
from tests.hub.conftest import Run
from tests.hub.server import Hub
from tests.tiny import peer
from tests.warm import WarmPython

SNIPPET = """
from transformers import GPT2LMHeadModel, GPT2Tokenizer
tokenizer = GPT2Tokenizer.from_pretrained('gpt2')
model = GPT2LMHeadModel.from_pretrained('gpt2')
input_ids = tokenizer.encode("The quick brown fox", return_tensors="pt")
output = model.generate(input_ids, max_length=50, num_return_sequences=1)
print(tokenizer.decode(output[0], skip_special_tokens=True))
"""
OURS = SNIPPET.replace("from transformers import", "from gpt2 import")
NO_TORCH = "import sys\nsys.modules['torch'] = None\n"
CLOSED = {"HF_ENDPOINT": "http://127.0.0.1:9"}  # the discard port: nobody listens


def random_gpt2(folder: Path, vocabulary: Path, **shape: int) -> Path:
    """GPT-2's own vocabulary and random weights, files as on the hub."""
    peer(shape, std=0.1).save_pretrained(folder)
    shutil.copy(vocabulary / "encoder.json", folder / "vocab.json")
    shutil.copy(vocabulary / "vocab.bpe", folder / "merges.txt")
    return folder


@pytest.fixture(scope="module")
def model(gpt2_vocabulary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GPT-2, narrower and with two layers."""
    folder = tmp_path_factory.mktemp("snippet") / "gpt2"
    return random_gpt2(folder, gpt2_vocabulary, n_layer=2, n_embd=96)


@pytest.fixture(scope="module")
def python() -> Iterator[WarmPython]:
    """With torch."""
    warm = WarmPython("torch", "regex", "huggingface_hub.hf_api", anew="huggingface_hub")
    yield warm
    warm.close()


@pytest.mark.parity
def test_the_text_is_that_of_transformers(hub: Hub, run: Run, model: Path) -> None:
    theirs = run(code=SNIPPET)
    assert theirs.returncode == 0, theirs.stderr
    assert theirs.stdout.startswith("The quick brown fox")
    assert len(theirs.stdout) > 100
    ours = run(code=OURS, HF_HOME=str(model.parent / "another cache"))
    assert ours.stdout == theirs.stdout, ours.stderr
    assert "gpt2: downloading gpt2: 21 MB" in ours.stderr
    local = run(code=OURS.replace("'gpt2'", repr(str(model))), **CLOSED)
    assert local.stdout == theirs.stdout, local.stderr


@pytest.mark.slow
@pytest.mark.parity
def test_at_the_size_of_gpt2(hub: Hub, run: Run, gpt2_vocabulary: Path, tmp_path: Path) -> None:
    hub.repos["openai-community/gpt2"] = random_gpt2(tmp_path / "whole", gpt2_vocabulary)
    theirs, ours = run(code=SNIPPET), run(code=OURS)
    assert theirs.returncode == 0, theirs.stderr
    assert ours.stdout == theirs.stdout, ours.stderr


def last_line(run: Run, code: str, **environment: str) -> str:
    """What a user reads at the end of the traceback, and the snippet's line before it."""
    result = run(code=code, **environment)
    assert result.returncode == 1
    assert result.stdout == ""
    return result.stderr.strip().split("\n")[-1]


def test_without_torch(run: Run) -> None:
    error = last_line(run, NO_TORCH + OURS)
    assert error.startswith("gpt2.errors.MissingDependencyError: ")
    assert install("torch") in error
    assert "gpt2.load(" in error  # what works without it
    assert all(name in error for name in bundled_models()[:1])


@pytest.mark.parametrize("environment", [CLOSED, {"HF_HUB_OFFLINE": "1"}])
def test_without_a_network(run: Run, environment: dict[str, str]) -> None:
    error = last_line(run, OURS, **environment)
    assert error.startswith("gpt2.errors.HubOfflineError: ")
    assert "hf download gpt2" in error
    assert all(repr(name) in error for name in bundled_models()[:1])
