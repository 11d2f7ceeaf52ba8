"""The keywords of from_pretrained: honoured, refused by name, or no keywords at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch import nn

import gpt2
from gpt2 import GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel, GPT2Model
from gpt2.config_base import WITHOUT_EFFECT
from gpt2.errors import (
    GPT2Error,
    GPT2Warning,
    MissingFileError,
    OptionError,
    UnknownOptionError,
    UnsupportedError,
    WeightError,
)
from gpt2.model.keywords import REFUSED
from tests.model.torch_pairs import SHAPE, pair, same, tokens


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of three layers, and in "best" one of two."""
    place = tmp_path_factory.mktemp("model")
    pair(torch.float32)[0].save_pretrained(place)
    pair(torch.float32, n_layer=2)[0].save_pretrained(place / "best")
    return place


@pytest.mark.parametrize("kind", [GPT2LMHeadModel, GPT2Model, gpt2.AutoModelForCausalLM])
def test_a_subfolder_is_what_is_loaded(folder: Path, kind: Any) -> None:
    assert kind.from_pretrained(folder, subfolder="best").config.n_layer == 2
    assert kind.from_pretrained(folder).config.n_layer == 3
    assert gpt2.AutoConfig.from_pretrained(folder, subfolder="best").n_layer == 2
    with pytest.raises(MissingFileError):
        kind.from_pretrained(folder, subfolder="worst")


def test_a_folders_name_may_end_in_a_slash(folder: Path) -> None:
    assert GPT2LMHeadModel.from_pretrained(folder, subfolder="best/").config.n_layer == 2


def test_a_configurations_name_is_found_as_the_weights_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[Any] = []

    def resolve(name: Any, allow_patterns: Any = None, **where: Any) -> Path:
        places.append(where)
        return folder

    monkeypatch.setattr("gpt2.hub.resolve", resolve)
    monkeypatch.setattr("gpt2.model.weights.resolve", resolve)
    where = {"revision": "v2", "cache_dir": "cache", "local_files_only": True, "token": "t"}
    GPT2LMHeadModel.from_pretrained("user/weights", config="user/configuration", **where)
    assert places == [where, where]


HONOURED: dict[str, dict[str, Any]] = {
    "dtype": {"dtype": torch.bfloat16},
    "name of a dtype": {"torch_dtype": "float16"},
    "cpu": {"device_map": "cpu"},
    "device": {"device_map": torch.device("cpu")},
    "whole": {"device_map": {"": "cpu"}},
    "configuration": {"config": GPT2Config(**SHAPE, attn_pdrop=0.25)},
    "value": {"attn_pdrop": 0.25},
    "alias": {"use_safetensors": True, "output_attentions": True},
    "labels": {"num_labels": 5},
    "eager": {"attn_implementation": "eager"},
}


@pytest.mark.parity
@pytest.mark.parametrize("said", HONOURED.values(), ids=HONOURED)
def test_what_is_honoured_gives_what_transformers_gives(
    folder: Path, tmp_path: Path, said: dict[str, Any]
) -> None:
    ours = GPT2LMHeadModel.from_pretrained(folder, **said)
    if "config" in said:
        said = {"config": transformers.GPT2Config(**SHAPE, attn_pdrop=0.25)}
    if "device_map" in said:  # transformers needs accelerate for it
        said = {}
    theirs = transformers.GPT2LMHeadModel.from_pretrained(folder, **said)
    assert ours.dtype == theirs.dtype
    assert ours.config.attn_pdrop == theirs.config.attn_pdrop
    assert ours.config.num_labels == theirs.config.num_labels
    found, wanted = ours(tokens()), theirs(tokens())
    same(found.logits.float(), wanted.logits.float(), 3e-2)
    assert [*found.keys()] == [name for name in wanted if name != "cross_attentions"]
    ours.save_pretrained(tmp_path)
    written = json.loads((tmp_path / "config.json").read_text())
    assert not {"device_map", "attn_implementation", "use_safetensors"} & set(written)


@pytest.mark.parity
@pytest.mark.parametrize("kept", ["float16", "bfloat16", "float32"])
def test_the_precision_is_the_files_own(folder: Path, tmp_path: Path, kept: str) -> None:
    GPT2LMHeadModel.from_pretrained(folder, dtype=kept).save_pretrained(tmp_path)
    theirs = transformers.GPT2LMHeadModel.from_pretrained(tmp_path)
    assert str(GPT2LMHeadModel.from_pretrained(tmp_path).dtype) == str(theirs.dtype)
    assert str(theirs.dtype) == f"torch.{kept}"
    settings = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**settings, "dtype": "float32"}))
    theirs = transformers.GPT2LMHeadModel.from_pretrained(tmp_path)
    assert GPT2LMHeadModel.from_pretrained(tmp_path).dtype == theirs.dtype == torch.float32


@pytest.mark.parametrize("name", REFUSED)
def test_what_only_transformers_does_is_refused_by_name(folder: Path, name: str) -> None:
    with pytest.raises(UnsupportedError, match=rf"^{name} is not supported: .{{12}}"):
        GPT2LMHeadModel.from_pretrained(folder, **{name: "auto"})
    unset: tuple[Any, ...] = (None, False, {}, "")
    for nothing in unset:
        GPT2LMHeadModel.from_pretrained(folder, **{name: nothing})


WRONG: dict[str, tuple[dict[str, Any], type[GPT2Error]]] = {
    "a typing error": ({"torch_dytpe": torch.float16}, UnknownOptionError),
    "another": ({"atn_pdrop": 0.3}, UnknownOptionError),
    "a hub option misspelt": ({"local_file_only": True}, UnknownOptionError),
    "attention": ({"attn_implementation": "flash_attention_2"}, UnsupportedError),
    "two devices": ({"device_map": {"lm_head": "cpu", "": "cuda:0"}}, UnsupportedError),
    "meta": ({"device_map": "meta"}, UnsupportedError),
    "does not name a device": ({"device_map": "gpu0"}, OptionError),
    "pickles": ({"use_safetensors": False}, MissingFileError),
    "weights twice": ({"state_dict": {}}, OptionError),
    "no weights": ({"config": 3}, GPT2Error),
}


@pytest.mark.parametrize(("said", "error"), WRONG.values(), ids=WRONG)
def test_a_wrong_keyword_is_one_clear_error(
    folder: Path, said: dict[str, Any], error: type[GPT2Error]
) -> None:
    for kind in (GPT2LMHeadModel, gpt2.AutoModel):
        with pytest.raises(error) as caught:
            kind.from_pretrained(folder, **said)
        assert str(caught.value).endswith(".")
    assert issubclass(UnknownOptionError, TypeError)


def test_nothing_of_the_call_is_written(folder: Path, tmp_path: Path) -> None:
    said = {name: True for name in WITHOUT_EFFECT if name != "offload_folder"}
    GPT2LMHeadModel.from_pretrained(folder, **said, device_map="cpu").save_pretrained(tmp_path)
    before = json.loads((folder / "config.json").read_text())
    assert json.loads((tmp_path / "config.json").read_text()) == before


def test_weights_may_be_given(folder: Path) -> None:
    model = GPT2LMHeadModel.from_pretrained(folder)
    state = {n: t * 2 for n, t in model.state_dict().items()}
    config = transformers.GPT2Config(**SHAPE)
    again = GPT2LMHeadModel.from_pretrained(None, config=config, state_dict=state)
    same(again.transformer.wpe.weight, model.transformer.wpe.weight * 2, 0)
    with pytest.raises(OptionError, match="without a name"):
        GPT2LMHeadModel.from_pretrained(None, config=config)


def test_defaults_of_decoding_may_be_given(folder: Path) -> None:
    for kind in (gpt2.GenerationConfig, transformers.GenerationConfig):
        said = kind(max_new_tokens=3, repetition_penalty=1.5)
        model = GPT2LMHeadModel.from_pretrained(folder, generation_config=said)
        assert model.generation_config.repetition_penalty == 1.5
        assert model.generate(tokens(), pad_token_id=0, eos_token_id=None).shape == (2, 12)


class WithProbe(GPT2LMHeadModel):
    """As people extend a model: a layer, a parameter and a buffer beside GPT-2's."""

    def __init__(self, config: GPT2Config, width: int = 7) -> None:
        super().__init__(config)
        self.probe = nn.Linear(config.n_embd, width)
        self.gain = nn.Parameter(torch.full((3,), 5.0))
        self.register_buffer("steps", torch.arange(4), persistent=False)
        self.post_init()


def test_a_subclass_begins_its_own_layers_and_says_so(folder: Path, tmp_path: Path) -> None:
    with pytest.warns(GPT2Warning, match=r"gain, probe.bias, probe.weight of WithProbe"):
        model = WithProbe.from_pretrained(folder, width=400)
    same(model(tokens()).logits, GPT2LMHeadModel.from_pretrained(folder)(tokens()).logits, 0)
    assert model.probe.weight.shape == (400, 24)
    assert 0.018 < model.probe.weight.std() < 0.022  # initializer_range, not nn.Linear's own
    assert model.probe.bias.eq(0).all()
    assert model.gain.tolist() == [5, 5, 5]
    assert model.steps.tolist() == [0, 1, 2, 3]
    model.save_pretrained(tmp_path)
    again, found = WithProbe.from_pretrained(tmp_path, width=400, output_loading_info=True)
    assert found["missing_keys"] == set()
    same(again.probe.weight, model.probe.weight, 0)
    assert json.loads((tmp_path / "config.json").read_text())["architectures"] == ["WithProbe"]
    fresh = WithProbe(GPT2Config(**SHAPE), 400)
    assert 0.018 < fresh.probe.weight.std() < 0.022


@pytest.mark.parity
def test_the_report_of_a_load(folder: Path, tmp_path: Path) -> None:
    said = {"output_loading_info": True, "num_labels": 5}
    ours, found = GPT2ForSequenceClassification.from_pretrained(folder, **said)
    theirs, wanted = transformers.GPT2ForSequenceClassification.from_pretrained(folder, **said)
    assert found["missing_keys"] == wanted["missing_keys"] == {"score.weight"}
    assert {n: len(v) for n, v in found.items()} == {n: len(v) for n, v in wanted.items()}
    assert ours.score.weight.shape == theirs.score.weight.shape
    ours.save_pretrained(tmp_path)
    said = {"output_loading_info": True, "num_labels": 4, "ignore_mismatched_sizes": True}
    _, found = GPT2ForSequenceClassification.from_pretrained(tmp_path, **said)
    _, wanted = transformers.GPT2ForSequenceClassification.from_pretrained(tmp_path, **said)
    assert [(n, *a) for n, *a in found["mismatched_keys"]] == [
        (n, *a) for n, *a in wanted["mismatched_keys"]
    ]
    with pytest.raises(WeightError, match="ignore_mismatched_sizes"):
        GPT2ForSequenceClassification.from_pretrained(tmp_path, num_labels=4)
    _, found = GPT2LMHeadModel.from_pretrained(tmp_path, output_loading_info=True)
    _, wanted = transformers.GPT2LMHeadModel.from_pretrained(tmp_path, output_loading_info=True)
    assert found["unexpected_keys"] == set(wanted["unexpected_keys"]) == {"score.weight"}


@pytest.mark.parametrize("kind", ["GPT2LMHeadModel", "GPT2Model", "GPT2ForSequenceClassification"])
def test_the_folder_names_its_class(tmp_path: Path, kind: str) -> None:
    model = getattr(gpt2, kind)(GPT2Config(**SHAPE, id2label={0: "a", 1: "b", 2: "c"}))
    model.save_pretrained(tmp_path)
    written = json.loads((tmp_path / "config.json").read_text())
    assert written["architectures"] == [kind]
    theirs = transformers.AutoConfig.from_pretrained(tmp_path)
    assert theirs.architectures == GPT2Config.from_pretrained(tmp_path).architectures == [kind]
    assert theirs.id2label == GPT2Config.from_pretrained(tmp_path).id2label == {
        0: "a", 1: "b", 2: "c"}  # fmt: skip
