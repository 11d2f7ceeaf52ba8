"""The small tokenizer of the tests of data, and a tiny model."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpora import tokenizer, tokenizer_folder
from tests.tiny import write_tiny

__all__ = ["tokenizer", "tokenizer_folder"]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_tiny(folder, n_positions=256)
    return folder
