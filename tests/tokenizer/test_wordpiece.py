"""Chinese GPT-2 models' WordPiece tokenizer gives what transformers' BertTokenizer gives."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import gpt2
from gpt2.errors import MissingDependencyError, OptionError, TokenizerError
from gpt2.tokenizer import BertTokenizer, GPT2Tokenizer, Tokenizer
from tests.tokenizer.chinese import CHARACTERS, TOKENS, write_chinese, write_chinese_model

transformers = pytest.importorskip("transformers")

PIECES = [*CHARACTERS[:30], *"abcABCéÉñ.,!?' \t\n", "hello", " the ", "\u0301", "\u3000"]
PIECES += ["\ufffd", "\x00", "😀", "한국", "[CLS]", "[MASK]", "don't", "ß", "İ", "ﬁ", "\u00ad"]
PIECES += ["\u200b", "㐀", "𠀀", "<new>", "New", "new", "a" * 101]
SETTINGS: list[dict[str, Any]] = [
    {},
    {"do_lower_case": True},
    {"strip_accents": True},
    {"strip_accents": False, "do_lower_case": True},
    {"tokenize_chinese_chars": False},
    {"never_split": ["hello"]},
]


def text(rng: random.Random) -> str:
    if rng.random() < 0.3:
        ranges = [(0x20, 0x3000), (0xE000, 0x1FFFF), (0xAC00, 0xAD00)]
        return "".join(chr(rng.randrange(*rng.choice(ranges))) for _ in range(rng.randint(1, 9)))
    return "".join(rng.choices(PIECES, k=rng.randint(0, 12)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chinese(tmp_path_factory.mktemp("chinese"))


def both(folder: Path, **options: Any) -> tuple[Any, Any]:
    ours = GPT2Tokenizer.from_pretrained(folder, **options)
    assert isinstance(ours, BertTokenizer)
    return ours, transformers.BertTokenizer.from_pretrained(folder, **options)


def compare(folder: Path, options: dict[str, Any], seed: int, times: int) -> None:
    ours, theirs = both(folder, **options)
    for tokenizer in (ours, theirs):
        tokenizer.add_tokens(["<new>", "New"])
    rng = random.Random(seed)
    for _ in range(times):
        t = text(rng)
        mine, own = (x(t, return_offsets_mapping=True) for x in (ours, theirs))
        assert dict(mine) == dict(own), t
        assert (mine.tokens(), mine.word_ids()) == (own.tokens(), own.word_ids())
        assert ours.tokenize(t) == theirs.tokenize(t)
        ids = mine["input_ids"]
        for skip, clean in ((False, None), (True, None), (True, True)):
            how = {"skip_special_tokens": skip, "clean_up_tokenization_spaces": clean}
            assert ours.decode(ids, **how) == theirs.decode(ids, **how), t
        for clean in (False, True):
            ours.clean_up_tokenization_spaces = clean
            stream = ours.stream_decoder(skip_special_tokens=True)
            shown = "".join(map(stream.push, ids)) + stream.flush()
            assert shown == ours.decode(ids, skip_special_tokens=True), t
        ours.clean_up_tokenization_spaces = False


@pytest.mark.parametrize("options", SETTINGS)
def test_equals_transformers(folder: Path, options: dict[str, Any]) -> None:
    compare(folder, options, 0, 150)


@pytest.mark.slow
@pytest.mark.parametrize("options", SETTINGS)
def test_equals_transformers_on_many(folder: Path, options: dict[str, Any]) -> None:
    compare(folder, options, 1, 2000)


def test_control_tokens_of_a_conversation_are_text(folder: Path) -> None:
    pytest.importorskip("jinja2")
    talk = [{"role": "user", "content": "Hello[SEP]我 <new>the [CLS]"}]
    template = "[CLS]{% for m in messages %}{{ m.content }} [SEP]<new>{% endfor %}"
    for options in (SETTINGS[0], SETTINGS[1]):
        pair = both(folder, **options)
        for tokenizer in pair:
            tokenizer.add_tokens(["<new>"])
        said = {"chat_template": template, "sanitize_control_tokens": True, "return_dict": False}
        ours, theirs = (t.apply_chat_template(talk, **said) for t in pair)
        assert ours == theirs
        assert (ours.count(pair[0].sep_token_id), ours.count(pair[0].cls_token_id)) == (1, 1)


def test_calls_equal_transformers(folder: Path) -> None:
    ours, theirs = both(folder)
    rng = random.Random(2)
    for _ in range(200):
        first, second = ["我喜欢hello", *(text(rng) for _ in range(2))], ["今天", "a b c", "the"]
        options = {
            "padding": rng.choice([True, False, "max_length"]),
            "truncation": rng.choice([True, False, "only_first"]),
            "max_length": rng.choice([8, 12, 30]),
            "padding_side": rng.choice(["left", "right"]),
            "add_special_tokens": rng.random() < 0.7,
            "return_special_tokens_mask": rng.random() < 0.5,
            "return_length": rng.random() < 0.3,
        }
        pair = rng.choice([None, second])
        try:
            expected = dict(theirs(first, pair, **options))
        except Exception:  # of the library: what may be cut is too short
            with pytest.raises(OptionError):
                ours(first, pair, **options)
            continue
        assert dict(ours(first, pair, **options)) == expected


def test_names(folder: Path) -> None:
    ours, theirs = both(folder)
    assert type(gpt2.AutoTokenizer.from_pretrained(folder)) is gpt2.BertTokenizer
    assert type(gpt2.BertTokenizer.from_pretrained(folder)) is gpt2.BertTokenizerFast
    assert ours.get_vocab() == theirs.get_vocab()
    assert ours.special_tokens_map == theirs.special_tokens_map
    assert ours.all_special_ids == theirs.all_special_ids
    assert ours.added_tokens_encoder == theirs.added_tokens_encoder
    assert (ours.bos_token, ours.eos_token, ours.pad_token_id) == (None, None, 0)
    assert list(ours.model_input_names) == theirs.model_input_names
    assert ours.model_max_length == 64
    assert ours.num_special_tokens_to_add(True) == theirs.num_special_tokens_to_add(True) == 3
    assert ours.decode([5, 9999, 6]) == theirs.decode([5, 9999, 6])
    assert ours.convert_ids_to_tokens([5, 9999]) == theirs.convert_ids_to_tokens([5, 9999])
    assert ours.encode_prompt("我") == [2, *ours.encode_more("我")]
    assert ours.end_of_text == "[SEP]"


def test_folders_go_both_ways(folder: Path, tmp_path: Path) -> None:
    ours, theirs = both(folder, do_lower_case=True)
    for tokenizer, place in ((ours, "ours"), (theirs, "theirs")):
        tokenizer.add_tokens(["<new>"])
        tokenizer.add_special_tokens({"eos_token": "<end>"})
        tokenizer.save_pretrained(tmp_path / place)
    assert (tmp_path / "ours/vocab.txt").read_text("utf-8").split() == TOKENS
    loaded = [
        Tokenizer.from_pretrained(tmp_path / "ours"),
        Tokenizer.from_pretrained(tmp_path / "theirs"),
        transformers.AutoTokenizer.from_pretrained(tmp_path / "ours"),
    ]
    rng = random.Random(3)
    for t in ["A <new> b<end>", *(text(rng) for _ in range(50))]:
        assert len({tuple(x(t)["input_ids"]) for x in [ours, theirs, *loaded]}) == 1, t
    for name in ("vocab.txt", "added_tokens.json"):  # tokenizer.json alone, of a generic class
        (tmp_path / "theirs" / name).unlink(missing_ok=True)
    generic = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]"}
    (tmp_path / "theirs/tokenizer_config.json").write_text(json.dumps(generic))
    again = Tokenizer.from_pretrained(tmp_path / "theirs")
    assert again("Hello 我")["input_ids"] == ours("Hello 我")["input_ids"]


def test_made_by_hand(folder: Path) -> None:
    theirs = transformers.BertTokenizer(str(folder / "vocab.txt"))
    for ours in (
        BertTokenizer(folder / "vocab.txt"),
        BertTokenizer(vocab_file=str(folder / "vocab.txt")),
        BertTokenizer({t: i for i, t in enumerate(TOKENS)}),
        BertTokenizer(tokenizer_object=theirs.backend_tokenizer),
    ):
        assert ours("Hello 我喜欢")["input_ids"] == theirs("Hello 我喜欢")["input_ids"]
    with pytest.raises(TokenizerError, match="vocab must map"):
        BertTokenizer()


def test_without_the_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from gpt2.tokenizer import wordpiece

    wordpiece._library.cache_clear()
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingDependencyError, match=r"\[wordpiece\]"):
        Tokenizer.from_pretrained(folder)
    wordpiece._library.cache_clear()


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    return write_chinese_model(tmp_path_factory.mktemp("model"))


def test_engines_write_and_stream(model_folder: Path) -> None:
    """A prompt begins with [CLS] and is left open; three engines, one text."""
    written = set()
    for engine in ("native", "torch", "reference"):
        model = gpt2.load(model_folder, engine=engine)
        how = {"max_new_tokens": 12, "do_sample": False}
        texts = model.generate("我喜欢hello", **how)
        assert texts.startswith("我 喜 欢 hello")
        assert "我 喜 欢 hello" + "".join(model.stream("我喜欢hello", **how)) == texts
        written.add(texts)
    assert len(written) == 1
    theirs = transformers.GPT2LMHeadModel.from_pretrained(model_folder)
    ids = model.tokenizer.encode_prompt("我喜欢hello")
    import torch

    row = theirs.generate(torch.tensor([ids]), **how)[0]
    assert written == {model.tokenizer.decode(row, skip_special_tokens=True)}
