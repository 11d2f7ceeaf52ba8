"""What users call gives what transformers gives; bad input gives one clear error."""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from gpt2.errors import (
    CorruptFileError,
    InputError,
    MissingDependencyError,
    MissingFileError,
    OptionError,
    TokenizerError,
    UnsupportedError,
    WriteError,
)
from gpt2.extras import install
from gpt2.tokenizer import AddedToken, BatchEncoding, GPT2Tokenizer

WORDS = ["<pad>", "<x>", "foo", "foobar", "new one", " ", "  ", "\n", "LL", "RR", "WW", "a", "_"]
WORDS += ["<|endoftext|>", "汉", "😀", "hello"]


def random_text(rng: random.Random) -> str:
    return "".join(rng.choices(WORDS, k=rng.randint(0, 14)))


def add_tokens(tokenizer: Any, kind: Any) -> int:
    new = tokenizer.add_special_tokens({"pad_token": "<pad>", "additional_special_tokens": ["<x>"]})
    new += tokenizer.add_tokens(["foo", "foobar", "new one"])
    return new + tokenizer.add_tokens(
        [kind("LL", lstrip=True), kind("RR", rstrip=True), kind("WW", single_word=True)]
    )


def test_padding_truncation_and_offsets_equal_transformers(
    fresh: GPT2Tokenizer, fresh_peer: Any
) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    assert add_tokens(fresh, AddedToken) == len(fresh) - 50257  # ids that are new
    add_tokens(fresh_peer, tokenizers.AddedToken)
    assert len(fresh) == len(fresh_peer)
    assert fresh.get_added_vocab() == fresh_peer.get_added_vocab()
    assert fresh.all_special_ids == fresh_peer.all_special_ids
    rng = random.Random(0)
    for _ in range(1500):
        text = random_text(rng) if rng.random() < 0.2 else [random_text(rng) for _ in range(3)]
        options = {
            "padding": rng.choice([True, False, "longest", "max_length"]),
            "truncation": rng.choice([True, False]),
            "max_length": rng.choice([1, 3, 8, 20]),
            "padding_side": rng.choice(["left", "right", None]),
            "return_offsets_mapping": rng.random() < 0.5,
            "return_special_tokens_mask": rng.random() < 0.3,
            "split_special_tokens": rng.random() < 0.3,
        }
        fresh.truncation_side = fresh_peer.truncation_side = rng.choice(["left", "right"])
        assert dict(fresh(text, **options)) == dict(fresh_peer(text, **options)), (text, options)


SIGNS = "\x1c\x1f\x85\xa0\u180e\u200b\u200c\u200d\u2028\u3000\ufeff \t_-\u0301²ⓐⅧé汉٣\u203f\u20dd"
SIGNS += "\u0558\u058b\u088f\u1acf\U00011de0\U00012550"  # newer than many tables


def test_added_tokens_beside_any_sign_equal_transformers(
    fresh: GPT2Tokenizer, fresh_peer: Any
) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    add_tokens(fresh, AddedToken)
    add_tokens(fresh_peer, tokenizers.AddedToken)
    for sign in SIGNS:
        for text in (f"a{sign}LL", f"RR{sign}a", f"{sign}WW", f"WW{sign}", f"a {sign} WW{sign}RR"):
            assert fresh(text)["input_ids"] == fresh_peer(text)["input_ids"], ascii(text)


def test_decoding_equals_transformers(tokenizer: GPT2Tokenizer, peer: Any) -> None:
    rng = random.Random(0)
    for _ in range(500):
        ids = rng.choices(range(50257), k=rng.randint(0, 8)) + [50256] * rng.randint(0, 2)
        for skip in (True, False):
            assert tokenizer.decode(ids, skip_special_tokens=skip) == peer.decode(
                ids, skip_special_tokens=skip
            )
        tokens = tokenizer.convert_ids_to_tokens(ids)
        assert tokens == peer.convert_ids_to_tokens(ids)
        assert tokenizer.convert_tokens_to_ids(tokens) == ids
        assert tokenizer.convert_tokens_to_string(tokens) == tokenizer.decode(ids)
    assert tokenizer.decode(31373) == "hello"
    assert tokenizer.batch_decode([[31373], [995]]) == ["hello", " world"]
    assert tokenizer.convert_tokens_to_ids("no such token") == 50256  # unk_token


def test_kinds(fresh: GPT2Tokenizer) -> None:
    np, torch = pytest.importorskip("numpy"), pytest.importorskip("torch")
    fresh.pad_token = fresh.eos_token
    assert fresh.pad_token_id == 50256
    rows = fresh(["a", "b c d"], padding=True, return_tensors="pt")
    assert isinstance(rows, BatchEncoding)
    assert rows.to("cpu") is rows
    assert torch.equal(rows.input_ids, torch.tensor([[64, 50256, 50256], [65, 269, 288]]))
    array = fresh.encode("b c d", return_tensors="np")
    assert array.dtype == np.int64
    assert fresh.decode(array[0]) == "b c d"
    assert fresh.decode(rows.input_ids, skip_special_tokens=True) == ["a", "b c d"]
    padded = fresh.pad([fresh("a"), fresh("b c d")], return_tensors="np")
    assert padded["attention_mask"].tolist() == [[1, 0, 0], [1, 1, 1]]


def test_a_batch_equals_its_rows(tokenizer: GPT2Tokenizer) -> None:
    texts = [f"row {n} " * 4000 for n in range(5)]
    assert tokenizer(texts).input_ids == [tokenizer(text).input_ids for text in texts]


def test_folders_go_both_ways(fresh: GPT2Tokenizer, fresh_peer: Any, tmp_path: Path) -> None:
    tokenizers, kind = pytest.importorskip("tokenizers"), type(fresh_peer)
    add_tokens(fresh, AddedToken)
    add_tokens(fresh_peer, tokenizers.AddedToken)
    fresh.save_pretrained(tmp_path / "ours")
    fresh_peer.save_pretrained(tmp_path / "theirs")
    ours = GPT2Tokenizer.from_pretrained(tmp_path / "theirs")
    again = GPT2Tokenizer.from_pretrained(tmp_path / "ours")
    theirs = kind.from_pretrained(tmp_path / "ours")
    assert again.added_tokens_decoder == ours.added_tokens_decoder == fresh.added_tokens_decoder
    assert theirs.added_tokens_decoder == fresh_peer.added_tokens_decoder
    assert theirs.all_special_tokens == ours.all_special_tokens == again.all_special_tokens
    rng = random.Random(1)
    for _ in range(200):
        text = random_text(rng)
        ids = fresh.encode(text)
        assert ids == ours.encode(text) == again.encode(text) == theirs(text)["input_ids"]


def test_a_vocabulary_of_the_tokenizers_library(tmp_path: Path, data_folder: Path) -> None:
    """End-of-text first, ids not in the order of GPT-2."""
    tokenizers = pytest.importorskip("tokenizers")
    other = tokenizers.ByteLevelBPETokenizer()
    corpus = str(data_folder / "golden/cs336_corpus.en")
    other.train([corpus], vocab_size=700, special_tokens=["<|endoftext|>"])
    other.save(str(tmp_path / "tokenizer.json"))
    ours = GPT2Tokenizer.from_pretrained(tmp_path)
    assert ours.eos_token_id == 0
    for line in Path(corpus).read_text().splitlines()[:200]:
        assert ours.encode(line) == other.encode(line).ids


def test_added_tokens_json(small: GPT2Tokenizer, tmp_path: Path) -> None:
    small.save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "tokenizer_config.json").write_text("{}")
    (tmp_path / "added_tokens.json").write_text(json.dumps({"<new>": 259}))
    assert GPT2Tokenizer.from_pretrained(tmp_path).encode("he<new>") == [256, 259]


def test_bad_calls(small: GPT2Tokenizer) -> None:
    for ids in (-1, [-1], [1.5], ["a"], [0, None], [True, -3]):
        with pytest.raises(TokenizerError):
            small.decode(ids)
    for text in (None, 5, [1, 2], [["a"]]):
        with pytest.raises(InputError):
            small(text)
    with pytest.raises(TokenizerError, match=r"tokenizer\.pad_token = tokenizer\.eos_token"):
        small(["a", "b c"], padding=True)
    with pytest.raises(InputError, match="padding=True"):
        small(["a", "b c"], return_tensors="np")
    for options in (
        {"return_tensors": "tf"},
        {"padding": "yes"},
        {"truncation": "yes"},
        {"truncation": True, "max_length": 0},
        {"no_such": 1},
    ):
        with pytest.raises(OptionError):
            small("a", **options)
    with pytest.raises(UnsupportedError, match="backend"):
        _ = small.backend_tokenizer
    with pytest.raises(InputError, match="text_pair"):
        small(["a"], ["b", "c"])
    with pytest.raises(TokenizerError, match="add_special_tokens"):
        small.pad_token = "<none>"


def test_without_torch(small: GPT2Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match=re.escape(install("torch"))):
        small("a", return_tensors="pt")


def test_bad_folders(small: GPT2Tokenizer, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="found none of them"):
        GPT2Tokenizer.from_pretrained(tmp_path)
    small.save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"model"')
    with pytest.raises(CorruptFileError, match="not JSON"):
        GPT2Tokenizer.from_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    for merges, error in (("h e l", CorruptFileError), ("z z", TokenizerError)):
        (tmp_path / "merges.txt").write_text(merges)
        with pytest.raises(error):
            GPT2Tokenizer.from_pretrained(tmp_path).encode("hello")
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError):
        small.save_pretrained(tmp_path / "file")
