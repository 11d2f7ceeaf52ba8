"""Files of other programs: a model loads with any of them, and generates as transformers does."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from gpt2.config import GPT2Config
from gpt2.errors import GPT2Error, GPT2Warning, MissingFileError, OptionError, UnsupportedError
from gpt2.generation import GenerationConfig
from gpt2.loading import load
from gpt2.model import GPT2LMHeadModel
from tests.generation import tiny_models

pytestmark = pytest.mark.parity
transformers.logging.set_verbosity_error()
IDS = tiny_models.prompt(2, seed=4)
ENGINES = ["reference", "torch", "native"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = GPT2LMHeadModel(GPT2Config(**tiny_models.SHAPE))
    weights = {n: v.float() for n, v in tiny_models.peer().state_dict().items()}
    model.load_state_dict(weights)
    model.save_pretrained(tmp_path)
    (tmp_path / "generation_config.json").unlink()
    return tmp_path


def change(path: Path, **values: Any) -> None:
    before = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**before, **values}))


def theirs_of(folder: Path, **options: Any) -> Any:
    model = transformers.GPT2LMHeadModel.from_pretrained(folder)
    return model.generate(IDS, attention_mask=torch.ones_like(IDS), **options)


OF_OLD_MODELS: list[dict[str, Any]] = [
    {"num_beams": 3},
    {"num_beams": 4, "num_return_sequences": 2, "early_stopping": True, "length_penalty": 2.0},
    {"max_length": 12},
    {"no_repeat_ngram_size": 1},
    {"repetition_penalty": 1.5, "min_length": 9},
    {"bad_words_ids": [[49]], "max_new_tokens": 6},
    {"eos_token_id": [49, 2]},
    {"pad_token_id": -1},
    {"temperature": 0.7, "top_k": 10},
]


@pytest.mark.filterwarnings("ignore:Using the model-agnostic", "ignore:config.json")
@pytest.mark.parametrize("options", OF_OLD_MODELS, ids=str)
def test_options_of_config_json_are_obeyed(folder: Path, options: dict[str, Any]) -> None:
    change(folder / "config.json", **options)
    want = theirs_of(folder).tolist()
    for engine in ENGINES:
        assert load(folder, engine=engine).generate(IDS).tolist() == want, engine
    change(folder / "generation_config.json", eos_token_id=2)  # it replaces them, in both
    want = theirs_of(folder).tolist()
    assert load(folder).generate(IDS).tolist() == want


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("first", [True, False])
def test_an_option_set_in_the_config_of_a_loaded_model(
    folder: Path, name: str, first: bool
) -> None:
    """transformers refuses it with the way to it, before the first call and later."""
    theirs = transformers.GPT2LMHeadModel.from_pretrained(folder)
    mine = load(folder, engine=name)
    if first:
        mine.generate(IDS, max_new_tokens=1)
    for model, error in ((theirs, ValueError), (mine, OptionError)):
        model.config.num_beams = 3
        with pytest.raises(error, match=r"model\.generation_config"):
            model.generate(IDS, max_new_tokens=1)
    mine.generate(IDS, GenerationConfig(max_new_tokens=1))  # its own options are whole
    mine.config.num_beams = None
    mine.generation_config.num_beams = 3
    assert mine.generate(IDS, max_new_tokens=4).tolist() == theirs.generate(
        IDS, transformers.GenerationConfig(max_new_tokens=4, num_beams=3)
    ).tolist()  # fmt: skip


# content, the key the warning names (none: silent), whether generating is refused
ODD: list[tuple[dict[str, Any], str | None, type[GPT2Error] | None]] = [
    ({"foo": 1}, "foo", None),
    ({"topk": 3}, "topk", None),
    ({"forced_decoder_ids": [[1, 2]]}, "forced_decoder_ids", None),
    ({"temperature": 0.0}, "temperature", None),
    ({"temperature": 0.0, "do_sample": True}, "temperature", OptionError),
    ({"top_k": -1}, "top_k", None),
    ({"top_k": -1, "do_sample": True}, "top_k", OptionError),
    ({"top_p": 1.5}, "top_p", None),
    ({"output_attentions": True}, "output_attentions", None),
    ({"output_hidden_states": True, "return_dict_in_generate": True}, "output_hidden",
     UnsupportedError),
    ({"cache_implementation": "static"}, None, None),
    ({"decoder_start_token_id": 1}, None, None),
    ({"max_new_tokens": 3.0}, None, None),
    ({"pad_token_id": -1}, "pad_token_id", None),
    ({"bos_token_id": -1}, "bos_token_id", None),
    ({"eos_token_id": -1}, None, None),
    ({"guidance_scale": 1.0, "num_beam_groups": 1, "transformers_version": "4.0"}, None, None),
    ({"guidance_scale": 1.5}, "guidance_scale", UnsupportedError),
    ({"penalty_alpha": 0.6, "top_k": 4}, "penalty_alpha", UnsupportedError),
    ({"num_beam_groups": 2, "num_beams": 2}, "num_beam_groups", UnsupportedError),
    ({"length_penalty": "high"}, "length_penalty", None),
    ({"repetition_penalty": 0}, "repetition_penalty", OptionError),
    ({"num_return_sequences": 2}, None, OptionError),  # in itself it is good
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Using the model-agnostic")
@pytest.mark.parametrize(("content", "key", "refusal"), ODD, ids=lambda v: str(v)[:40])
def test_odd_files_load_and_are_told(
    folder: Path, content: dict[str, Any], key: str | None, refusal: type[GPT2Error] | None
) -> None:
    path = folder / "generation_config.json"
    path.write_text(json.dumps({"max_new_tokens": 5, **content}))
    for engine in ENGINES:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model = load(folder, engine=engine)
        messages = [str(w.message) for w in told if w.category is GPT2Warning]
        assert len(messages) == (key is not None), messages
        assert all("generation_config.json: " in m and str(key) in m for m in messages)
        own = {"bos_token_id": 1, "eos_token_id": 2}  # of config.json
        assert model.generation_config.to_json() == own | json.loads(path.read_text())  # kept
        if refusal is None:
            assert model.generate(IDS).tolist() == theirs_of(folder).tolist()
        else:
            with pytest.raises(refusal, match=key or "greedy decoding"):
                model.generate(IDS)
            said = dict.fromkeys(content)  # None leaves it out
            assert model.generate(IDS, **said, max_new_tokens=2).shape == (2, 7)


def test_a_config_object_with_what_is_no_good_here(folder: Path) -> None:
    path = folder / "generation_config.json"
    path.write_text(json.dumps({"guidance_scale": 1.5, "foo": [1], "max_new_tokens": 4}))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        config = GenerationConfig.from_pretrained(folder)
    assert [str(w.message).split(": ")[1].split()[0] for w in told] == ["guidance_scale", "foo"]
    assert (config.guidance_scale, config.foo, config.max_new_tokens) == (1.5, [1], 4)
    with pytest.raises(UnsupportedError, match="guidance_scale"):
        tiny_models.ours().generate(IDS, config)
    config.guidance_scale = None
    assert tiny_models.ours().generate(IDS, config).shape == (2, 9)
    config.save_pretrained(folder, "mine.json")
    assert json.loads((folder / "mine.json").read_text()) == {"foo": [1], "max_new_tokens": 4}
    with pytest.warns(GPT2Warning, match=r"mine\.json: foo"):
        again = GenerationConfig.from_pretrained(folder, "mine.json")
    assert again.to_dict() == {"max_new_tokens": 4}


def test_options_over_a_file(tmp_path: Path) -> None:
    transformers.GenerationConfig(top_k=7, do_sample=True).save_pretrained(tmp_path)
    said: dict[str, Any] = {"top_k": 1, "foo": False, "return_unused_kwargs": True}
    theirs, _ = transformers.GenerationConfig.from_pretrained(tmp_path, **said)
    mine, unused = GenerationConfig.from_pretrained(tmp_path, **said)
    assert (mine.top_k, mine.do_sample) == (theirs.top_k, theirs.do_sample) == (1, True)
    assert unused == {"foo": False}  # as their docstring has it
    with pytest.raises(MissingFileError):
        GenerationConfig.from_pretrained(tmp_path, "absent.json")


def test_a_file_in_a_subfolder(tmp_path: Path) -> None:
    for folder, k in ((tmp_path, 3), (tmp_path / "sub", 5)):
        transformers.GenerationConfig(do_sample=True, top_k=k).save_pretrained(folder)
    assert GenerationConfig.from_pretrained(tmp_path).top_k == 3
    assert GenerationConfig.from_pretrained(tmp_path, subfolder="sub").top_k == 5
    with pytest.raises(MissingFileError, match="other"):
        GenerationConfig.from_pretrained(tmp_path, subfolder="other")


def test_an_unknown_option_of_from_pretrained_is_an_error(tmp_path: Path) -> None:
    GenerationConfig(top_k=3).save_pretrained(tmp_path)
    with pytest.raises(OptionError, match=r"'topk'\. Did you mean 'top_k'"):
        GenerationConfig.from_pretrained(tmp_path, topk=1)


def test_update_returns_what_it_did_not_use() -> None:
    said = {"top_k": 9, "foo": 1, "output_attentions": False}
    theirs, mine = transformers.GenerationConfig(), GenerationConfig()
    assert mine.update(**said) == theirs.update(**said) == {"foo": 1}
    assert mine.top_k == 9


def test_an_update_that_fails_changes_nothing() -> None:
    config = GenerationConfig(top_k=3)
    for wrong in ({"top_k": 9, "temperature": -1.0}, {"top_k": 9, "cache_config": 1}):
        with pytest.raises(GPT2Error):
            config.update(foo=1, allow_custom_entries=True, **wrong)
        assert config.to_json() == {"top_k": 3}


def test_attributes_that_only_transformers_has() -> None:
    config = GenerationConfig()
    for name, value in transformers.GenerationConfig().__dict__.items():
        if not name.startswith("_"):
            setattr(config, name, value)
    config.num_assistant_tokens_schedule = "constant"
    config.assistant_confidence_threshold = 0.4
    config.output_attentions = False
    config.cache_implementation = "static"  # no effect: the text is the same
    assert config.num_assistant_tokens_schedule == "constant"
    assert config.output_attentions is False
    assert config.watermarking_config is None
    assert not hasattr(config, "foo")
    with pytest.raises(UnsupportedError, match="cache_implementation is not implemented here"):
        config.cache_implementation = "quantized"
    with pytest.raises(OptionError, match="Did you mean 'top_k'"):
        config.topk = 3
    assert tiny_models.ours().generate(IDS, config, max_new_tokens=1).shape == (2, 6)


@pytest.mark.parametrize(
    "options",
    [
        {}, {"do_sample": True}, {"num_beams": 2}, {"num_beams": 2, "do_sample": True},
        {"prompt_lookup_num_tokens": 2},
    ],
    ids=str,
)  # fmt: skip
def test_the_mode_has_their_name(options: dict[str, Any]) -> None:
    theirs = transformers.GenerationConfig(**options).get_generation_mode()
    assert GenerationConfig(**options).get_generation_mode() == theirs


def test_from_a_models_config() -> None:
    values = {"num_beams": 2, "max_length": 30, "eos_token_id": 7, "n_layer": 3, "foo": 1}
    theirs = transformers.GenerationConfig.from_model_config(dict(values))
    for source in (values, GPT2Config(**values)):
        mine = GenerationConfig.from_model_config(source)
        assert (mine.num_beams, mine.max_length, mine.eos_token_id) == (2, 30, 7)
        assert theirs.num_beams == mine.num_beams
        assert not hasattr(mine, "foo")


@pytest.mark.parametrize(
    "options",
    [{}, {"do_sample": True, "top_k": 7}, {"max_new_tokens": 5, "do_sample": False},
     {"temperature": 0.7, "do_sample": True, "eos_token_id": [3, 4], "foo": [1]}],
    ids=repr,
)  # fmt: skip
def test_the_difference_from_the_defaults(options: dict[str, Any], tmp_path: Path) -> None:
    """As transformers writes it, but for the version it adds."""
    found = []
    for cls in (GenerationConfig, transformers.GenerationConfig):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            config = cls.from_dict(options)
        config.to_json_file(tmp_path / "a.json")
        texts = ((tmp_path / "a.json").read_text(), config.to_json_string(keys_to_pop=["top_k"]))
        said = [config.to_diff_dict(), *map(json.loads, texts)]
        found.append([{n: v for n, v in d.items() if n != "transformers_version"} for d in said])
    assert found[0] == found[1]


def test_update_has_the_switches_of_transformers() -> None:
    found = []
    for cls in (GenerationConfig, transformers.GenerationConfig):
        config = cls(top_k=7)
        left = [
            config.update(defaults_only=True, top_k=8, top_p=0.5, foo=1),
            config.update(allow_custom_entries=True, foo=2, top_k=9),
            config.update(foo=3),
        ]
        found.append((left, config.top_k, config.top_p, config.foo))
    assert found[0] == found[1]


def test_uploading_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="hf upload"):
        GenerationConfig().push_to_hub("me/model")
