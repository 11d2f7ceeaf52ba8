from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from gpt2.config import GPT2Config
from gpt2.errors import (
    CorruptFileError,
    GPT2Warning,
    MissingFileError,
    OptionError,
    UnsupportedError,
    WriteError,
)
from gpt2.generation import GenerationConfig
from gpt2.generation.config import off_value
from gpt2.loading import load
from gpt2.model import GPT2LMHeadModel
from gpt2.options import spec_of
from tests.generation import tiny_models

OURS = {"seed", "long", "presence_penalty", "frequency_penalty"}  # options transformers has not


@pytest.mark.parity
def test_names_and_defaults_are_theirs() -> None:
    theirs = transformers.GenerationConfig()
    defaults = theirs._get_default_generation_params()
    for field in dataclasses.fields(GenerationConfig):
        if field.name in OURS:
            continue
        assert hasattr(theirs, field.name), field.name
        want = defaults.get(field.name)
        if want is not None:
            assert field.default == want, field.name
    known = {f.name for f in dataclasses.fields(GenerationConfig)}
    for name, value in vars(theirs).items():  # none is unknown, all at their defaults pass
        assert name in known or GenerationConfig(**{name: value}).to_dict() == {}


def test_every_option_has_help_and_an_off_value_that_is_allowed() -> None:
    for field in dataclasses.fields(GenerationConfig):
        assert spec_of(field).help.endswith((".", ")")), field.name
        off = off_value(field.name)
        if off is not None:
            assert GenerationConfig(**{field.name: off})


def test_none_is_the_default() -> None:
    config = GenerationConfig(top_k=None, temperature=None, eos_token_id=None)
    assert (config.top_k, config.temperature, config.eos_token_id) == (50, 1.0, None)
    assert config.to_dict() == {}
    config.top_k = 7
    assert config.to_dict() == {"top_k": 7}
    config.top_k = None  # type: ignore[assignment]
    assert config.top_k == 50


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temprature": 1.0}, "Did you mean 'temperature'"),
        ({"temperature": 0.0}, "do_sample=False"),
        ({"temperature": "hot"}, "temperature must be a number, found 'hot'"),
        ({"temperature": float("nan")}, "temperature must be a number"),
        ({"top_p": 1.5}, "top_p must be at least 0 and at most 1, found 1.5"),
        ({"top_k": -1}, "top_k must be at least 0"),
        ({"top_k": True}, "top_k must be an integer"),
        ({"max_new_tokens": 0}, "max_new_tokens must be at least 1"),
        ({"num_beams": 0}, "num_beams must be at least 1"),
        ({"early_stopping": "soon"}, "early_stopping must be"),
        ({"long": "forever"}, "long must be"),
        ({"num_return_sequences": 2}, "greedy decoding has only one result"),
        ({"num_return_sequences": 3, "num_beams": 2}, "at most num_beams"),
        ({"bad_words_ids": [[]]}, "at least one token id"),
        ({"bad_words_ids": [3]}, "bad_words_ids must be a list of lists of integers"),
        ({"bad_words_ids": [["a"]]}, "bad_words_ids must be a list of lists of integers"),
        ({"sequence_bias": {5: -1.0}}, "sequence_bias must be {.ids, ...."),
        ({"sequence_bias": {(5,): "a"}}, "sequence_bias must be"),
        ({"sequence_bias": {("a",): 1.0}}, "sequence_bias must be"),
        ({"sequence_bias": {(): 1.0}}, "sequence_bias must be"),
        ({"sequence_bias": [[5, 1.0]]}, "sequence_bias must be"),
        ({"sequence_bias": [[[5], 1.0, 2]]}, "sequence_bias must be"),
        ({"sequence_bias": [5]}, "sequence_bias must be"),
        ({"exponential_decay_length_penalty": ("a", 1.5)}, "must be \\(start, factor\\)"),
        ({"exponential_decay_length_penalty": (1.5, 1.5)}, "must be \\(start, factor\\)"),
        ({"suppress_tokens": [1.5]}, "suppress_tokens must be a list of integers"),
        ({"suppress_tokens": 5}, "suppress_tokens must be a list of integers"),
        ({"exponential_decay_length_penalty": (1,)}, "must be \\(start, factor\\)"),
        ({"suppress_tokens": [4], "forced_eos_token_id": 4}, "remove it from one of them"),
        ({"repetition_penalty": 0}, "repetition_penalty must be above 0"),
    ],
)
def test_a_bad_option_is_one_clear_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        GenerationConfig(**options)
    with pytest.raises(OptionError, match=message):
        tiny_models.ours().generate([3], **options)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_beam_groups", 2), ("diversity_penalty", 0.5), ("penalty_alpha", 0.6),
        ("dola_layers", "high"), ("constraints", [1]), ("force_words_ids", [[3]]),
        ("guidance_scale", 1.5), ("output_attentions", True), ("token_healing", True),
        ("inputs_embeds", torch.zeros(1, 2, 3)), ("past_key_values", object()),
    ],
)  # fmt: skip
def test_what_only_transformers_has_says_so(name: str, value: Any) -> None:
    with pytest.raises(UnsupportedError, match=f"{name} .*transformers"):
        tiny_models.ours().generate([3], **{name: value})


def test_values_of_arrays_become_plain() -> None:
    config = GenerationConfig(
        top_k=np.int64(3), eos_token_id=torch.tensor([2, 3]), suppress_tokens=(4, 5)
    )
    assert config.to_dict() == {"top_k": 3, "eos_token_id": [2, 3], "suppress_tokens": [4, 5]}
    words = GenerationConfig(bad_words_ids=[np.array([5]), torch.tensor([6, 7])]).bad_words_ids
    assert words == [[5], [6, 7]]
    biases = GenerationConfig(sequence_bias={(np.int64(5),): np.float32(0.5)}).sequence_bias
    assert biases == {(5,): 0.5}


def test_files_go_both_ways(tmp_path: Path) -> None:
    options = {
        "do_sample": True, "temperature": 0.7, "top_k": 5, "eos_token_id": [2, 3],
        "sequence_bias": {(4, 5): 1.5, (6,): -np.inf}, "max_new_tokens": 9,
        "early_stopping": "never", "num_beams": 2,
    }  # fmt: skip
    GenerationConfig(**options).save_pretrained(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["generation_config.json"]
    again = GenerationConfig.from_pretrained(tmp_path)
    assert again.to_dict() == options | {"sequence_bias": [[[4, 5], 1.5], [[6], -np.inf]]}
    theirs = transformers.GenerationConfig.from_pretrained(tmp_path)
    assert (theirs.temperature, theirs.eos_token_id) == (0.7, [2, 3])
    theirs.save_pretrained(tmp_path)
    assert GenerationConfig.from_pretrained(tmp_path).to_dict() == again.to_dict()


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        GenerationConfig.from_pretrained(tmp_path)
    path = tmp_path / "generation_config.json"
    for content in ("{", "[]"):
        path.write_text(content)
        with pytest.raises(CorruptFileError):
            GenerationConfig.from_pretrained(tmp_path)
    with pytest.raises(WriteError):
        GenerationConfig().save_pretrained(path)  # a file is where the folder should be


@pytest.mark.parametrize(
    "options",
    [
        {"top_k": 3}, {"temperature": 0.5}, {"top_p": 0.5}, {"seed": 1}, {"min_p": 0.1},
        {"early_stopping": True}, {"length_penalty": 2.0}, {"output_scores": True},
        {"max_length": 9}, {"min_length": 1, "min_new_tokens": 1},
        {"num_assistant_tokens": 3}, {"max_matching_ngram_size": 5},
    ],
    ids=str,
)  # fmt: skip
def test_an_option_without_effect_warns(options: dict[str, Any]) -> None:
    with pytest.warns(GPT2Warning, match=f"{next(iter(options))}=.* has no effect"):
        tiny_models.ours().generate([3], max_new_tokens=2, **options)
    tiny_models.ours().generate([3], max_new_tokens=2, top_k=50, temperature=1.0)  # no warning


def test_options_of_drafts_have_an_effect() -> None:
    engine = tiny_models.ours()
    engine.generate([3], max_length=3, assistant_model=engine, num_assistant_tokens=3)
    list(engine.stream([3], max_length=3, assistant_model=engine, num_assistant_tokens=3))
    engine.generate([3], max_length=3, prompt_lookup_num_tokens=2, max_matching_ngram_size=5)


def test_a_call_counts_before_its_config_before_the_models() -> None:
    engine = tiny_models.ours(3)
    engine.generation_config.update(max_new_tokens=7)
    try:
        assert engine.generate([3], eos_token_id=None).shape == (1, 8)
        given = GenerationConfig(max_new_tokens=5)
        assert engine.generate([3], given, eos_token_id=None).shape == (1, 6)
        out = engine.generate([3], given, eos_token_id=None, max_new_tokens=3)
        assert out.shape == (1, 4)
    finally:
        engine.generation_config.max_new_tokens = None
    assert engine.generation_config.eos_token_id == 2
    assert engine.generate([3], eos_token_id=None).shape == (1, 21)


def test_a_config_of_transformers_works_too() -> None:
    engine = tiny_models.ours(4)
    theirs = transformers.GenerationConfig(max_new_tokens=3, eos_token_id=[60])
    for config in (theirs, GenerationConfig(max_new_tokens=3, eos_token_id=[60])):
        want = engine.generate([3], max_new_tokens=3, eos_token_id=[60]).tolist()
        assert engine.generate([3], config).tolist() == want
        assert list(engine.stream([3], generation_config=config)) == want[0][1:]
    engine.generation_config = theirs
    assert engine.generation_config.to_dict() == {"max_new_tokens": 3, "eos_token_id": [60]}
    assert engine.generate([3]).tolist() == want
    theirs.guidance_scale = 1.5
    with pytest.warns(GPT2Warning, match="guidance_scale"), pytest.raises(UnsupportedError):
        engine.generate([3], theirs)
    unusable: list[Any] = [{"max_new_tokens": 3}, 7]
    for wrong in unusable:
        with pytest.raises(OptionError, match="generation_config must be a GenerationConfig"):
            engine.generate([3], wrong)
        with pytest.raises(OptionError, match="generation_config must be a GenerationConfig"):
            engine.stream([3], generation_config=wrong)
        with pytest.raises(OptionError, match="generation_config must be a GenerationConfig"):
            engine.generation_config = wrong


@pytest.mark.parity
def test_none_in_a_call_switches_off_as_theirs() -> None:
    ids = tiny_models.prompt()
    peer, ours = tiny_models.peer(), tiny_models.on_torch()
    options = {"do_sample": True, "max_new_tokens": 30, "top_k": None, "eos_token_id": None}
    torch.manual_seed(1)
    theirs = peer.generate(ids, attention_mask=torch.ones_like(ids), **options)
    torch.manual_seed(1)
    assert theirs.tolist() == ours.generate(ids, **options).tolist()


def test_a_folder_carries_the_models_own_options(tmp_path: Path) -> None:
    model = GPT2LMHeadModel(GPT2Config(**tiny_models.SHAPE))
    model.generation_config.update(max_new_tokens=3, no_repeat_ngram_size=2)
    model.save_pretrained(tmp_path)
    want = {"bos_token_id": 1, "eos_token_id": 2, "max_new_tokens": 3, "no_repeat_ngram_size": 2}
    engines = ["reference", "torch", "native"]
    for again in (load(tmp_path, engine=name) for name in engines):
        assert again.generation_config.to_dict() == want
    theirs = transformers.GPT2LMHeadModel.from_pretrained(tmp_path).generation_config
    assert (theirs.max_new_tokens, theirs.eos_token_id) == (3, 2)
