"""Shards of `gpt2 prepare`, merged: byte for byte what one run writes."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gpt2.data import TokenData
from gpt2.data.merging import merge
from gpt2.errors import CorruptFileError, InputError, MissingFileError, OptionError
from tests.corpora import text_of
from tests.sharding.running import call, content, parts_of, write_lines

END = "<|endoftext|>"


def corpus(folder: Path, seed: int, documents: int) -> Path:
    """Files of every size, some empty, with documents that come twice, are empty or hold others."""
    chance = random.Random(seed)
    folder.mkdir()
    texts = [text_of(chance.randrange(max(1, documents * 3 // 4)), 20) for _ in range(documents)]
    for at in range(0, documents, 7):
        texts[at] = chance.choice(["", " \n", f"a{END}{texts[at]}{END}\nb", "caf\ufffd " * 3])
    files = chance.choice([1, 2, 5])
    borders = sorted(chance.randrange(documents + 1) for _ in range(files - 1))
    for n, (a, b) in enumerate(zip([0, *borders], [*borders, documents], strict=True)):
        if chance.random() < 0.3:
            (folder / f"{n}.txt").write_text(END.join(texts[a:b]), "utf-8")
        else:
            write_lines(folder / f"{n}.jsonl", [{"text": text} for text in texts[a:b]])
    return folder


def prepare(source: Path, tokenizer: Path, *options: Any) -> list[Any]:
    return ["prepare", source, "--tokenizer", tokenizer, "--threads", "1", *options]


CASES = [
    (60, 4, ["--filter", "dedup", "--validation", "0.1", "--shard-tokens", "150"]),
    (900, 3, ["--filter", "dedup", "--validation", "0.1", "--shard-tokens", "3000"]),  # by hash
    (900, 2, ["--filter", "newlines", "--validation", "0"]),
    (30, 5, ["--validation-by", "document", "--shard-tokens", "1"]),
    (9, 3, []),  # the ends are held out
    (3, 11, ["--filter", "dedup"]),  # more shards than documents
    (40, 1, ["--filter", "dedup", "--validation-by", "tail"]),
]


@pytest.mark.parametrize(("documents", "count", "options"), CASES, ids=str)
def test_parts_merge_to_one_run(
    documents: int, count: int, options: list[str], tokenizer_folder: Path, tmp_path: Path
) -> None:
    for seed in range(2):
        place = tmp_path / str(seed)
        place.mkdir()
        command = prepare(corpus(place / "text", seed, documents), tokenizer_folder, *options)
        call(*command, "-q", "-o", place / "one")
        parts = parts_of(command, place, count)
        merged = call("merge", *reversed(parts), "-q", "--json", "-o", place / "merged")
        assert content(place / "merged") == content(place / "one")
        assert json.loads(merged.stdout) == json.loads((place / "one/manifest.json").read_text())
        TokenData(place / "merged").verify()


def test_a_part_is_made_once_and_is_no_corpus(tokenizer_folder: Path, tmp_path: Path) -> None:
    command = prepare(corpus(tmp_path / "text", 0, 40), tokenizer_folder)
    parts = parts_of(command, tmp_path, 2)
    before = {path: path.stat().st_mtime_ns for path in parts[0].rglob("*") if path.is_file()}
    again = call(*command, "--shard", "1/2", "-o", parts[0])
    assert "is already prepared" in again.stderr
    assert before == {path: path.stat().st_mtime_ns for path in before}
    with pytest.raises(InputError, match=r"part-1 is shard 1/2.*gpt2 merge"):
        TokenData(parts[0])
    with pytest.raises(OptionError, match=r"differs in shard \('1/2', now '2/2'\)"):
        call(*command, "-q", "--shard", "2/2", "-o", parts[0])
    call("merge", *parts, "-q", "-o", tmp_path / "out")
    assert "is already merged" in call("merge", *parts, "-o", tmp_path / "out").stderr
    with pytest.raises(InputError, match="was not prepared as a shard"):
        call("merge", tmp_path / "out", parts[0], "-o", tmp_path / "other")


def test_what_does_not_belong_together_is_named(tokenizer_folder: Path, tmp_path: Path) -> None:
    source = corpus(tmp_path / "text", 1, 40)
    command = prepare(source, tokenizer_folder)
    one, two = parts_of(command, tmp_path, 2)

    def refused(kind: type[Exception], message: str, *parts: Path) -> None:
        with pytest.raises(kind, match=message):
            call("merge", *parts, "-q", "-o", tmp_path / "out")
        assert not (tmp_path / "out").exists()

    refused(OptionError, "shard 2/2 missing", one)
    refused(OptionError, r"shard 1/2 is given twice, as .*part-1 and .*part-1", one, one, two)
    other = tmp_path / "other"
    call(*command, "-q", "--validation", "0.3", "--shard", "2/2", "-o", other)
    refused(OptionError, r"validation \(0.01, 0.3\)", one, other)
    last = sorted(source.iterdir())[-1]
    text = last.read_text("utf-8")
    last.write_text(text.replace("fox", "cat"), "utf-8")  # of the same size
    shutil.rmtree(other)
    call(*command, "-q", "--shard", "2/2", "-o", other)
    last.write_text(text + "\n", "utf-8")
    third = tmp_path / "third"
    call(*command, "-q", "--shard", "2/2", "-o", third)
    refused(OptionError, r"differ in sources", one, third)
    tokens = next(two.glob("train-*.bin"))
    tokens.write_bytes(tokens.read_bytes()[:-2] + b"\0\0")
    refused(CorruptFileError, "damaged", one, two)
    with pytest.raises(OptionError, match="standard input cannot be split into shards"):
        call(*prepare(Path("-"), tokenizer_folder), "--shard", "1/2", "-o", other)


def test_a_file_that_two_shards_read_must_be_one(tokenizer_folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "text"
    source.mkdir()
    lines = [{"text": text_of(n)} for n in range(50)]
    write_lines(source / "a.jsonl", lines)
    command = prepare(source, tokenizer_folder, "--validation", "0")
    call(*command, "-q", "--shard", "1/2", "-o", tmp_path / "one")
    text = (source / "a.jsonl").read_text("utf-8")
    (source / "a.jsonl").write_text(text.replace("fox", "cat"), "utf-8")
    call(*command, "-q", "--shard", "2/2", "-o", tmp_path / "two")
    with pytest.raises(
        InputError, match=r"one and .*two read different contents from source file 1"
    ):
        call("merge", tmp_path / "one", tmp_path / "two", "-q", "-o", tmp_path / "out")


def kill_within_moves(folder: Path) -> None:
    """Make of a whole folder what is left where the last moves were cut off before the manifest."""
    partial = folder / ".partial"
    partial.mkdir()
    (folder / "manifest.json").rename(partial / "manifest.json")
    first = next(folder.glob("train-*.bin"))
    first.rename(partial / first.name)


def test_a_merge_killed_within_its_last_moves(tokenizer_folder: Path, tmp_path: Path) -> None:
    command = prepare(corpus(tmp_path / "text", 0, 40), tokenizer_folder)
    parts = parts_of(command, tmp_path, 2)
    out, merging = tmp_path / "out", ["merge", *parts, "-q", "-o", tmp_path / "out"]
    call(*merging)
    whole = content(out)
    other = [*command, "--validation", "0.3", "-q", "-o", out]
    call(*other[:-1], tmp_path / "one")
    for again in (merging, [*merging, "--overwrite"]):
        kill_within_moves(out)
        with pytest.raises(OptionError, match=r"differs? in validation \(0\.01, now 0\.3\)"):
            call(*other)
        call(*again)
        assert content(out) == whole
    kill_within_moves(out)
    call(*other, "--overwrite")
    assert content(out) == content(tmp_path / "one")


def test_a_merge_on_a_full_disk_is_told_and_goes_on(tokenizer_folder: Path, tmp_path: Path) -> None:
    """No file may grow beyond a block: the tokens fit, the tokenizer does not."""
    command = prepare(write_lines(tmp_path / "a.jsonl", [{"text": "The cat."}]), tokenizer_folder)
    parts = parts_of(command, tmp_path, 2)
    merging = ["merge", *map(str, parts), "-q", "-o", str(tmp_path / "out")]
    limited = ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh", sys.executable, "-m", "gpt2", *merging]
    done = subprocess.run(limited, capture_output=True, text=True)
    assert "tokenizer could not be written: File too large" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out" / "manifest.json").exists()
    (parts[0] / "tokenizer").rename(tmp_path / "away")
    with pytest.raises(
        MissingFileError, match=r"part-1/tokenizer is missing: copy this part again"
    ):
        call(*merging)
    (tmp_path / "away").rename(parts[0] / "tokenizer")
    call(*merging)
    call(*command, "-q", "-o", tmp_path / "one")
    assert content(tmp_path / "out") == content(tmp_path / "one")


def test_a_merge_destroys_nothing(tokenizer_folder: Path, tmp_path: Path) -> None:
    command = prepare(corpus(tmp_path / "text", 0, 40), tokenizer_folder)
    parts = parts_of(command, tmp_path, 2)
    before = content(parts[0])
    with pytest.raises(
        OptionError, match=r"part-1 is one of the parts: write the output to another place"
    ):
        merge(parts, parts[0], overwrite=True)
    assert content(parts[0]) == before
    begun = tmp_path / "begun" / ".partial"
    begun.mkdir(parents=True)
    (begun / "progress.json").write_text("{}")
    (begun / "train-00000.bin").write_bytes(b"half")
    with pytest.raises(OptionError, match=r"begun contains an unfinished preparation"):
        call("merge", *parts, "-q", "-o", tmp_path / "begun")
    assert (begun / "train-00000.bin").read_bytes() == b"half"


@pytest.mark.slow
def test_shards_killed_at_random_moments(tokenizer_folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "text"
    source.mkdir()
    write_lines(source / "a.jsonl", [{"text": text_of(n % 2500, 100)} for n in range(3000)])
    options = ["--filter", "dedup", "--save-every", "0", "--validation", "0.1"]
    command = prepare(source, tokenizer_folder, *options)
    call(*command, "-q", "-o", tmp_path / "one")
    chance, killed = random.Random(0), 0
    for number in (1, 2):
        part = tmp_path / f"part-{number}"
        words = [*command, "--shard", f"{number}/2", "-o", part]
        for _ in range(20):
            process = subprocess.Popen([sys.executable, "-m", "gpt2", *map(str, words)],
                                       stderr=subprocess.PIPE)  # fmt: skip
            while not (part / ".partial" / "progress.json").exists() and process.poll() is None:
                time.sleep(0.002)
            time.sleep(0.3 * chance.random())
            process.kill()  # nothing, where an earlier one was killed when all was done
            if process.wait() == 0:
                break
            killed += 1
        call(*words, "-q")
    assert killed
    call("merge", tmp_path / "part-2", tmp_path / "part-1", "-q", "-o", tmp_path / "out")
    assert content(tmp_path / "out") == content(tmp_path / "one")
    assert json.loads((tmp_path / "out/manifest.json").read_text())["counts"]["duplicates"] == 500
