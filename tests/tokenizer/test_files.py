"""Tokenizer folders of other programs mean here what they mean to transformers; damage is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gpt2.errors import CorruptFileError, GPT2Error, OptionError, TokenizerError
from gpt2.tokenizer import AddedToken, GPT2Tokenizer, chat
from gpt2.tokenizer.bpe import byte_to_unicode
from tests.tiny import tiny_tokenizer

TEXTS = ["Hello he", "hel <|endoftext|> x", "é 限 hello", ""]


@pytest.fixture
def place(small: GPT2Tokenizer, tmp_path: Path) -> Path:
    small.save_pretrained(tmp_path)
    return tmp_path


def edit(path: Path, change: Any) -> None:
    data = json.loads(path.read_text("utf-8"))
    change(data)
    path.write_text(json.dumps(data), "utf-8")


def end(i: int) -> dict[str, Any]:
    return {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [i], "tokens": ["<|endoftext|>"]}}


def test_post_processor_is_read_as_transformers_does(place: Path) -> None:
    transformers = pytest.importorskip("transformers")
    special = {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}
    text, second = ({"Sequence": {"id": name, "type_id": n}} for n, name in enumerate("AB"))
    frame = {
        "type": "TemplateProcessing", "single": [special, text, special],
        "pair": [special, text, special, second], "special_tokens": end(258),
    }  # fmt: skip
    level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    kept = {**level, "trim_offsets": False}
    pair = {"type": "RobertaProcessing", "sep": ["<|endoftext|>", 258], "trim_offsets": True,
            "cls": ["<|endoftext|>", 258], "add_prefix_space": False}  # fmt: skip
    bert = {"type": "BertProcessing", "sep": pair["sep"], "cls": pair["cls"]}
    for step in (frame, level, kept, pair, bert,
                 {"type": "Sequence", "processors": [level, frame]}):  # fmt: skip
        edit(place / "tokenizer.json", lambda data, step=step: data.update(post_processor=step))
        ours = GPT2Tokenizer.from_pretrained(place)
        theirs = transformers.GPT2TokenizerFast.from_pretrained(place)
        for options in ({}, {"add_special_tokens": False}):
            for one in [*TEXTS, "  he  hel \n"]:
                how = {"return_offsets_mapping": True, "return_token_type_ids": not options}
                how |= options
                assert dict(ours(one, **how)) == dict(theirs(one, **how)), (step, one)
                assert dict(ours(one, "he", **how)) == dict(theirs(one, "he", **how)), (step, one)
        ours.save_pretrained(place / "again")
        again = transformers.GPT2TokenizerFast.from_pretrained(place / "again")
        own = GPT2Tokenizer.from_pretrained(place / "again")
        assert again(TEXTS)["input_ids"] == own(TEXTS)["input_ids"] == ours(TEXTS)["input_ids"]


@pytest.mark.parametrize("flags", [{"add_bos_token": True}, {"add_eos_token": True},
                                   {"add_bos_token": True, "add_eos_token": True}])  # fmt: skip
def test_bos_and_eos_go_both_ways(place: Path, flags: dict[str, bool]) -> None:
    transformers = pytest.importorskip("transformers")
    ours = GPT2Tokenizer.from_pretrained(place, **flags)
    theirs = transformers.GPT2TokenizerFast.from_pretrained(place, **flags)
    assert ours(TEXTS, TEXTS)["input_ids"] == theirs(TEXTS, TEXTS)["input_ids"]
    ours.save_pretrained(place / "ours")
    theirs.save_pretrained(place / "theirs")
    for folder in ("ours", "theirs"):
        for kind in (GPT2Tokenizer, transformers.GPT2TokenizerFast):
            assert (
                kind.from_pretrained(place / folder)("he")["input_ids"] == ours("he")["input_ids"]
            )
    how = {"truncation": True, "max_length": 3}
    for side in ("left", "right"):
        ours.truncation_side = theirs.truncation_side = side
        assert dict(ours("a b c d", **how)) == dict(theirs("a b c d", **how))


def test_chat_templates_are_kept(place: Path) -> None:
    transformers = pytest.importorskip("transformers")
    one = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    several = {"default": one, "tool_use": "{{ tools }}"}
    for template in (one, several):
        theirs = transformers.GPT2TokenizerFast.from_pretrained(place)
        theirs.chat_template = template
        theirs.save_pretrained(place / "theirs")
        ours = GPT2Tokenizer.from_pretrained(place / "theirs")
        assert ours.chat_template == template
        ours.save_pretrained(place / "ours")
        again = transformers.GPT2TokenizerFast.from_pretrained(place / "ours")
        assert again.chat_template == template
    listed = [{"name": name, "template": text} for name, text in several.items()]
    edit(place / "tokenizer_config.json", lambda data: data.update(chat_template=listed))
    assert GPT2Tokenizer.from_pretrained(place).chat_template == several
    ours.chat_template = {"../out": "x"}
    with pytest.raises(TokenizerError, match="name"):
        ours.save_pretrained(place / "ours")
    assert not (place / "out.jinja").exists()


def test_another_tokenizer_leaves_nothing_of_the_one_before(
    place: Path, small: GPT2Tokenizer
) -> None:
    (place / chat.FOLDER).mkdir()
    (place / chat.FOLDER / "notes.txt").write_text("mine")
    other = GPT2Tokenizer.from_pretrained(place)
    other.add_tokens(["<x>"])
    other.chat_template = {"default": "{{ messages }}", "tool_use": "{{ tools }}"}
    other.save_pretrained(place)
    small.save_pretrained(place)
    again = GPT2Tokenizer.from_pretrained(place)
    assert again.chat_template is None
    assert again.get_vocab() == small.get_vocab()
    assert (place / chat.FOLDER / "notes.txt").read_text() == "mine"


def test_no_token_is_invented(place: Path) -> None:
    """A folder without <|endoftext|> has the tokens its files have."""
    signs = [*byte_to_unicode().values(), "he"]
    bare = GPT2Tokenizer({s: i for i, s in enumerate(signs)}, [("h", "e")],
                         bos_token=None, eos_token=None, unk_token=None)  # fmt: skip
    bare.save_pretrained(place / "bare")
    again = GPT2Tokenizer.from_pretrained(place / "bare")
    assert (len(again), again.eos_token, again.bos_token) == (257, None, None)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        (place / "bare" / name).unlink()
        assert len(GPT2Tokenizer.from_pretrained(place / "bare")) == 257
    assert again.convert_tokens_to_ids("nothing") is None


def test_old_and_doubled_entries(place: Path) -> None:
    transformers = pytest.importorskip("transformers")

    def change(data: dict[str, Any]) -> None:
        data["max_len"] = 77
        del data["model_max_length"]
        data["add_prefix_space"] = False
        data["added_tokens_decoder"]["259"] = {"content": "<|endoftext|>", "special": True}

    edit(place / "tokenizer_config.json", change)
    edit(place / "tokenizer.json", lambda d: d["pre_tokenizer"].update(add_prefix_space=True))
    ours = GPT2Tokenizer.from_pretrained(place)
    theirs = transformers.GPT2TokenizerFast.from_pretrained(place)
    assert ours.model_max_length == theirs.model_max_length == 77
    assert len(ours) == len(theirs) == 259
    assert ours(TEXTS)["input_ids"] == theirs(TEXTS)["input_ids"]


def test_the_same_pattern_in_other_words(place: Path, tmp_path: Path) -> None:
    pattern = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated",
             "invert": False}  # fmt: skip
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
             "use_regex": False}  # fmt: skip
    before = GPT2Tokenizer.from_pretrained(place)(TEXTS)

    def change(data: dict[str, Any]) -> None:
        data["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, level]}
        data["normalizer"] = {"type": "Sequence", "normalizers": []}

    edit(place / "tokenizer.json", change)
    assert GPT2Tokenizer.from_pretrained(place)(TEXTS) == before


JSON = "tokenizer.json"
CONFIG = "tokenizer_config.json"
ADDED = "added_tokens.json"
DAMAGE: list[tuple[str, list[Any], Any]] = [
    (CONFIG, ["added_tokens_decoder"], None),
    (CONFIG, ["added_tokens_decoder"], [1]),
    (CONFIG, ["added_tokens_decoder"], {"x": {"content": "<a>"}}),
    (CONFIG, ["added_tokens_decoder"], {"300": "<a>\ufffd", "301": 5}),
    (CONFIG, ["added_tokens_decoder"], {"300": {"content": ""}}),
    (CONFIG, ["added_tokens_decoder"], {"300": {"content": "a", "special": "yes"}}),
    (CONFIG, ["added_tokens_decoder"], {"-1": {"content": "<a>"}}),
    (CONFIG, ["errors"], True),
    (CONFIG, ["bos_token"], 5),
    (CONFIG, ["bos_token"], {"lstrip": True}),
    (CONFIG, ["padding_side"], 3),
    (CONFIG, ["add_prefix_space"], "false"),
    (CONFIG, ["model_max_length"], "many"),
    (CONFIG, ["model_max_length"], True),
    (CONFIG, ["additional_special_tokens"], "<sep>"),
    (CONFIG, ["extra_special_tokens"], [5]),
    (CONFIG, ["chat_template"], 5),
    (CONFIG, ["chat_template"], [{"name": "x"}]),
    (JSON, ["added_tokens", 0, "id"], "258"),
    (JSON, ["added_tokens", 0, "id"], None),
    (JSON, ["added_tokens", 0, "id"], -1),
    (JSON, ["added_tokens", 0, "id"], 1.5),
    (JSON, ["added_tokens", 0, "id"], 2**32),
    (JSON, ["added_tokens", 0, "content"], None),
    (JSON, ["added_tokens", 0], "<|endoftext|>"),
    (JSON, ["added_tokens"], {"a": 1}),
    (JSON, ["model"], []),
    (JSON, ["model", "vocab"], ["a"]),
    (JSON, ["model", "vocab", "he"], 2**32),
    (JSON, ["model", "vocab", "he"], 0),
    (JSON, ["model", "merges"], [["h", "e", "l"]]),
    (JSON, ["model", "merges"], [5]),
    (JSON, ["model", "merges"], {"h": "e"}),
    (JSON, ["model", "merges"], 3),
    (JSON, ["pre_tokenizer"], {"type": "Sequence", "pretokenizers": ["x"]}),
    (JSON, ["pre_tokenizer"], {"type": "Sequence", "pretokenizers": 5}),
    (JSON, ["pre_tokenizer"], "ByteLevel"),
    (JSON, ["normalizer"], {"type": "NFC"}),
    (JSON, ["decoder"], {"type": "Metaspace"}),
    (JSON, ["post_processor"], {"type": "Foreign"}),
    (JSON, ["post_processor"], {"type": "TemplateProcessing"}),
    (JSON, ["post_processor"], {"type": "TemplateProcessing", "single": [], "pair": []}),
    (JSON, ["post_processor"], {"type": "TemplateProcessing", "single": [5], "pair": []}),
    (JSON, ["post_processor"], {"type": "RobertaProcessing", "sep": 1}),
    (JSON, ["post_processor"], [1]),
    (ADDED, [], {"<a>": "300"}),
    (ADDED, [], {"<a>": None}),
    (ADDED, [], {"<a>": -1}),
    (ADDED, [], ["<a>"]),
]


@pytest.mark.parametrize(("name", "keys", "value"), DAMAGE)
def test_damage_names_the_file(place: Path, name: str, keys: list[Any], value: Any) -> None:
    path = place / name
    if keys:

        def change(data: Any) -> None:
            for key in keys[:-1]:
                data = data[key]
            data[keys[-1]] = value

        edit(path, change)
    else:
        path.write_text(json.dumps(value))
    with pytest.raises((TokenizerError, CorruptFileError, OptionError)) as found:
        GPT2Tokenizer.from_pretrained(place)
    message = str(found.value)
    assert isinstance(found.value, GPT2Error)
    assert "MISSING" not in message
    own = keys in (["padding_side"],) or (keys == ["errors"] and value is not True)
    assert own or name in message, message
    if keys and isinstance(keys[0], str):
        assert keys[0] in message


def test_a_byte_keeps_its_id(small: GPT2Tokenizer, tmp_path: Path) -> None:
    """'é' is how the files write the byte 0xE9: the text 'é' is another token (transformers takes
    the byte's id, and '限' is lost)."""
    for token in ("é", "ü", "£", "Ġhe"):
        assert small.add_tokens([token]) == 1
    small.add_tokens([AddedToken("hel")])  # the vocabulary has this very text
    assert len(small) == 259 + 4
    small.save_pretrained(tmp_path)
    for tokenizer in (small, GPT2Tokenizer.from_pretrained(tmp_path)):
        for text in ("限é £ü Ġhe hel é", "é", "Ġhello", "\u00e9\u00fc"):
            assert tokenizer.decode(tokenizer.encode(text)) == text
        assert tokenizer.encode("é") == [259]


@pytest.mark.parametrize("name", [None, 3, True, ["A"], {"A": 1}, "C"], ids=str)
def test_a_post_processor_of_odd_names(tmp_path: Path, name: object) -> None:
    tiny_tokenizer().save_pretrained(tmp_path)
    path = tmp_path / "tokenizer.json"
    data = json.loads(path.read_text("utf-8"))
    part = [{"Sequence": {"id": which, "type_id": 0}} for which in ("A", name)]
    data["post_processor"] = {"type": "TemplateProcessing", "special_tokens": {},
                              "single": part[:1], "pair": part}  # fmt: skip
    path.write_text(json.dumps(data), "utf-8")
    with pytest.raises(TokenizerError, match="must have the text A"):
        GPT2Tokenizer.from_pretrained(tmp_path)
