"""``gpt2 generate -i``: commands through a pipe and in a terminal, beside the library's numbers."""

from __future__ import annotations

import math
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gpt2.cli.generate import command
from gpt2.cli.notebook import HELP, Notebook
from gpt2.generation.config import GenerationConfig
from gpt2.loading import load
from tests.conftest import ROOT
from tests.tiny import END, write_tiny

PROMPT = "The quick brown fox"
ON: dict[str, Any] = {"vocab_size": END + 1, "eos_token_id": None}  # to the last token


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("model") / "m"
    write_tiny(place, std=0.4, n_positions=64, **ON)
    return place


@pytest.fixture(scope="module")
def model(folder: Path) -> Any:
    return load(folder)


def typed(folder: Path, *lines: str, options: tuple[str, ...] = ()) -> Result:
    args = ["-i", PROMPT, "-m", str(folder), "--no-echo", "--max-new-tokens", "4", "--seed", "3"]
    result = CliRunner().invoke(command, [*args, *options], input="\n".join(lines) + "\n")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def book(model: Any) -> Iterator[tuple[Notebook, list[str]]]:
    said: list[str] = []
    options = GenerationConfig(max_new_tokens=4, seed=3, do_sample=True)
    made = Notebook(model, PROMPT, options, said.append)
    yield made, said
    made.writer.close()


def written(model: Any, prompt: list[int], new: int, row: int = 0) -> list[int]:
    options = {"do_sample": True, "seed": 3, "max_new_tokens": new}
    rows = model.generate([prompt], num_return_sequences=row + 1, **options)
    return rows[row][len(prompt) :].tolist()


def test_writing_on_is_what_generate_writes(folder: Path, model: Any) -> None:
    want = model.generate(PROMPT, max_new_tokens=8, seed=3, do_sample=True, temperature=0.8,
                          top_k=40)  # fmt: skip
    result = typed(folder, "", "", "p", "q")
    assert result.exit_code == 0
    assert result.stdout.endswith(want + "\n")


def test_a_second_time_from_one_place_is_another_text(book: Any, model: Any) -> None:
    notebook, _ = book
    begin = notebook.text.ids
    notebook.obey("")
    first = notebook.text.ids
    assert first == begin + written(model, begin, 4)
    notebook.obey("u")
    assert notebook.text.ids == begin
    notebook.obey("")
    assert notebook.text.ids == begin + written(model, begin, 4, row=1)
    assert [branch.ids for branch in notebook.branches] == [first, notebook.text.ids]
    notebook.obey("b 1")
    notebook.obey("")  # and its own draws go on
    assert notebook.text.ids == begin + written(model, begin, 8)


def shares(model: Any, ids: list[int]) -> Any:
    logits = model.extend(model.new_cache(1), [ids], None, "last")[0].astype(np.float64)
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


@pytest.mark.parametrize("place", [2, None])
def test_alternatives_are_the_likeliest_with_their_probabilities(
    book: Any, model: Any, place: int | None
) -> None:
    """In the place of a token of the prompt, and after the last one."""
    notebook, said = book
    ids = notebook.text.ids
    at = len(ids) if place is None else place - 1
    notebook.obey("a" if place is None else f"a {place}")
    found = [float(x) for x in re.findall(r"(\d+\.\d+)%", "".join(said))]
    probabilities = shares(model, ids[:at])
    best = np.argsort(-probabilities, kind="stable")[:10]
    assert found == [round(100 * probabilities[i], 2) for i in best]
    notebook.obey("3")
    assert notebook.text.ids[: at + 1] == [*ids[:at], int(best[2])]
    assert len(notebook.text.ids) == at + 1 + 4
    assert len(notebook.branches) == (1 if place is None else 2)
    notebook.obey("u")
    assert notebook.text.ids == ids


def test_tokens_are_listed_with_what_they_had(book: Any, model: Any) -> None:
    notebook, said = book
    begin = notebook.text.ids
    notebook.obey("")
    said.clear()
    notebook.obey("t")
    lines = "".join(said).splitlines()
    assert len(lines) == 4
    for at, line in enumerate(lines, len(begin)):
        number, percent, *_ = line.split()
        ids = notebook.text.ids
        assert int(number) == at + 1
        assert float(percent[:-1]) == round(100 * shares(model, ids[:at])[ids[at]], 2)
    for token in notebook.text.tokens[1:]:
        assert token.logprob is not None
        assert math.isfinite(token.logprob)


def test_text_of_ones_own(book: Any, model: Any) -> None:
    notebook, _ = book
    ids = notebook.text.ids
    notebook.obey("+ jumps")
    assert notebook.text.ids == ids + model.tokenizer.encode(" jumps")
    notebook.obey("u")
    assert notebook.text.ids == ids


def test_what_cannot_be_is_one_line_and_it_goes_on(folder: Path) -> None:
    lines = ["zz", "a 0", "a 999", "b 7", "u", "5", "+", "h", "a 1", *[""] * 20, "q"]
    result = typed(folder, *lines)
    assert result.exit_code == 0
    errors = [line for line in result.stderr.splitlines() if line.startswith("gpt2: ")]
    assert "there is no command 'zz'" in errors[0]
    assert len(errors) > 8
    assert "the context of 64 tokens is full" in errors[-1]
    assert HELP in result.stdout


@pytest.mark.parametrize(
    "options",
    [("--json",), ("--num-beams", "2", "--do-sample"), ("-n", "2"), ("--receipt", "r.json"),
     ("--choice", "a"), ("--long", "window")],
)  # fmt: skip
def test_what_a_notebook_does_not_do(folder: Path, options: tuple[str, ...]) -> None:
    from gpt2.errors import OptionError

    with pytest.raises(OptionError):
        typed(folder, "q", options=options)


def until(terminal: int, done: Callable[[bytes], bool]) -> bytes:
    """What comes until it is enough."""
    found, end = b"", time.monotonic() + 120
    while not done(found):
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        assert ready, found
        found += os.read(terminal, 4096)
    return found


def test_in_a_terminal(tmp_path: Path) -> None:
    """The prompt sign, and Ctrl-C while it writes: what is there stays."""
    folder = tmp_path / "slow"
    write_tiny(folder, n_positions=1024, n_embd=256, n_layer=6, std=0.05, **ON)
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "gpt2", "generate", "-i", "The", "-m", str(folder),
         "--max-new-tokens", "1000"],
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "TERM": "dumb"},
    )  # fmt: skip
    try:
        os.close(theirs)
        until(ours, lambda said: b"> " in said)
        os.write(ours, b"\n")
        until(ours, lambda said: len(said) > 50)  # it writes
        child.send_signal(signal.SIGINT)
        until(ours, lambda said: said.endswith(b"> ") and b"[stopped]" in said)
        os.write(ours, b"b\n")
        said = until(ours, lambda said: said.endswith(b"> "))
        (count,) = re.findall(rb"(\d+) tokens", said)
        assert 1 < int(count) < 1000
        os.write(ours, b"q\n")
        assert child.wait(60) == 0
    finally:
        child.kill()
        child.wait()
        os.close(ours)
