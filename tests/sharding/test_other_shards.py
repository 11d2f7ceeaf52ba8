"""Shards of `gpt2 evaluate` and of batches, merged: what one run writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gpt2.errors import CorruptFileError, OptionError
from gpt2.evaluation.benchmarks import benchmark
from gpt2.evaluation.runner import _pieces
from gpt2.parts import Shard
from tests.sharding.running import call, content, coqa, parts_of, results, write_lines

ROWS: dict[str, list[Any]] = {
    "summarize": [{"text": f"The cat sat on mat {n}. It slept."} for n in range(7)],
    "translate": [{"text": f"The cat {n}. The dog."} for n in range(3)] + [{"tex": "no"}],
    "answer": [{"question": f"Who is {n}?", "context": "A fox."} for n in range(5)],
    "write": [{"title": f"The cat {n}", "length": 5} for n in range(4)],
}


@pytest.mark.parametrize("task", ROWS)
def test_batches(task: str, tiny_model: Path, tmp_path: Path) -> None:
    source = write_lines(tmp_path / "rows.jsonl", ROWS[task])
    command = [task, "-m", tiny_model, "--batch", source]
    command += ["--from", "en", "--to", "fr"] if task == "translate" else []
    one = tmp_path / "one"
    run(*command, "-q", "-o", one)
    for count in (1, 3, 9):  # nine: more than rows
        place = tmp_path / str(count)
        place.mkdir()
        parts = [place / f"part-{n}" for n in range(1, count + 1)]
        for number, part in enumerate(parts, 1):
            run(*command, "-q", "--shard", f"{number}/{count}", "-o", part)
        told = call("merge", *reversed(parts), "-q", "--json", "-o", place / "merged").stdout
        assert content(place / "merged") == content(one)
        rows = len((place / "merged").read_text().splitlines())
        assert json.loads(told) == {"output": str(place / "merged"), "rows": rows}


def run(*words: Any) -> None:
    """A command; that a row fails is told by its code, and is no matter here."""
    try:
        call(*words)
    except AssertionError:
        if "tex" not in str(words):
            assert words[0] == "translate"


def test_a_part_of_a_batch_goes_on_and_says_what_it_lacks(tiny_model: Path, tmp_path: Path) -> None:
    source = write_lines(tmp_path / "rows.jsonl", ROWS["summarize"])
    command = ["summarize", "-m", tiny_model, "--batch", source]
    call(*command, "-q", "-o", tmp_path / "one")
    one, two = parts_of(command, tmp_path, 2)
    whole = one.read_bytes()
    lines = whole.splitlines(keepends=True)
    assert len(lines) == 5
    for left in (b"".join(lines[:3]), b"".join(lines[:2]) + lines[2][:9], lines[0][:9], b""):
        one.write_bytes(left)
        lacks = "of the 4 rows of shard 1/2" if left.count(b"\n") else "part-1 has no complete line"
        with pytest.raises(CorruptFileError, match=f"{lacks}: run its command again"):
            call("merge", one, two, "-o", tmp_path / "out")
        call(*command, "-q", "--shard", "1/2", "-o", one)
        assert one.read_bytes() == whole
    assert "0 rows, 4 already done" in call(*command, "--shard", "1/2", "-o", one).stderr
    for words, message in (
        (["--shard", "2/2", "-o", one], "a different row, model or option"),
        (["--shard", "1/2", "-o", one, "--seed", "3"], "a different row, model or option"),
        (["-o", one], "a different row, model or option"),
    ):
        with pytest.raises(OptionError, match=message):
            call(*command, "-q", *words)
    assert one.read_bytes() == whole
    other = tmp_path / "other"
    call(*command, "-q", "--seed", "3", "--shard", "2/2", "-o", other)
    with pytest.raises(OptionError, match=r"options\.seed \(None, 3\)"):
        call("merge", one, other, "-o", tmp_path / "out")
    write_lines(source, [*ROWS["summarize"][:-1], {"text": "Another."}])
    call(*command, "-q", "--shard", "2/2", "-o", tmp_path / "third")
    with pytest.raises(OptionError, match=r"differ in inputs"):
        call("merge", one, tmp_path / "third", "-o", tmp_path / "out")
    with pytest.raises(CorruptFileError, match="is not part"):
        call("merge", tmp_path / "one", two, "-o", tmp_path / "out")
    head = json.loads(lines[0])
    del head["work"]["rows"]
    (tmp_path / "third").write_text(json.dumps(head) + "\n")
    with pytest.raises(CorruptFileError, match="third is not part of a batch"):
        call("merge", tmp_path / "third", two, "-o", tmp_path / "out")
    (tmp_path / "third").write_bytes(lines[0].replace(b"1/2", b"3/2"))
    with pytest.raises(CorruptFileError, match="third: a shard must be i/N"):
        call("merge", tmp_path / "third", two, "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_shards_of_a_batch_on_several_devices_merge(tiny_model: Path, tmp_path: Path) -> None:
    rows = write_lines(tmp_path / "rows.jsonl", ROWS["summarize"][:2])
    command = ["summarize", "-m", tiny_model, "--batch", rows, "--engine", "torch", "-q"]
    parts = [tmp_path / "part-1", tmp_path / "part-2"]
    for number, device in enumerate(("cpu:0", "cpu"), 1):
        call(*command, "--device", device, "--shard", f"{number}/2", "-o", parts[number - 1])
    call("merge", *parts, "-q", "-o", tmp_path / "merged")
    assert len((tmp_path / "merged").read_text().splitlines()) == 2


def test_what_a_shard_needs(tiny_model: Path) -> None:
    with pytest.raises(OptionError, match="--shard requires -o"):
        call("evaluate", "--shard", "1/2", "--on", "coqa")
    with pytest.raises(OptionError, match="requires --batch"):
        call("write", "A title", "--shard", "1/2", "-o", "x")


def test_an_evaluation(tiny_model: Path, tmp_path: Path) -> None:
    command = [*coqa(tmp_path / "sets"), "-m", tiny_model]
    pieces = len(_pieces(benchmark("coqa"), 83, None))
    assert pieces > 2
    one = tmp_path / "one"
    shown = call(*command, "-q", "-o", one).stdout
    for count in (2, pieces + 2):
        place = tmp_path / str(count)
        place.mkdir()
        parts = parts_of(command, place, count)
        merged = call("merge", *reversed(parts), "-o", place / "merged")
        assert merged.stdout == shown
        assert results(place / "merged") == results(one)
        assert list(json.loads((place / "merged").read_text())) == list(json.loads(one.read_text()))
    part = parts[0]
    before = part.stat().st_mtime_ns
    again = call(*command, "--shard", f"1/{pieces + 2}", "-o", part)
    assert "is already done" in again.stderr
    assert part.stat().st_mtime_ns == before
    other = tmp_path / "other"
    call(*command, "-q", "--limit", "5", "--shard", f"1/{pieces + 2}", "-o", other)
    with pytest.raises(OptionError, match=r"limit \(5, None\)"):
        call("merge", other, *parts[1:], "-o", tmp_path / "out")
    with pytest.raises(OptionError, match=f"shard 2/{pieces + 2} missing"):
        call("merge", part, *parts[2:], "-o", tmp_path / "out")
    with pytest.raises(CorruptFileError, match="is not part"):
        call("merge", one, part, "-o", tmp_path / "out")
    for name in ("missing", "time"):
        lacking = {k: v for k, v in json.loads(part.read_text()).items() if k != name}
        other.write_text(json.dumps(lacking, indent=2))
        with pytest.raises(CorruptFileError, match="other is not part"):
            call("merge", other, *parts[1:], "-o", tmp_path / "out")
    whole = part.read_bytes()
    with pytest.raises(OptionError, match=r"part-1 is one of the parts: write the output"):
        call("merge", *parts, "-o", part)
    assert part.read_bytes() == whole


def test_an_evaluation_of_changed_data_is_not_taken_as_done(
    tiny_model: Path, tmp_path: Path
) -> None:
    command = [*coqa(tmp_path / "sets", 5), "-m", tiny_model]
    one, two = parts_of(command, tmp_path, 2)
    data = tmp_path / "sets" / "coqa-dev-v1.0.json"
    data.write_text(data.read_text().replace("cat", "dog"))
    for number, part in ((1, one), (2, two)):
        if number == 2:
            with pytest.raises(OptionError, match=r"differ in coqa\.coqa-dev-v1\.0\.json"):
                call("merge", one, two, "-q", "-o", tmp_path / "merged")
        with pytest.raises(OptionError, match="already exists: choose another name, or use"):
            call(*command, "-q", "--shard", f"{number}/2", "-o", part)
        call(*command, "-q", "--shard", f"{number}/2", "-o", part, "--overwrite")
    call("merge", one, two, "-q", "-o", tmp_path / "merged")
    call(*command, "-q", "-o", tmp_path / "one")
    assert results(tmp_path / "merged") == results(tmp_path / "one")


def test_a_part_without_a_set_that_is_there_now_is_not_done(
    tiny_model: Path, tmp_path: Path
) -> None:
    sets = tmp_path / "sets"
    command = [*coqa(sets, 5), "-m", tiny_model, "-q"]
    command[command.index("coqa")] = "paper"
    parts_of(command, tmp_path, 2)
    (sets / "news.en.heldout-00000-of-00050").write_text("He said it 's over .\n")
    with pytest.raises(OptionError, match="already exists: choose another name, or use"):
        parts_of(command, tmp_path, 2)
    one, two = parts_of([*command, "--overwrite"], tmp_path, 2)
    call("merge", one, two, "-q", "-o", tmp_path / "merged")
    call(*command, "-o", tmp_path / "one")
    assert results(tmp_path / "merged") == results(tmp_path / "one")
    assert "billion-words" in results(tmp_path / "merged")["benchmarks"]


def test_pieces_are_those_of_one_run_and_each_is_of_one_shard() -> None:
    one = benchmark("coqa")
    every = _pieces(one, 100, None)
    assert [place for piece in every.values() for place in piece] == list(range(100))
    shards = [_pieces(one, 100, Shard(n, 3)) for n in (1, 2, 3)]
    assert sorted(n for pieces in shards for n in pieces) == list(every)
