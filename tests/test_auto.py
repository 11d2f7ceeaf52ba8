"""The names of transformers, in the form transformers gives them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from click.testing import CliRunner

import gpt2
from gpt2.cli.tokenizer_train import command
from gpt2.errors import GPT2Error, InputError, OptionError, UnsupportedError

PROMPTS = ["The quick brown", "fox"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random model and a tokenizer of 300 tokens, saved by this package."""
    place = tmp_path_factory.mktemp("model")
    text = place / "text.txt"
    text.write_text("The quick brown fox jumps over the lazy dog. " * 20)
    arguments = [str(text), "--vocab-size", "300", "--output", str(place)]
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
def pipes(folder: Path) -> tuple[Any, Any]:
    theirs = transformers.pipeline("text-generation", model=str(folder), device="cpu")
    return gpt2.pipeline("text-generation", model=str(folder)), theirs


CALLS: list[dict[str, Any]] = [
    {},
    {"return_full_text": False},
    {"num_beams": 3, "num_return_sequences": 2},
    {"max_new_tokens": 1},
]


@pytest.mark.parity
@pytest.mark.parametrize("options", CALLS, ids=str)
@pytest.mark.parametrize("prompts", [PROMPTS[0], PROMPTS, [PROMPTS[1]]], ids=str)
def test_pipeline_gives_what_transformers_gives(
    pipes: tuple[Any, Any], prompts: Any, options: dict[str, Any]
) -> None:
    ours, theirs = pipes
    said = {"max_new_tokens": 9, "do_sample": False, **options}
    assert ours(prompts, **said) == theirs(prompts, **said)


def test_pipeline_of_a_model_object(folder: Path) -> None:
    model = gpt2.AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = gpt2.AutoTokenizer.from_pretrained(folder)
    pipe = gpt2.pipeline("text-generation", model, tokenizer)
    said = {"max_new_tokens": 4, "do_sample": False}
    assert pipe("fox", **said) == gpt2.pipeline("text-generation", folder)("fox", **said)
    with pytest.raises(InputError, match="needs its tokenizer"):
        gpt2.pipeline("text-generation", model)
    with pytest.raises(OptionError, match="dtype"):
        gpt2.pipeline("text-generation", model, tokenizer, dtype="bfloat16")


def test_pipeline_refuses(pipes: tuple[Any, Any]) -> None:
    with pytest.raises(UnsupportedError, match="'summarization' is not here"):
        gpt2.pipeline("summarization")
    with pytest.raises(InputError, match="prompt is empty"):
        pipes[0]("")
    with pytest.raises(GPT2Error, match="new_tokenz"):
        pipes[0]("fox", max_new_tokenz=3)


def test_pipeline_stays_within_the_context(pipes: tuple[Any, Any]) -> None:
    """Without a length it writes 256 tokens, here as many as the 64 positions leave room for."""
    pipe = pipes[0]
    (out,) = pipe("fox", do_sample=False, eos_token_id=None)
    expected = pipe.tokenizer.encode("fox", return_tensors="pt")
    ids = pipe.model.generate(expected, max_length=64, do_sample=False, eos_token_id=None)
    assert out["generated_text"] == pipe.tokenizer.decode(ids[0], skip_special_tokens=True)


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
