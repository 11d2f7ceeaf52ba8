"""The names of transformers, in the form transformers gives them."""

from __future__ import annotations

import inspect
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


# Methods whose parameters differ from transformers' on purpose.
OWN = {
    "push_to_hub",  # always an error that names the command
    "register",  # of `abc` here
}


def test_required_parameters_have_transformers_names() -> None:
    found = []
    for kind in gpt2.__all__:
        ours, theirs = getattr(gpt2, kind), getattr(transformers, kind, None)
        if not (inspect.isclass(ours) and inspect.isclass(theirs)):
            continue
        for name in {n for n in dir(theirs) if not n.startswith("_")} - OWN:
            mine, own = getattr(ours, name, None), getattr(theirs, name)
            if all(inspect.isfunction(f) or inspect.ismethod(f) for f in (mine, own)):
                known = inspect.signature(mine).parameters
                found += [
                    f"{kind}.{name} lacks {parameter.name}"
                    for parameter in inspect.signature(own).parameters.values()
                    if parameter.name not in known
                    and parameter.default is parameter.empty
                    and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
                ]
    assert not found


def test_the_arguments_that_scripts_give(folder: Path) -> None:
    name: dict[str, Any] = {
        "pretrained_model_name_or_path": folder, "trust_remote_code": False, "use_fast": True,
        "cache_dir": None, "revision": "main", "token": None, "force_download": False,
    }  # fmt: skip
    tokenizer = gpt2.AutoTokenizer.from_pretrained(**name)
    assert "force_download" not in tokenizer.init_kwargs
    del name["use_fast"]
    config, unused = gpt2.AutoConfig.from_pretrained(**name, return_unused_kwargs=True, other=1)
    assert (config.n_embd, unused) == (24, {"other": 1})
    assert gpt2.GPT2Config.get_config_dict(**name)[1] == {}
    assert gpt2.AutoModel.from_pretrained(**name, config=config).config.n_embd == 24


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
    gpt2.set_seed(7, deterministic=True)
    try:
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
    assert draw() == first
