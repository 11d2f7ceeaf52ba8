"""``gpt2 train``: one command from a text to a model; what it refuses; the proof of resuming."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import gpt2
from gpt2.cli import gpt2 as cli
from gpt2.data import Manifest, TokenData
from gpt2.errors import OptionError, TokenizerError
from gpt2.files.locks import lock
from gpt2.training.checkpoints import resume_proof as module
from gpt2.training.checkpoints.resume_proof import prove
from gpt2.training.checkpoints.store import Checkpoints
from gpt2.training.config import Start

TINY = ["--layers", "1", "--width", "32", "--context", "32", "--batch-size", "4", "--threads", "1"]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("".join(f"Line {n} of a text, to be learned by heart.\n" for n in range(400)))
    return path


def run(*arguments: Any, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["train", *map(str, arguments)])
    if code == 0:
        assert result.exit_code == 0, result.output + str(result.exception)
    return result


def test_one_command_from_a_text_to_a_model(text: Path, tmp_path: Path) -> None:
    place = tmp_path / "run"
    options = [*TINY, "--vocab-size", 300, "--steps", 20, "--lr", 0.01, "--sample-every", 10]
    result = run(text, "-o", place, *options)
    assert result.stdout.strip() == str(place / "model")
    assert "preparing it" in result.stderr
    model = gpt2.load(place / "model")
    assert model.config.vocab_size == 300
    assert len(model.generate("Line", max_new_tokens=4)) > 4
    records = [json.loads(line) for line in (place / "metrics.jsonl").read_text().splitlines()]
    assert {r["kind"] for r in records} >= {"step", "validation", "sample"}
    assert records[-1]["step"] == 20
    assert (place / "report.md").exists()
    held = [r for r in records if r["kind"] == "validation"][-1]
    assert 0 < held["bits_per_byte"] < 8

    again = run(place / "data" / "tokens", "-o", place, "--resume", "--steps", 20)
    assert "resuming after step 20" in again.stderr
    refused = run(text, "-o", place, *options, code=2)
    assert isinstance(refused.exception, OptionError)
    changed = run(place / "data" / "tokens", "-o", place, "--resume", "--batch-size", 5, code=2)
    assert "batch_size (4, now 5)" in str(changed.exception)
    other = run(place / "data" / "tokens", "-o", place, "--resume", "--width", 64, code=2)
    assert "width 64 was requested" in str(other.exception)

    options = ["--from", place / "model", "--steps", 2, "--sample-every", 0, "--dropout", 0.1]
    run(place / "data" / "tokens", "-o", tmp_path / "more", *options)
    tuned = json.loads((tmp_path / "more" / "model" / "config.json").read_text())
    assert (tuned["n_embd"], tuned["resid_pdrop"]) == (32, 0.1)


def test_what_does_not_go_together_is_refused(text: Path, tmp_path: Path) -> None:
    result = run(text, "-o", tmp_path / "a", *TINY, "--length", 64, code=2)
    assert "use a smaller --length" in str(result.exception)
    result = run(tmp_path / "a" / "data" / "tokens", "-o", tmp_path / "b", "--resume", code=1)
    assert "no checkpoint to resume from" in str(result.exception)
    result = run(text, "-o", tmp_path / "c", *TINY, "--device", "nonsense", code=2)
    assert "cannot be used here" in str(result.exception)


def vocabulary(place: Path) -> int:
    return int(gpt2.load(place / "model").config.vocab_size)


FEW = ["--steps", 2, "--sample-every", 0, "--validate-every", 0]


def test_overwrite_means_the_prepared_text_too(text: Path, tmp_path: Path) -> None:
    place = tmp_path / "run"
    run(text, "-o", place, *TINY, *FEW, "--vocab-size", 300)
    assert vocabulary(place) == 300
    run(text, "-o", place, *TINY, *FEW, "--vocab-size", 310, "--overwrite")
    assert vocabulary(place) == 310
    text.write_text("".join(f"Other words, number {n}.\n" for n in range(400)))
    changed = run(text, "-o", place, "--resume", code=2)
    assert "was started with a vocabulary of another text" in str(changed.exception)
    run(text, "-o", place, *TINY, *FEW, "--overwrite")
    assert vocabulary(place) == len(gpt2.GPT2Tokenizer.from_pretrained("gpt2-mini"))
    assert "Other words" in gpt2.load(place / "model").tokenizer.decode(
        TokenData(place / "data" / "tokens")[:8]
    )


def test_a_first_attempt_that_failed_is_not_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Too short.")
    short = run(tmp_path / "a.txt", "-o", tmp_path / "run", *TINY, *FEW, code=2)
    assert "use more text" in str(short.exception)
    (tmp_path / "a.txt").write_text("Long enough this time. " * 90)
    run(tmp_path / "a.txt", "-o", tmp_path / "run", *TINY, *FEW)


def test_resume_goes_by_what_is_in_the_text(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "run"
    run(text, "-o", place, *TINY, *FEW, "--vocab-size", 300)
    os.utime(text, ns=(1, 1))
    monkeypatch.chdir(tmp_path)
    moved = text.rename(tmp_path / "moved.txt")
    for spelling in ("moved.txt", "./moved.txt", moved, f"../{tmp_path.name}/moved.txt"):
        assert "resuming after step 2" in run(spelling, "-o", place, "--resume").stderr
    moved.write_text("another text " * 200)
    changed = run(moved, "-o", place, "--resume", "--tokenizer", "gpt2-mini", code=2)
    assert "give only one" in str(changed.exception) or "was started with" in str(changed.exception)
    moved.unlink()
    gone = run(moved, "-o", place, "--resume")
    assert "no longer exists" in gone.stderr
    nothing = run(moved, "-o", tmp_path / "new", *TINY, code=1)
    assert "no file or folder" in str(nothing.exception)


def test_a_folder_that_is_busy_keeps_its_prepared_text(text: Path, tmp_path: Path) -> None:
    place, other = tmp_path / "run", tmp_path / "other.txt"
    run(text, "-o", place, *TINY, *FEW)
    before = (place / "data/tokens/manifest.json").read_text()
    other.write_text("Another text that must wait. " * 90)
    busy = lock(place / "checkpoints" / "lock", "")
    for options in (["--overwrite"], ["--resume", "--allow-changes"]):
        refused = run(other, "-o", place, *TINY, *FEW, *options, code=2)
        assert str(refused.exception) == f"Another process is training in {place}."
    busy.close()
    assert (place / "data/tokens/manifest.json").read_text() == before
    run(other, "-o", place, *TINY, *FEW, "--overwrite")
    assert (place / "data/tokens/manifest.json").read_text() != before


def test_a_new_folder_is_locked_before_its_text_is_prepared(text: Path, tmp_path: Path) -> None:
    place = tmp_path / "a" / "run"
    first = Checkpoints(place)
    first.reserve(Start())
    refused = run(text, "-o", place, *TINY, *FEW, code=2)
    assert str(refused.exception) == f"Another process is training in {place}."
    assert not (place / "data").exists()
    first.release()
    assert not (tmp_path / "a").exists()
    run(tmp_path / "none.txt", "-o", place, *TINY, *FEW, code=1)
    assert not (tmp_path / "a").exists()


def test_a_model_that_no_run_of_the_folder_wrote_is_not_replaced(
    text: Path, tmp_path: Path
) -> None:
    for name in ("model", "adapter"):
        place = tmp_path / name
        (place / name).mkdir(parents=True)
        (place / name / "config.json").write_text("{}")
        refused = run(text, "-o", place, *TINY, *FEW, code=2)
        assert "the run would replace it" in str(refused.exception)
        assert [path.name for path in place.iterdir()] == [name]
        run(text, "-o", place, *TINY, *FEW, "--overwrite")
        assert (place / "model" / "model.safetensors").exists()
        assert not (place / "adapter").exists()


def test_standard_input_is_read_once(text: Path, tmp_path: Path) -> None:
    place, letters = tmp_path / "run", text.read_text()
    begin = ["train", "-", "-o", str(place), *TINY, *map(str, FEW)]
    assert CliRunner().invoke(cli, begin, input=letters).exit_code == 0
    for words in ("", letters):  # it was prepared when the run began
        again = CliRunner().invoke(cli, ["train", "-", "-o", str(place), "--resume"], input=words)
        assert "resuming after step 2" in again.stderr, again.exception


def test_the_field_of_rows_is_named_as_for_prepare(text: Path, tmp_path: Path) -> None:
    rows, place = tmp_path / "rows.jsonl", tmp_path / "run"
    rows.write_text("".join(json.dumps({"body": line}) + "\n" for line in text.open()))
    unnamed = run(rows, "-o", place, *TINY, *FEW, code=2)
    assert "'body'. Name the text fields with --field" in str(unnamed.exception)
    run(rows, "-o", place, *TINY, *FEW, "--vocab-size", 300, "--field", "body")
    assert TokenData(place / "data" / "tokens").documents > 300
    assert "resuming after step 2" in run(rows, "-o", place, "--resume").stderr
    prepared = run(place / "data" / "tokens", "-o", tmp_path / "b", "--field", "body", code=2)
    assert "already prepared: --field can be used only with text" in str(prepared.exception)


def test_options_without_effect_are_noted(text: Path, tmp_path: Path) -> None:
    idle = ["--momentum", 0.5, "--decay", 0.5, "--min-lr", 0.5, "--schedule", "constant",
            "--patience", 2, "--prompt", "A", "--parallel", "fsdp"]  # fmt: skip
    done = run(text, "-o", tmp_path / "idle", *TINY, *FEW, *idle).stderr
    for words in ("--momentum has no effect with --optimizer adamw",
                  "--min-lr has no effect with --schedule constant",
                  "--decay has no effect with --schedule constant",
                  "--patience has no effect with --validate-every 0",
                  "--prompt has no effect with --sample-every 0",
                  "--parallel has no effect on one process"):  # fmt: skip
        assert words in done
    used = ["--optimizer", "muon", "--momentum", 0.5, "--schedule", "wsd", "--decay", 0.5]
    assert "no effect" not in run(text, "-o", tmp_path / "used", *TINY, *FEW, *used).stderr


def test_a_run_within_its_own_text(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    text.rename(folder / "a.txt")
    monkeypatch.chdir(folder)
    run(".", "-o", "run", *TINY, *FEW, "--vocab-size", 300)
    assert "resuming after step 2" in run(".", "-o", "run", "--resume").stderr
    run(".", "-o", "run", *TINY, *FEW, "--vocab-size", 300, "--overwrite")
    assert Manifest.read(folder / "run" / "data" / "tokens").counts["read"] == 1
    itself = run(".", "-o", ".", *TINY, code=2)
    assert "is the output folder" in str(itself.exception)


def test_tokenizers_that_would_not_be_used_are_refused(text: Path, tmp_path: Path) -> None:
    place = tmp_path / "run"
    run(text, "-o", place, *TINY, *FEW, "--vocab-size", 300)
    tokens = place / "data" / "tokens"
    for arguments, words in (
        ([text, "--from", "gpt2-mini", "--tokenizer", "gpt2-mini"], "leave out --tokenizer"),
        ([text, "--from", "gpt2-mini", "--vocab-size", 300], "leave out --vocab-size"),
        ([tokens, "--vocab-size", 300], "is already prepared and contains its tokenizer"),
        ([tokens, "--tokenizer", "gpt2-mini"], "is already prepared and contains its tokenizer"),
        ([text, "--tokenizer", "gpt2-mini", "--vocab-size", 300], "give only one"),
    ):
        refused = run(*arguments, "-o", tmp_path / "no", *FEW, code=2)
        assert isinstance(refused.exception, OptionError)
        assert words in str(refused.exception)
    other = run(tokens, "--from", "gpt2-mini", "-o", tmp_path / "no", *FEW, "--length", 16, code=2)
    assert isinstance(other.exception, TokenizerError)
    assert "differs from that of gpt2-mini" in str(other.exception)
    own = run(tokens, "--from", place / "model", "-o", place, *FEW, "--overwrite", code=2)
    assert "choose another output folder" in str(own.exception)
    assert (place / "model" / "model.safetensors").exists()


@pytest.mark.slow
def test_resuming_proves_itself(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", str(text), "-o", "x", "--prove-resume", *TINY, "--steps=900"]
    assert module._without(arguments) == ["train", str(text), *TINY]
    monkeypatch.setattr(module, "SAVE_EVERY", 2)
    assert prove(arguments, tmp_path / "run", steps=4)
    assert "identical, bit for bit" in capsys.readouterr().out
    assert list((tmp_path / "run").iterdir()) == []
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(OptionError, match="without torchrun"):
        prove(arguments, tmp_path / "run")
