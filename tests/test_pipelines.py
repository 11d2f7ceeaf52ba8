"""`pipeline` beside transformers' own: the same texts in the same form, for every argument."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

import gpt2
from gpt2.errors import GPT2Error, GPT2Warning, InputError, OptionError, UnsupportedError
from tests.test_auto import saved

pytestmark = pytest.mark.parity
transformers.logging.set_verbosity_error()
PROMPTS = ["The quick brown", "fox"]
CHAT = [{"role": "user", "content": "The fox"}]
PREFILL = [*CHAT, {"role": "assistant", "content": "jumps"}]
TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("model"))


def both(folder: Path, **options: Any) -> tuple[Any, Any]:
    theirs = transformers.pipeline("text-generation", model=str(folder), device="cpu", **options)
    return gpt2.pipeline("text-generation", model=str(folder), **options), theirs


@pytest.fixture(scope="module")
def pipes(folder: Path) -> tuple[Any, Any]:
    mine, theirs = both(folder)
    for pipe in (mine, theirs):
        pipe.tokenizer.pad_token = pipe.tokenizer.eos_token
    return mine, theirs


CALLS: list[dict[str, Any]] = [
    {},
    {"return_full_text": False},
    {"num_beams": 3, "num_return_sequences": 2},
    {"max_new_tokens": 1},
    {"return_tensors": True},
    {"return_text": True},
    {"clean_up_tokenization_spaces": False},
    {"skip_special_tokens": False, "eos_token_id": 5},
    {"prefix": "The lazy dog. "},
    {"prefix": "The lazy dog. ", "return_full_text": False, "max_new_tokens": None,
     "max_length": 14},
    {"handle_long_generation": "hole"},
    {"stop_sequence": "o"},
    {"add_special_tokens": False},
    {"truncation": True, "tokenizer_encode_kwargs": {"max_length": 2}},
    {"num_beams": 2, "return_dict_in_generate": True, "output_scores": True},
    {"return_dict_in_generate": True, "output_scores": True, "output_logits": True},
]  # fmt: skip


def alike(mine: Any, theirs: Any) -> None:
    """Equal, numbers up to rounding."""
    assert type(mine) is type(theirs)
    if isinstance(theirs, dict):
        assert mine.keys() == theirs.keys()
        for key, value in theirs.items():
            alike(mine[key], value)
    elif isinstance(theirs, list) and theirs and isinstance(theirs[0], (dict, list, str)):
        assert len(mine) == len(theirs)
        for a, b in zip(mine, theirs, strict=True):
            alike(a, b)
    elif isinstance(theirs, list):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)
    elif isinstance(theirs, float):
        assert mine == pytest.approx(theirs, rel=1e-4, abs=1e-4)
    else:
        assert mine == theirs


@pytest.mark.filterwarnings("ignore:Both `max_new_tokens`")
@pytest.mark.parametrize("options", CALLS, ids=str)
@pytest.mark.parametrize("prompts", [PROMPTS[0], PROMPTS, [PROMPTS[1]]], ids=str)
def test_what_transformers_gives(
    pipes: tuple[Any, Any], prompts: Any, options: dict[str, Any]
) -> None:
    mine, theirs = pipes
    said = {"max_new_tokens": 9, "do_sample": False, **options}
    alike(mine(prompts, **said), theirs(prompts, **said))


DRAWS: list[dict[str, Any]] = [
    {},
    {"num_return_sequences": 3},
    {"temperature": 1.3, "top_k": 7},
    {"num_beams": 2},
    {"do_sample": True, "top_p": 0.5},
    {"generation_config": {"max_new_tokens": 4, "top_k": 3}},
]


@pytest.mark.parametrize("options", DRAWS, ids=str)
@pytest.mark.parametrize("batch", [None, 2])
def test_it_draws_what_they_draw(
    pipes: tuple[Any, Any], options: dict[str, Any], batch: int | None
) -> None:
    texts, (mine, theirs) = [], pipes
    pairs = [(mine, gpt2.GenerationConfig), (theirs, transformers.GenerationConfig)]
    if "generation_config" in options:
        pairs.append((mine, transformers.GenerationConfig))
    for pipe, config in pairs:
        said = {"max_new_tokens": 12, "batch_size": batch, **options}
        if "generation_config" in said:
            del said["max_new_tokens"]
            said["generation_config"] = config(**said["generation_config"])
        gpt2.set_seed(42)
        texts.append(pipe(PROMPTS, **said))
    assert texts[1:] == [texts[0]] * len(texts[1:])


CONSTRUCTORS: list[dict[str, Any]] = [
    {"max_new_tokens": 5, "do_sample": False},
    {"max_length": 9, "do_sample": False, "repetition_penalty": 1.5},
    {"max_new_tokens": 5, "num_return_sequences": 2},
    {"max_new_tokens": 4, "return_full_text": False, "do_sample": False},
    {"max_new_tokens": 4, "do_sample": False, "batch_size": 2, "pad_token_id": 0},
    {"max_new_tokens": 4, "do_sample": False, "dtype": torch.float32},
]


@pytest.mark.parametrize("options", CONSTRUCTORS, ids=str)
def test_the_constructors_options_are_for_each_call(folder: Path, options: dict[str, Any]) -> None:
    mine, theirs = both(folder, **options)
    for pipe in (mine, theirs):
        pipe.tokenizer.pad_token = pipe.tokenizer.eos_token
    for more in ({}, {"max_new_tokens": 2}):
        gpt2.set_seed(1)
        want = theirs(PROMPTS, **more)
        gpt2.set_seed(1)
        assert mine(PROMPTS, **more) == want
    assert not (set(options) - {"pad_token_id", "dtype"}) & set(mine.model.config.to_dict())


@pytest.mark.parametrize("own", [{"return_full_text": False}, {"return_tensors": True}], ids=str)
def test_a_call_chooses_another_form_than_the_constructor(
    folder: Path, own: dict[str, Any]
) -> None:
    mine, theirs = both(folder, max_new_tokens=4, do_sample=False, **own)
    calls: list[dict[str, Any]] = [
        {}, {"return_full_text": True}, {"return_full_text": False}, {"return_tensors": True},
        {"return_full_text": None, "truncation": None, "prefix": None, "max_length": None},
    ]  # fmt: skip
    for options in calls:
        alike(mine(PROMPTS[0], **options), theirs(PROMPTS[0], **options))
    with pytest.raises(OptionError, match="are mutually exclusive"):
        gpt2.pipeline(model=mine.model, tokenizer=mine.tokenizer, return_text=True, **own)


def test_batches_give_the_texts_of_single_calls(pipes: tuple[Any, Any]) -> None:
    mine, theirs = pipes
    said: dict[str, Any] = {"max_new_tokens": 7, "do_sample": False}
    prompts = [*PROMPTS, "The lazy dog jumps over", "."]
    want = theirs(prompts, batch_size=3, **said)
    for size in (1, 2, 3, 9):
        assert mine(prompts, batch_size=size, **said) == want
    lone = gpt2.pipeline(model=mine.model, tokenizer=mine.tokenizer)
    lone.tokenizer.pad_token = None
    try:
        assert lone(prompts, **said) == want
        with pytest.raises(InputError, match="a batch requires a pad token"):
            lone(prompts, batch_size=2, **said)
    finally:
        lone.tokenizer.pad_token = lone.tokenizer.eos_token


def test_a_generator_is_read_as_it_goes(pipes: tuple[Any, Any]) -> None:
    said: dict[str, Any] = {"max_new_tokens": 3, "do_sample": False}
    taken = []

    def prompts() -> Iterator[str]:
        for text in PROMPTS:
            taken.append(text)
            yield text

    mine, theirs = (pipe(prompts(), **said) for pipe in pipes)
    assert isinstance(mine, Iterator)
    first = next(mine)
    assert taken[: len(PROMPTS)].count(PROMPTS[0]) >= 1
    assert [first, *mine] == list(theirs)
    assert list(pipes[0](iter(()), **said)) == []
    assert pipes[0]([], **said) == []


def test_the_empty_prompt_begins_a_text(pipes: tuple[Any, Any]) -> None:
    mine, theirs = pipes
    said: dict[str, Any] = {"max_new_tokens": 5, "do_sample": False}
    assert mine("", **said) == theirs("", **said)
    for options in (said, {**said, "skip_special_tokens": False}, {"do_sample": False}):
        single = mine(["", PROMPTS[0]], **options)
        assert single[0] == mine("", **options)
        assert mine(["", PROMPTS[0]], batch_size=2, **options) == single
    with pytest.raises(InputError, match="no bos_token_id"):
        mine("", bos_token_id=None)


@pytest.mark.parametrize("options", [{}, {"return_full_text": False}], ids=str)
@pytest.mark.parametrize("chat", [CHAT, PREFILL, [CHAT, PREFILL], [CHAT]], ids=str)
def test_chats(pipes: tuple[Any, Any], chat: Any, options: dict[str, Any]) -> None:
    mine, theirs = pipes
    for pipe in pipes:
        pipe.tokenizer.chat_template = TEMPLATE
    said = {"max_new_tokens": 4, "do_sample": False, **options}
    assert mine(chat, **said) == theirs(chat, **said)
    if chat == CHAT:
        assert mine((m for m in chat), **said) == theirs(chat, **said)


def test_a_chat_needs_a_template(folder: Path) -> None:
    mine, theirs = both(folder)
    with pytest.raises(ValueError, match="chat_template"):
        theirs(CHAT)
    with pytest.raises(GPT2Error, match=r"chat.template"):
        mine(CHAT)


def test_it_says_where_it_is(folder: Path) -> None:
    for device in (-1, "cpu", torch.device("cpu"), None):
        pipe = gpt2.pipeline("text-generation", str(folder), device=device)
        assert pipe.device == torch.device("cpu")
        assert pipe.task == "text-generation"
    model = gpt2.load(folder)  # the native engine
    pipe = gpt2.pipeline(model=model)
    said: dict[str, Any] = {"max_new_tokens": 4, "do_sample": False}
    assert pipe.device is None
    assert pipe("fox", **said) == gpt2.pipeline(model=str(folder))("fox", **said)
    with pytest.raises(OptionError, match="device can be used only with a torch model"):
        gpt2.pipeline(model=model, device=0)


def test_a_model_object(folder: Path, tmp_path: Path) -> None:
    model = gpt2.AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = gpt2.AutoTokenizer.from_pretrained(folder)
    pipe = gpt2.pipeline("text-generation", model, tokenizer)
    said: dict[str, Any] = {"max_new_tokens": 4, "do_sample": False}
    assert pipe("fox", **said) == gpt2.pipeline("text-generation", folder)("fox", **said)
    with pytest.raises(InputError, match="requires its tokenizer"):
        gpt2.pipeline("text-generation", model)
    with pytest.warns(GPT2Warning, match="^dtype: only for loading"):
        gpt2.pipeline("text-generation", model, tokenizer, dtype="bfloat16")
    pipe.save_pretrained(tmp_path)
    assert gpt2.pipeline(model=str(tmp_path))("fox", **said) == pipe("fox", **said)


def test_the_tokenizer_comes_from_where_the_model_does(folder: Path, tmp_path: Path) -> None:
    """Two revisions of a model in a cache of its own, the first in a subfolder."""
    cache = tmp_path / "cache"
    repo = cache / "models--user--repo"
    for revision, sides in {"main": "right", "v1": "left"}.items():
        place = repo / "snapshots" / revision / ("sub" if revision == "v1" else ".")
        shutil.copytree(folder, place)
        tokenizer = gpt2.AutoTokenizer.from_pretrained(folder, truncation_side=sides)
        tokenizer.save_pretrained(place)
        (repo / "refs").mkdir(exist_ok=True)
        (repo / "refs" / revision).write_text(revision)
    where: dict[str, Any] = {"cache_dir": cache, "local_files_only": True}
    newest = gpt2.pipeline(model="user/repo", **where)
    assert newest.tokenizer.truncation_side == "right"
    old = gpt2.pipeline(
        model="user/repo", revision="v1", model_kwargs={**where, "subfolder": "sub"}
    )
    assert old.tokenizer.truncation_side == "left"
    lone = gpt2.AutoConfig.from_pretrained("user/repo", subfolder=None, **where)
    assert lone.n_embd == old.model.config.n_embd


def test_what_is_refused(pipes: tuple[Any, Any], folder: Path) -> None:
    pipe = pipes[0]
    with pytest.raises(UnsupportedError, match="'summarization' is not supported"):
        gpt2.pipeline("summarization")
    for wrong in ({"max_new_tokenz": 3}, {"batchsize": 2}):
        with pytest.raises(OptionError, match=f"no option {next(iter(wrong))!r}"):
            pipe("fox", **wrong)
        with pytest.raises(OptionError, match=f"no option {next(iter(wrong))!r}"):
            gpt2.pipeline(model=str(folder), **wrong)
    with pytest.raises(OptionError, match="are mutually exclusive"):
        pipe("fox", return_full_text=True, return_tensors=True)
    with pytest.raises(OptionError, match="None or 'hole'"):
        pipe("fox", handle_long_generation="cut")
    with pytest.raises(OptionError, match="leaves no room"):
        pipe("fox", handle_long_generation="hole", max_new_tokens=64)
    for length in ({}, {"max_length": None}):
        with pytest.raises(OptionError, match="requires max_new_tokens or max_length"):
            pipe("fox", handle_long_generation="hole", max_new_tokens=None, **length)
    with pytest.raises(InputError, match="a prompt must be a text or a list of"):
        pipe([3, 4])


def test_it_stays_within_the_context(pipes: tuple[Any, Any]) -> None:
    """Without a length it writes 256 tokens, here as many as the 64 positions leave room for."""
    pipe = pipes[0]
    (out,) = pipe("fox", do_sample=False, eos_token_id=None)
    expected = pipe.tokenizer.encode("fox", return_tensors="pt")
    ids = pipe.model.generate(expected, max_length=64, do_sample=False, eos_token_id=None)
    assert out["generated_text"] == pipe.tokenizer.decode(ids[0], skip_special_tokens=True)
    pipe("fox", do_sample=False, max_new_tokens=40)
    with pytest.raises(gpt2.GPT2Error, match="context length of 64"):  # it was asked for
        pipe("fox", do_sample=False, max_new_tokens=256)
