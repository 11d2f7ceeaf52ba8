"""GPT2Config has what transformers' configuration has, beside it."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers

import gpt2
from gpt2.errors import ConfigError, MissingFileError, UnknownOptionError, UnsupportedError

KINDS = (gpt2.GPT2Config, transformers.GPT2Config)
SHAPE = {"n_layer": 2, "n_embd": 24, "n_head": 3, "vocab_size": 67, "n_positions": 32}


def both(**values: Any) -> tuple[Any, Any]:
    ours, theirs = (kind(**SHAPE, **values) for kind in KINDS)
    return ours, theirs


READ = (
    "model_type", "is_encoder_decoder", "num_labels", "id2label", "label2id", "architectures",
    "output_attentions", "output_hidden_states", "return_dict", "problem_type", "hidden_size",
    "num_hidden_layers", "name_or_path", "_name_or_path", "attribute_map", "use_return_dict",
    "keys_to_ignore_at_inference", "summary_type", "summary_first_dropout", "add_cross_attention",
    "chunk_size_feed_forward", "dtype",
)  # fmt: skip
VALUES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "labels": {"num_labels": 3},
    "names": {"id2label": {0: "no", 1: "yes", 2: "?"}, "label2id": {"no": 0, "yes": 1, "?": 2}},
    "text keys": {"id2label": {"0": "no"}, "label2id": {"no": 0}},
    "inside": {"output_attentions": True, "output_hidden_states": True},
    "problem": {"problem_type": "regression", "num_labels": 1},
}


@pytest.mark.parity
@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_values_are_transformers(tmp_path: Path, values: dict[str, Any]) -> None:
    ours, theirs = both(**values)
    for name in READ:
        found, wanted = getattr(ours, name), getattr(theirs, name)
        assert (dict(found) if isinstance(wanted, dict) else found) == wanted, name
    ours.save_pretrained(tmp_path)
    for kind in KINDS:
        again = kind.from_pretrained(tmp_path)
        assert again.num_labels == theirs.num_labels
        assert again.output_attentions == theirs.output_attentions
        assert again.problem_type == theirs.problem_type
    assert not [
        name for name in json.loads((tmp_path / "config.json").read_text()) if name[0] == "_"
    ]


@pytest.mark.parity
def test_setting_values_does_what_it_does_there() -> None:
    ours, theirs = both()
    for config in (ours, theirs):
        config.num_labels = 4
        config.update({"n_layer": 5, "output_attentions": True})
        config.name_or_path = "here"
    assert ours.id2label == theirs.id2label
    assert ours.label2id == theirs.label2id
    assert (ours.n_layer, ours.output_attentions, ours._name_or_path) == (5, True, "here")
    assert ours.get_text_config(decoder=True) is ours
    for again in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours)), ours.replace()):
        assert again.to_dict() == ours.to_dict()
        assert again.name_or_path == "here"


@pytest.mark.parity
def test_files_and_dictionaries(tmp_path: Path) -> None:
    ours, theirs = both(num_labels=3)
    written, wanted = ours.to_diff_dict(), theirs.to_diff_dict()
    there = {"transformers_version", "architectures"}
    usual = {n: v for n, v in wanted.items() if n in written}
    assert {n: written[n] for n in usual if n not in there} == {
        n: v for n, v in usual.items() if n not in there}  # fmt: skip
    ours.to_json_file(tmp_path / "c.json")
    assert gpt2.GPT2Config.from_json_file(tmp_path / "c.json").to_dict() == ours.to_dict()
    assert json.loads(ours.to_json_string(use_diff=False)) == json.loads(ours.to_json_string())
    assert gpt2.GPT2Config.from_pretrained(tmp_path / "c.json").num_labels == 3


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    shape = {name: np.int64(value) for name, value in SHAPE.items()}
    ids = {"eos_token_id": [np.int32(3), np.int64(4)], "pad_token_id": np.int64(5)}
    config = gpt2.GPT2Config(**shape, **ids, attn_pdrop=np.float32(0.5), tie=np.bool_(True))
    assert config.to_dict() == gpt2.GPT2Config(**SHAPE, eos_token_id=[3, 4], pad_token_id=5,
                                               attn_pdrop=0.5, tie=True).to_dict()  # fmt: skip
    config.save_pretrained(tmp_path)
    assert gpt2.GPT2Config.from_pretrained(tmp_path).to_dict() == config.to_dict()


def test_loading_takes_values_and_places(tmp_path: Path) -> None:
    gpt2.GPT2Config(**SHAPE).save_pretrained(tmp_path / "in")
    read = gpt2.GPT2Config.from_pretrained
    assert read(tmp_path, subfolder="in", n_layer=7, hidden_size=48).n_embd == 48
    config, rest = read(tmp_path / "in", n_layer=7, foo=1, return_unused_kwargs=True)
    assert (config.n_layer, rest) == (7, {"foo": 1})
    with pytest.raises(UnknownOptionError, match="'n_layr'"):
        read(tmp_path / "in", n_layr=3)
    with pytest.raises(MissingFileError):
        read(tmp_path / "nowhere")
    with pytest.raises(UnsupportedError, match="hf upload"):
        config.push_to_hub("me/model")
    for wrong in (0, "3", True, 2.0):
        with pytest.raises(ConfigError, match="num_labels"):
            gpt2.GPT2Config(num_labels=wrong)
    for labels in ({"a": "b"}, ["no", "yes"]):
        with pytest.raises(ConfigError, match="id2label"):
            gpt2.GPT2Config(id2label=labels)
