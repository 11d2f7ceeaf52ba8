"""What is prepared is the text: every token, document, hash and count."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpt2.data import Manifest, PrepareConfig, TokenData, prepare
from gpt2.data.holdout import SPAN, is_held_out
from gpt2.errors import InputError, OptionError
from gpt2.tokenizer import GPT2Tokenizer, Tokenizer
from tests.corpora import text_of
from tests.tokenizer.chinese import write_chinese


def texts_in(folder: Path, split: str) -> list[str]:
    data = TokenData(folder, split)
    tokenizer = data.tokenizer()
    return [tokenizer.decode(data.document(n)[:-1]) for n in range(data.documents)]


def test_every_document_is_there_once_in_order(
    corpus: Path, tmp_path: Path, tokenizer: GPT2Tokenizer
) -> None:
    found = prepare([corpus], tmp_path / "out", tokenizer, PrepareConfig(validation=0.2))
    texts = [text_of(n) for n in range(40)]
    held = [
        t
        for t in texts
        if is_held_out(hashlib.blake2b(t.encode(), digest_size=16).digest(), int(0.2 * SPAN))
    ]
    assert 2 <= len(held) <= 16
    assert texts_in(tmp_path / "out", "validation") == held
    assert texts_in(tmp_path / "out", "train") == [t for t in texts if t not in held]
    assert found.splits["validation"].bytes == sum(len(t.encode()) for t in held)
    assert found.splits["train"].documents == 40 - len(held)
    assert found.counts == {"read": 40, "empty": 0, "duplicates": 0, "undecodable": 0}
    data = TokenData(tmp_path / "out", tokenizer=tokenizer)
    data.verify()
    expected = [i for t in texts if t not in held for i in [*tokenizer.encode(t), data.end_of_text]]
    assert data[:].tolist() == expected


def test_three_lines_of_numpy_read_it(
    corpus: Path, tmp_path: Path, tokenizer: GPT2Tokenizer
) -> None:
    prepare([corpus], tmp_path / "out", tokenizer)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    shard = tmp_path / "out" / manifest["splits"]["train"]["shards"][0]["file"]
    tokens = np.memmap(shard, dtype=manifest["dtype"], mode="r")
    assert tokens.dtype == np.uint16
    assert tokens[-1] == manifest["end_of_text"]


def test_neither_threads_nor_shards_change_the_tokens(
    corpus: Path, tmp_path: Path, tokenizer: GPT2Tokenizer
) -> None:
    one = prepare([corpus], tmp_path / "one", tokenizer, PrepareConfig(threads=1))
    prepare([corpus], tmp_path / "two", tokenizer, PrepareConfig(threads=3, shard_tokens=500))
    many = TokenData(tmp_path / "two")
    assert len(many.manifests[0].splits["train"].shards) > 3
    whole = TokenData(tmp_path / "one")
    np.testing.assert_array_equal(many[:], whole[:])
    np.testing.assert_array_equal(many.ends, whole.ends)
    again = prepare([corpus], tmp_path / "three", tokenizer, PrepareConfig(threads=3))
    assert again == one


def test_few_documents_give_their_ends_to_validation(
    tmp_path: Path, tokenizer: GPT2Tokenizer
) -> None:
    text = text_of(1, 1000)
    (tmp_path / "a.txt").write_text(text, "utf-8")
    notes: list[str] = []
    prepare([tmp_path / "a.txt"], tmp_path / "out", tokenizer, PrepareConfig(validation=0.1),
            note=notes.append)  # fmt: skip
    at = int(len(text) * 0.9)
    assert texts_in(tmp_path / "out", "train") == [text[:at]]
    assert texts_in(tmp_path / "out", "validation") == [text[at:]]
    assert "validation-by" in notes[0]
    prepare([tmp_path / "a.txt"], tmp_path / "no", tokenizer, PrepareConfig(validation=0))
    assert texts_in(tmp_path / "no", "train") == [text]
    with pytest.raises(InputError, match="validation split is empty"):
        TokenData(tmp_path / "no", "validation")


@pytest.mark.parametrize("by", ["auto", "document"])
@pytest.mark.parametrize("count", [2, 10, 50, 401])
def test_some_are_always_held_out(
    tmp_path: Path, tokenizer: GPT2Tokenizer, count: int, by: Any
) -> None:
    for seed in range(2):
        rows = [f"the fox {seed} {n}" for n in range(count)]
        source = tmp_path / f"{seed}.jsonl"
        source.write_text("".join(json.dumps({"text": row}) + "\n" for row in [*rows, *rows]))
        config = PrepareConfig(validation_by=by)
        found = prepare([source], tmp_path / f"{seed}", tokenizer, config).splits
        held = texts_in(tmp_path / f"{seed}", "validation")
        assert held
        if by == "document" or 2 * count >= 20:
            assert not {*held} & {*texts_in(tmp_path / f"{seed}", "train")}
            assert found["train"].documents + found["validation"].documents == 2 * count
        if 20 <= 2 * count < 800:
            assert len(held) == 2 * max(1, round(count * 0.01))


def test_few_long_documents_give_their_ends_too(tmp_path: Path, tokenizer: GPT2Tokenizer) -> None:
    (tmp_path / "a.txt").write_text("<|endoftext|>".join(text_of(n, 6000) for n in range(30)))
    found = prepare([tmp_path / "a.txt"], tmp_path / "out", tokenizer).splits
    assert found["train"].documents == found["validation"].documents == 30
    (tmp_path / "b.txt").write_text("<|endoftext|>".join("abcdefgh"))  # of one letter each
    found = prepare([tmp_path / "b.txt"], tmp_path / "b", tokenizer).splits
    assert (found["train"].documents, found["validation"].documents) == (8, 0)


def test_what_is_in_the_sources_counts_and_not_their_names_and_times(
    corpus: Path, tmp_path: Path, tokenizer: GPT2Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    first = prepare([corpus], out, tokenizer)
    monkeypatch.chdir(corpus.parent)
    for path in corpus.iterdir():
        os.utime(path, ns=(5, 5))
    moved = corpus.rename(tmp_path / "moved")
    for spelling in (moved, f"../{tmp_path.name}/moved", "./moved/"):
        assert prepare([spelling], out, tokenizer) == first
    path = moved / "03.txt"
    before = path.stat()
    path.write_bytes(path.read_bytes().swapcase())  # of the same size
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(OptionError, match="differs in sources"):
        prepare([moved], out, tokenizer)
    again = prepare([moved], out, tokenizer, replace=True)
    assert again != first
    assert prepare([moved], out, tokenizer, replace=True) == again


def test_the_folder_that_is_written_is_no_source(
    corpus: Path, tokenizer: GPT2Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(corpus)
    first = prepare(["."], "data", tokenizer)
    assert prepare(["."], "data", tokenizer) == first
    assert prepare(["."], "data", tokenizer, overwrite=True) == first
    with pytest.raises(OptionError, match="is the output folder"):
        prepare(["data"], "data", tokenizer, overwrite=True)
    assert (corpus / "data" / "manifest.json").exists()


def test_duplicates_and_empty_documents_go(tmp_path: Path, tokenizer: GPT2Tokenizer) -> None:
    rows = [text_of(n % 7) for n in range(30)] + [
        "",
        " \n",
        text_of(8) + "<|endoftext|>" + text_of(1),
    ]
    source = tmp_path / "a.jsonl"
    source.write_text("".join(json.dumps({"text": row}) + "\n" for row in rows), "utf-8")
    config = PrepareConfig(filter="dedup", validation=0)
    found = prepare([source], tmp_path / "out", tokenizer, config)
    assert texts_in(tmp_path / "out", "train") == [text_of(n) for n in (0, 1, 2, 3, 4, 5, 6, 8)]
    assert found.counts == {"read": 33, "empty": 2, "duplicates": 24, "undecodable": 0}


def test_documents_end_where_the_tokenizer_says(tmp_path: Path) -> None:
    """A WordPiece vocabulary has no eos_token; its texts end with [SEP]."""
    write_chinese(tmp_path / "chinese")
    chinese = Tokenizer.from_pretrained(tmp_path / "chinese")
    (tmp_path / "a.txt").write_text("None of them came.[SEP]Nonetheless she said: None.\n")
    manifest = prepare([tmp_path / "a.txt"], tmp_path / "out", chinese)
    assert manifest.counts["read"] == 2
    kept = sum(split.bytes for split in manifest.splits.values())
    assert kept == len("None of them came.") + len("Nonetheless she said: None.\n")


def test_a_complete_folder_does_not_pass_for_other_standard_input(
    tmp_path: Path, tokenizer: GPT2Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (b"monday", b"tuesday"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(words * 90)))
        if words == b"monday":
            first = prepare(["-"], tmp_path / "out", tokenizer)
            continue
        with pytest.raises(OptionError, match="standard input holds cannot be compared"):
            prepare(["-"], tmp_path / "out", tokenizer)
        assert prepare(["-"], tmp_path / "out", tokenizer, overwrite=True) != first


def test_a_large_vocabulary_takes_four_bytes(tmp_path: Path, corpus: Path) -> None:
    ids = {chr(n): n for n in range(33, 127)}
    from gpt2.tokenizer.bpe import byte_to_unicode

    ids = {sign: n for n, sign in enumerate(byte_to_unicode().values())} | {"zz": 70_000}
    big = GPT2Tokenizer(ids, [("z", "z")])
    found = prepare([corpus], tmp_path / "out", big, PrepareConfig(validation=0))
    assert found.dtype == "<u4"
    assert texts_in(tmp_path / "out", "train") == [text_of(n) for n in range(40)]


def test_a_folder_keeps_to_its_sources_and_options(
    corpus: Path, tmp_path: Path, tokenizer: GPT2Tokenizer
) -> None:
    out = tmp_path / "out"
    first = prepare([corpus], out, tokenizer)
    notes: list[str] = []
    assert prepare([corpus], out, tokenizer, note=notes.append) == first
    assert notes == [f"{out} is already prepared"]
    with pytest.raises(OptionError, match=r"validation \(0.01, now 0.5\).*--overwrite"):
        prepare([corpus], out, tokenizer, PrepareConfig(validation=0.5))
    (corpus / "new.txt").write_text("new", "utf-8")
    with pytest.raises(OptionError, match="differs in sources"):
        prepare([corpus], out, tokenizer)
    (out / "mine.txt").write_text("the user's own", "utf-8")
    again = prepare([corpus], out, tokenizer, overwrite=True)
    assert again.counts["read"] == 41
    assert (out / "mine.txt").exists()
    assert not (out / ".partial").exists()


def test_bad_options_and_sources(tmp_path: Path, tokenizer: GPT2Tokenizer) -> None:
    for wrong in ({"validation": 0.7}, {"format": "pdf"}, {"filter": ["x"]}, {"threads": 0}):
        with pytest.raises(OptionError):
            PrepareConfig(**wrong)
    (tmp_path / "a.txt").write_text(" \n", "utf-8")
    with pytest.raises(InputError, match="no text was found in"):
        prepare([tmp_path / "a.txt"], tmp_path / "out", tokenizer)


MEASURE = """
import resource, sys
from gpt2.tokenizer import GPT2Tokenizer
from gpt2.data import PrepareConfig, prepare
from gpt2.data import formats
from gpt2.data import preparation
formats.PIECE, preparation.BATCH = 1 << 16, 1 << 14  # the same shape, met by a smaller corpus
source, out, tokenizer = sys.argv[1:]
prepare([source], out, GPT2Tokenizer.from_pretrained(tokenizer),
        PrepareConfig(filter="dedup", threads=2, save_every=0.2, shard_tokens=2_000_000))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_text(tmp_path: Path, tokenizer_folder: Path) -> None:
    """One file without separators, one of small documents: 2 MB and 8 MB take the same."""
    piece = text_of(0, 2000)
    for name, separator in (("one", ""), ("many", "<|endoftext|>")):
        peaks = []
        for times in (1, 4):
            source = tmp_path / f"{name}{times}.txt"
            with source.open("w", encoding="utf-8") as file:
                for n in range(times * 2_000_000 // len(piece.encode())):
                    file.write(f"{n} {piece}{separator}")
            done = subprocess.run(
                [sys.executable, "-c", MEASURE, str(source), str(tmp_path / f"{name}-{times}"),
                 str(tokenizer_folder)], capture_output=True, text=True, check=True,
            )  # fmt: skip
            peaks.append(int(done.stdout) / 1024)
        assert peaks[1] - peaks[0] < 12, f"{name}: {peaks} MiB"


def test_the_manifest_survives_a_round(
    corpus: Path, tmp_path: Path, tokenizer: GPT2Tokenizer
) -> None:
    config = PrepareConfig(licence="public domain, see README")
    found: Any = prepare([corpus], tmp_path / "out", tokenizer, config)
    assert Manifest.read(tmp_path / "out") == found
    assert found.licence == "public domain, see README"
    assert found.options["validation"] == 0.01
