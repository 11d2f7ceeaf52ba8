"""`TokenData`: several shards as one, and clear errors for what is damaged."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from gpt2.data import PrepareConfig, TokenData, prepare
from gpt2.errors import CorruptFileError, InputError, MissingFileError, TokenizerError
from gpt2.tokenizer import GPT2Tokenizer, train_tokenizer


@pytest.fixture
def out(corpus: Path, tmp_path: Path, tokenizer: GPT2Tokenizer) -> Path:
    prepare([corpus], tmp_path / "out", tokenizer, PrepareConfig(shard_tokens=700))
    return tmp_path / "out"


def test_runs_cross_the_shards(out: Path) -> None:
    data = TokenData(out)
    parts = [np.fromfile(p, "<u2") for p in sorted(out.glob("train-*.bin"))]
    whole = np.concatenate(parts).astype(np.int64)
    assert len(parts) > 3
    assert len(data) == len(whole)
    border = len(parts[0])
    for start, stop in ((0, 5), (border - 2, border + 3), (10, len(whole) - 7), (border, border)):
        np.testing.assert_array_equal(data[start:stop], whole[start:stop])
        assert data[start:stop].dtype == np.int64
    for start, length in ((-1, 2), (len(whole) - 1, 2), (0, -1)):
        with pytest.raises(InputError):
            data.run(start, length)


def test_documents_are_known(out: Path) -> None:
    data = TokenData(out)
    ends = np.flatnonzero(data[:] == data.end_of_text) + 1
    np.testing.assert_array_equal(data.ends, ends)
    assert data.document(1).tolist() == data[int(ends[0]) : int(ends[1])].tolist()
    with pytest.raises(InputError, match="is out of range"):
        data.document(data.documents)


def test_several_folders_are_one(out: Path, corpus: Path, tmp_path: Path,
                                 tokenizer: GPT2Tokenizer) -> None:  # fmt: skip
    prepare([corpus / "01.txt"], tmp_path / "more", tokenizer)
    one, more = TokenData(out), TokenData(tmp_path / "more")
    both = TokenData([out, tmp_path / "more"])
    np.testing.assert_array_equal(both[:], np.concatenate([one[:], more[:]]))
    assert both.documents == one.documents + more.documents
    assert both.bytes == one.bytes + more.bytes
    assert both.ends[-1] == len(both)


def test_it_travels_to_another_process(out: Path) -> None:
    data = TokenData(out, "train")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(data))[:9], data[:9])


def test_damage_is_named(out: Path) -> None:
    shard = out / "train-00001.bin"
    content = shard.read_bytes()
    shard.write_bytes(content[:-2])
    with pytest.raises(CorruptFileError, match=r"train-00001\.bin has \d+ bytes, but the manifest"):
        TokenData(out)
    shard.write_bytes(content[:-2] + b"\1\0")
    with pytest.raises(CorruptFileError, match=r"train-00001\.bin is damaged"):
        TokenData(out).verify()
    shard.write_bytes(content)
    TokenData(out).verify()
    shard.unlink()
    with pytest.raises(MissingFileError, match=r"train-00001\.bin is missing"):
        TokenData(out)


def test_a_folder_that_is_not_whole_is_named(tmp_path: Path, out: Path) -> None:
    with pytest.raises(MissingFileError, match="gpt2 prepare SOURCE -o"):
        TokenData(tmp_path)
    (out / ".partial").mkdir()
    (out / "manifest.json").rename(out / "old.json")
    with pytest.raises(MissingFileError, match="run the same gpt2 prepare command again"):
        TokenData(out)
    (out / "manifest.json").write_text('{"format": "gpt2 tokens 9"}', "utf-8")
    with pytest.raises(CorruptFileError, match="tokens 9"):
        TokenData(out)
    (out / "manifest.json").write_text('{"format": "gpt2 tokens 1", "splits": {"a": 1}}', "utf-8")
    with pytest.raises(CorruptFileError, match="lacks the required field"):
        TokenData(out)


def test_another_tokenizer_is_refused(out: Path, tokenizer: GPT2Tokenizer, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path / "copy")
    TokenData(out, tokenizer=GPT2Tokenizer.from_pretrained(tmp_path / "copy"))
    other = train_tokenizer(["other text " * 9], 270)
    with pytest.raises(TokenizerError, match="320 ids"):
        TokenData(out, tokenizer=other)
    with pytest.raises(InputError, match="no split 'test'; its splits are train, validation"):
        TokenData(out, "test")
