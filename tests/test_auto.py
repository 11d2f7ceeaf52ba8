"""The names of transformers, in the form transformers gives them."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from click.testing import CliRunner

import gpt2
from gpt2.cli.tokenizer_train import command


def saved(place: Path) -> Path:
    """A small random model and a tokenizer of 300 tokens, saved by this package."""
    text = place / "text.txt"
    text.write_text("The quick brown fox jumps over the lazy dog. " * 20)
    arguments = [str(text), "--vocab-size", "300", "--output", str(place), "--overwrite"]
    learned = CliRunner().invoke(command, arguments)
    assert learned.exit_code == 0, learned.output
    size = len(gpt2.GPT2Tokenizer.from_pretrained(place))
    end = size - 1
    torch.manual_seed(0)
    shape = {"n_positions": 64, "n_embd": 24, "n_layer": 2, "n_head": 3}
    config = gpt2.GPT2Config(vocab_size=size, bos_token_id=end, eos_token_id=end, **shape)
    model = gpt2.GPT2LMHeadModel(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 0, 0.3)
    model.save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("model"))


def test_auto_classes(folder: Path) -> None:
    config = gpt2.AutoConfig.from_pretrained(folder)
    assert isinstance(config, gpt2.GPT2Config)
    assert config.n_embd == 24
    assert gpt2.AutoConfig.from_pretrained(folder, use_cache=False).use_cache is False
    assert type(gpt2.AutoModel.from_pretrained(folder)) is gpt2.GPT2Model
    model = gpt2.AutoModelForCausalLM.from_pretrained(folder, dtype="bfloat16")
    assert type(model) is gpt2.GPT2LMHeadModel
    assert model.dtype == torch.bfloat16
    tokenizer = gpt2.AutoTokenizer.from_pretrained(folder)
    assert isinstance(tokenizer, gpt2.GPT2Tokenizer)
    assert tokenizer.decode(tokenizer.encode("The fox")) == "The fox"


def test_set_seed_seeds_all() -> None:
    def draw() -> tuple[float, float, float]:
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    gpt2.set_seed(7)
    first = draw()
    assert draw() != first
    gpt2.set_seed(7)
    assert draw() == first
    transformers.set_seed(7)
    assert draw() == first
