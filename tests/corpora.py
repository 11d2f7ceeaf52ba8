"""A small tokenizer and small corpora for the tests of data and training."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from gpt2.tokenizer import GPT2Tokenizer, train_tokenizer

PROSE = "the quick brown fox jumps over a lazy dog 白日 依山尽 黄河 入海流 and then, it's late!"
WORDS = PROSE.split()


def text_of(seed: int, words: int = 60) -> str:
    """A document that depends on the seed alone."""
    chance = random.Random(seed)
    return f"{seed}: " + " ".join(chance.choices(WORDS, k=words)) + ".\n"


@pytest.fixture(scope="session")
def tokenizer() -> GPT2Tokenizer:
    return train_tokenizer([text_of(n) for n in range(50)], 320)


@pytest.fixture(scope="session")
def tokenizer_folder(tokenizer: GPT2Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with 40 text files."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02d}.txt").write_text(text_of(number), "utf-8")
    return folder
