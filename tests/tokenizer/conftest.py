"""The same vocabulary in our tokenizer and in the libraries it is compared with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, cast

import pytest

from gpt2.tokenizer import BPE, GPT2Tokenizer
from gpt2.tokenizer.bpe import to_bytes


@pytest.fixture(scope="session")
def folder(gpt2_vocabulary: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GPT-2's vocabulary under transformers' names."""
    place = tmp_path_factory.mktemp("gpt2")
    shutil.copy(gpt2_vocabulary / "encoder.json", place / "vocab.json")
    shutil.copy(gpt2_vocabulary / "vocab.bpe", place / "merges.txt")
    return place


@pytest.fixture(scope="session")
def tokenizer(folder: Path) -> GPT2Tokenizer:
    """Shared: a test that changes it takes `fresh`."""
    return cast(GPT2Tokenizer, GPT2Tokenizer.from_pretrained(folder))


@pytest.fixture
def fresh(folder: Path) -> GPT2Tokenizer:
    return cast(GPT2Tokenizer, GPT2Tokenizer.from_pretrained(folder))


@pytest.fixture(scope="session")
def peer(folder: Path) -> Any:
    transformers = pytest.importorskip("transformers")
    return transformers.GPT2TokenizerFast.from_pretrained(folder)


@pytest.fixture
def fresh_peer(folder: Path) -> Any:
    transformers = pytest.importorskip("transformers")
    return transformers.GPT2TokenizerFast.from_pretrained(folder)


@pytest.fixture(scope="session")
def slow_twin(tokenizer: GPT2Tokenizer) -> BPE:
    vocab = {to_bytes(token): i for token, i in tokenizer.get_vocab().items()}
    return BPE(vocab, [(to_bytes(a), to_bytes(b)) for a, b in tokenizer._merges])


@pytest.fixture
def small(tmp_path: Path) -> GPT2Tokenizer:
    """The 256 bytes, two merges and end-of-text: what needs no real data."""
    from gpt2.tokenizer.bpe import byte_to_unicode

    signs = [*byte_to_unicode().values(), "he", "hel", "<|endoftext|>"]
    return GPT2Tokenizer({s: i for i, s in enumerate(signs)}, [("h", "e"), ("he", "l")])
