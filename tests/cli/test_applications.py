"""``gpt2 summarize`` and the others as a user runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import gpt2 as package
from gpt2.cli import gpt2 as group
from gpt2.errors import GPT2Error, InputError, OptionError
from gpt2.tasks import remember
from gpt2.tasks.writer import Writer
from tests.tiny import END, write_tiny

TEXT = "The old man went to the sea. He had a boat."


def gpt2(*args: Any, text: str | bytes | None = None) -> Result:
    result = CliRunner().invoke(group, [str(a) for a in args], input=text)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_it_reads_files_and_standard_input_and_writes_text_or_json(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text(TEXT, "utf-8")
    want = package.summarize(package.load("gpt2-mini"), TEXT, seed=3)
    assert gpt2("summarize", file, "--seed", 3).stdout == want + "\n"
    assert gpt2("summarize", "-", "--seed", 3, text=TEXT).stdout == want + "\n"
    windows = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    lines = package.summarize(package.load("gpt2-mini"), f"{TEXT}\n{TEXT}", seed=3)
    two = gpt2("summarize", "--seed", 3, text=windows + b"\r\n" + TEXT.encode())
    assert two.stdout == lines + "\n"
    gpt2("summarize", file, "--seed", 3, "-o", tmp_path / "out")
    assert (tmp_path / "out").read_text("utf-8") == want + "\n"
    found = json.loads(gpt2("summarize", "--seed", 3, "--json", text=TEXT).stdout)
    assert found["summary"] == want
    assert found["model"] == "gpt2-mini"
    assert found["options"] == {"seed": 3}


def test_an_empty_result_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Writer, "write", lambda *args, **options: "")
    file = tmp_path / "a.txt"
    file.write_text(TEXT, "utf-8")
    done = gpt2("summarize", file)
    assert (done.stdout, done.exit_code) == ("\n", 0)
    assert "the model generated no text" in done.stderr
    assert "nothing" not in gpt2("summarize", file, "-q").stderr


@pytest.mark.parametrize("command", ["summarize", "translate"])
@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "is empty"), (b"\n \n", "is empty"), (b"\x89PNG\x00\xff", "not UTF-8"),
     (b"a\x00b", "NUL bytes")],
)  # fmt: skip
def test_bad_input_is_one_clear_line(command: str, data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        gpt2(command, text=data)


def test_answer_and_write(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text(TEXT, "utf-8")
    model = package.load("gpt2-mini")
    want = package.answer(model, "Who had a boat?", TEXT, mode="extract")
    asked = ["answer", "Who had a boat?", "--context", file, "--mode", "extract"]
    assert gpt2(*asked).stdout == f"{want.text}\n"
    found = json.loads(gpt2(*asked, "--json").stdout)
    assert found["answer"] == want.text
    assert found["probability"] == want.probability
    assert found["generated"] is False
    refused = gpt2(*asked, "--min-probability", 1)
    assert refused.stdout.startswith("(no answer: the model's probability")
    with pytest.raises(InputError, match="no question was given"):
        gpt2("answer")
    text = gpt2("write", "The Sea", "-p", "ships", "--length", 20, "--kind", "story").stdout
    assert text == package.write(model, "The Sea", points=["ships"], length=20, kind="story") + "\n"
    rows = [{"question": "Who?", "context": TEXT, "history": [["Where?", "At sea"]]},
            {"question": "Who?", "history": [["one"]]}, {"text": "no question"},
            {"question": "Who?", "history": 3}, {"question": 3},
            {"question": "Who?", "max_new_tokens": "many"},
            {"question": "Who?", "context": 5, "mode": "sentence"}]  # fmt: skip
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert gpt2("answer", "--batch", source, "-o", out).exit_code == 1
    results = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert results[0]["windows"] == 1
    assert "pairs" in results[1]["error"]
    assert "none of the fields question" in results[2]["error"]
    assert "pairs" in results[3]["error"]
    assert "the question must be a string, found int" in results[4]["error"]
    assert "max_new_tokens must be" in results[5]["error"]
    assert "the context must be a string, found int" in results[6]["error"]
    with pytest.raises(OptionError, match="not both"):
        gpt2("answer", "Who?", "--batch", source, "-o", out)
    source.write_text('{"title": 3}\n{"points": "no list"}\n{"points": [1]}\n', "utf-8")
    assert gpt2("write", "--batch", source, "-o", tmp_path / "written").exit_code == 1
    written = [
        json.loads(line)["error"] for line in (tmp_path / "written").read_text().splitlines()
    ]
    assert ["must be" in error for error in written] == [True] * 3
    wrong = [{"text": "One.", "examples": examples} for examples in (5, [["one"]], [[1, "eins"]])]
    source.write_text("\n".join(map(json.dumps, wrong)), "utf-8")
    assert gpt2("translate", "--batch", source, "-o", tmp_path / "said").exit_code == 1
    said = [json.loads(line)["error"] for line in (tmp_path / "said").read_text().splitlines()]
    assert ["examples must be" in error for error in said] == [True] * 3


def test_a_batch_killed_on_the_way_goes_on_where_it_was(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"text": f"{TEXT} It was day {n}."} for n in range(40)]
    rows[3] = {"text": ""}
    rows[5]["seed"] = 7
    source, whole, killed = (tmp_path / name for name in ("in.jsonl", "whole", "killed"))
    few = ["--max-new-tokens", "20"]
    source.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    done = gpt2("summarize", "--batch", source, "-o", whole, *few)
    assert done.exit_code == 1  # one row is empty
    assert "1 rows failed" in done.stderr
    command = [
        sys.executable,
        "-m",
        "gpt2",
        "summarize",
        "--batch",
        str(source),
        "-o",
        str(killed),
        *few,
    ]
    process = subprocess.Popen(command, env={**os.environ, "GPT2_THREADS": "1"})
    try:
        deadline = time.time() + 30
        while not (killed.exists() and killed.read_bytes().count(b"\n") >= 5):
            if time.time() > deadline:
                pytest.fail("no five lines were written")
            assert process.poll() is None
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = killed.read_bytes()
    assert 5 <= before.count(b"\n") < 40
    killed.write_bytes(before + b'{"index": 99, "ha')  # as a kill in the middle of a line leaves it
    second = gpt2("summarize", "--batch", source, "-o", killed, *few)
    assert "already done" in second.stderr
    assert killed.read_bytes() == whole.read_bytes()
    results = [json.loads(line) for line in whole.read_text("utf-8").splitlines()]
    assert [r["index"] for r in results] == list(range(40))
    assert "empty" in results[3]["error"]
    model = package.load("gpt2-mini")
    assert results[5]["summary"] == package.summarize(
        model, rows[5]["text"], seed=7, max_new_tokens=20
    )


def test_results_of_something_else_are_not_touched(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps({"text": TEXT}) + "\n", "utf-8")
    out.write_text("precious\n", "utf-8")
    for there in ("precious\n", "precious", '{"index": 0, "key": "0"}\n'):
        out.write_text(there, "utf-8")
        with pytest.raises(
            GPT2Error, match=r"a different row, model or option|not JSON|not a journal"
        ):
            gpt2("summarize", "--batch", source, "-o", out)
        assert out.read_text("utf-8") == there
    with pytest.raises(OptionError, match="requires -o"):
        gpt2("summarize", "--batch", source)


@pytest.mark.parametrize("content", ["", "[1]\n", "{\n", None])
def test_files_that_are_no_batch(tmp_path: Path, content: str | None) -> None:
    source = tmp_path / "in.jsonl"
    if content is not None:
        source.write_text(content, "utf-8")
    with pytest.raises(GPT2Error, match=r"no row|must be an object|not JSON|not exist"):
        gpt2("summarize", "--batch", source, "-o", tmp_path / "out")


@pytest.mark.parametrize("kind", ["a folder", "a pipe"])
def test_what_is_no_file_is_told_as_what_it_is(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "in"
    path.mkdir() if kind == "a folder" else os.mkfifo(path)
    for words in (["--batch", path, "-o", tmp_path / "out"], [path]):
        with pytest.raises(GPT2Error, match=f"{kind}, not a regular file"):
            gpt2("summarize", *words)


def test_a_model_of_another_task_is_told(tmp_path: Path) -> None:
    model, text = tmp_path / "model", tmp_path / "a.txt"
    write_tiny(model, n_positions=256, vocab_size=END + 1)
    remember(model, "translate")
    text.write_text("The fox.", "utf-8")
    assert "fine-tuned for translate" in gpt2("summarize", text, "--model", model).stderr
    assert "fine-tuned" not in gpt2("translate", text, "--model", model).stderr


def test_a_misspelled_option_of_a_row_is_told(tmp_path: Path) -> None:
    right = {"title": "The Sea", "length": 9, "id": 7, "note": 1}
    rows = [{"title": "The Sea", "lenght": 9}, right, {"titel": "The Sea"}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    gpt2("write", "--batch", tmp_path / "in.jsonl", "-o", tmp_path / "out.jsonl")
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert "'lenght', which is not an option: did you mean 'length'?" in found[0]["error"]
    assert found[1]["text"]
    assert "did you mean 'title'?" in found[2]["error"]
