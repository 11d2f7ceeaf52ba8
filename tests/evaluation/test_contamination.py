"""Overlap of a test set with a prepared corpus, counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gpt2.cli.overlap import command
from gpt2.data import PrepareConfig, prepare
from gpt2.errors import InputError, MissingFileError, OptionError
from gpt2.evaluation.contamination import contamination, contaminations, examples_of
from tests.tiny import tiny_tokenizer

KNOWN = "one two three four five six seven eight nine ten"
EXAMPLES = [
    KNOWN.upper() + "!",  # 3 of 3
    f"zero {KNOWN} eleven twelve thirteen fourteen fifteen",  # 3 of 9
    "something else that nobody ever wrote down before now",  # 0 of 2
    "too short",  # no 8-gram
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "a.txt").write_text(f"So: {KNOWN}; and on.\n<|endoftext|>Another text.\n", "utf-8")
    config = PrepareConfig(validation=0.0)
    prepare([str(folder / "a.txt")], folder / "data", tiny_tokenizer(), config)
    return folder / "data"


def test_counts(corpus: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = contamination(EXAMPLES, corpus, progress=lambda *now: seen.append(now))
    assert (found.examples, found.ngrams, found.found) == (4, 3 + 9 + 2, 3 + 3)
    assert found.share == pytest.approx(6 / 14)
    assert (found.touched, found.known) == (2, [0])
    assert (found.longest, found.sample) == (10, KNOWN)
    assert seen[-1] == (found.corpus_tokens, found.corpus_tokens)
    assert contamination(EXAMPLES, corpus, n=11).found == 0
    several = contaminations({"a": EXAMPLES[1:], "b": EXAMPLES[:1]}, corpus)
    assert [(c.ngrams, c.found) for c in several.values()] == [(9 + 2, 3), (3, 3)]
    with pytest.raises(InputError):
        contamination([], corpus)


def test_examples_of_files(tmp_path: Path) -> None:
    lines = tmp_path / "a.txt"
    lines.write_text("One.\n\n Two.\n", "utf-8")
    assert examples_of(lines) == ["One.", " Two."]
    rows = tmp_path / "a.jsonl"
    rows.write_text('{"q": "Who?", "a": ["she", {"n": 1, "b": "he"}]}\n{"q": "What?"}\n', "utf-8")
    assert examples_of(rows) == ["Who?\nshe\nhe", "What?"]


def test_command(corpus: Path, tmp_path: Path) -> None:
    file = tmp_path / "test.txt"
    file.write_text("\n".join(EXAMPLES), "utf-8")
    done = CliRunner().invoke(command, [str(corpus), str(file)])
    assert done.exit_code == 0, done.output
    assert "42.86% of 14 8-grams; 2 of 4 examples overlap, 1 of them mostly" in done.stdout
    done = CliRunner().invoke(command, [str(corpus), str(file), "--json"])
    assert json.loads(done.stdout)[str(file)]["known"] == [0]


def test_a_folder_stands_for_its_files(corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("a.txt", "b.txt", ".hidden"):
        (folder / name).write_text("The quick brown fox jumps over the lazy dog again.\n")
    done = CliRunner().invoke(command, [str(corpus), str(folder), "--json"])
    assert list(json.loads(done.stdout)) == [str(folder / name) for name in ("a.txt", "b.txt")]
    for wrong in (corpus, tmp_path / "nothing"):
        wrong.mkdir(exist_ok=True)
        done = CliRunner().invoke(command, [str(corpus), str(wrong)])
        assert isinstance(done.exception, InputError)


def test_benchmarks(corpus: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on = [str(corpus), "--on", "winograd,occupations", "--data", str(data_folder)]
    done = CliRunner().invoke(command, on)
    assert done.exit_code == 0, done.output
    assert "of 273 examples overlap" in done.stdout
    assert "of 200 examples overlap" in done.stdout
    monkeypatch.delenv("GPT2_DATA", raising=False)
    with pytest.raises(OptionError, match="GPT2_DATA"):
        CliRunner().invoke(command, on[:3], catch_exceptions=False)
    with pytest.raises(OptionError, match="a FILE, or benchmarks with --on"):
        CliRunner().invoke(command, on[:1], catch_exceptions=False)


def test_what_is_missing_is_named(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "winobias_dev.txt").write_text("not the published one")
    done = CliRunner().invoke(command, [str(corpus), "--on", "bias", "--data", str(tmp_path)])
    assert "winobias: skipped. winobias: " in done.stdout
    (tmp_path / "winobias_dev.txt").unlink()
    done = CliRunner().invoke(command, [str(corpus), "--on", "bias", "--data", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "winobias: skipped." in done.stdout
    named = [str(corpus), "--on", "winobias", "--data", str(tmp_path)]
    with pytest.raises(MissingFileError, match="winobias"):
        CliRunner().invoke(command, named, catch_exceptions=False)
