"""config.json as people have it: types are held to, on every engine alike; old names do no harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers

from gpt2.checkpoint import read_checkpoint
from gpt2.config import GPT2Config
from gpt2.errors import ConfigError, MissingFileError, UnknownOptionError
from gpt2.loading import load
from tests.tiny import write_tiny

WRONG = [
    ("scale_attn_weights", None),
    ("scale_attn_by_inverse_layer_idx", "false"),
    ("tie_word_embeddings", "no"),
    ("reorder_and_upcast_attn", 1),
    ("use_cache", None),
    ("n_layer", True),
    ("n_layer", 2.0),
    ("n_head", "4"),
    ("n_inner", 2.5),
    ("layer_norm_epsilon", "1e-5"),
    ("layer_norm_epsilon", True),
    ("initializer_range", None),
    ("resid_pdrop", None),
    ("attn_pdrop", False),
    ("activation_function", None),
    ("activation_function", ["gelu"]),
    ("bos_token_id", "5"),
    ("eos_token_id", [1, None]),
    ("eos_token_id", 5.0),
    ("pad_token_id", [1]),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=str)
def test_a_value_of_the_wrong_type(tmp_path: Path, name: str, value: Any) -> None:
    """As transformers, which refuses all of these but a number in a truth value's place of it."""
    write_tiny(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    messages = set()
    for engine in ("native", "torch", "reference"):
        with pytest.raises(ConfigError, match=f"{name} must be ") as caught:
            load(tmp_path, engine=engine)
        messages.add(str(caught.value))
    assert len(messages) == 1


@pytest.mark.parametrize("value", [0, -1, 2**31, 2**64, 10**400])
@pytest.mark.parametrize("name", ["n_layer", "n_inner", "n_embd"])
def test_sizes_have_bounds(name: str, value: int) -> None:
    with pytest.raises(ConfigError, match=f"{name} must be from 1 to 2,147,483,647") as caught:
        GPT2Config(**{name: value})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, -1e-5])
def test_epsilon_is_a_number_above_0(value: float) -> None:
    with pytest.raises(ConfigError, match="layer_norm_epsilon must be above 0"):
        GPT2Config(layer_norm_epsilon=value)


def test_numbers_of_numpy_are_numbers() -> None:
    config = GPT2Config(
        n_layer=np.int64(3),
        eos_token_id=[np.int32(4)],
        layer_norm_epsilon=np.float64(1e-6),
        scale_attn_weights=np.bool_(False),
    )
    assert (config.n_layer, config.eos_token_id) == (3, [4])
    assert json.loads(config.to_json_string())["scale_attn_weights"] is False


@pytest.mark.parametrize("first", ["n_ctx", "n_positions"])
def test_n_ctx_does_not_count_beside_n_positions(first: str) -> None:
    values = {"n_ctx": 5, "n_positions": 64}
    ordered = {name: values[name] for name in sorted(values, key=lambda name: name != first)}
    config = GPT2Config.from_dict(ordered)
    assert config.n_positions == 64
    assert GPT2Config.from_dict({"n_ctx": 5}).n_positions == 5
    assert GPT2Config.from_dict({"n_embd": 32, "hidden_size": 64, "n_head": 1}).n_embd == 32
    assert config.replace(n_ctx=5).n_positions == 64
    assert GPT2Config.from_dict({"n_positions": 64}, n_ctx=5).n_positions == 64


@pytest.mark.parity
def test_values_beside_those_of_a_file() -> None:
    values = {"n_layer": 3, "num_labels": 4}
    more = {"n_head": 2, "hidden_size": 8, "return_unused_kwargs": True, "other": 1}
    (ours, left), (theirs, rest) = (
        kind.from_dict(values, **more) for kind in (GPT2Config, transformers.GPT2Config)
    )
    assert left == rest == {"other": 1}
    for name in ("n_layer", "n_head", "n_embd", "num_labels"):
        assert getattr(ours, name) == getattr(theirs, name)
    with pytest.raises(UnknownOptionError, match="no value 'other'"):
        GPT2Config.from_dict(values, other=1)


@pytest.mark.parity
def test_a_file_has_only_values_that_transformers_writes() -> None:
    known = {*transformers.GPT2Config().to_dict()}
    assert {*GPT2Config().to_dict()} <= known


@pytest.mark.parametrize("engine", ["native", "torch", "reference"])
def test_minus_one_is_no_token(tmp_path: Path, engine: Any) -> None:
    ids = {"bos_token_id": -1, "eos_token_id": [-1, 7], "pad_token_id": -1}
    write_tiny(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **ids}))
    model = load(tmp_path, engine=engine)
    own = model.generation_config
    assert (own.bos_token_id, own.eos_token_id, own.pad_token_id) == (None, [7], None)
    assert model.config.eos_token_ids == (7,)
    assert model.config.to_dict()["pad_token_id"] == -1  # what the file says is kept
    assert model.generate([[5, 77]], max_new_tokens=2).shape == (1, 4)
    with pytest.raises(ConfigError, match="pad_token_id must be a valid token id"):
        GPT2Config(pad_token_id=2**64)


def test_a_folder_that_trainer_wrote_is_told_what_it_lacks(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    (tmp_path / "config.json").unlink()
    for read in (GPT2Config.from_pretrained, read_checkpoint):
        with pytest.raises(MissingFileError, match=r"config\.json does not exist\..*Trainer"):
            read(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(MissingFileError, match=r"does not exist\.$"):
        GPT2Config.from_json_file(tmp_path / "config.json")
