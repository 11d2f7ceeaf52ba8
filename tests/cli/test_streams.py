"""Streams that are closed, full or of an encoding of little: one line and a code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gpt2.cli.streams import words

GPT2 = f"{sys.executable} -m gpt2"


def shell(line: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **more},
    )


def check(done: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    for part in parts:
        assert part in done.stderr


@pytest.mark.parametrize("command", ["tokenize", "generate -", "summarize"])
def test_closed_standard_input(command: str) -> None:
    check(shell(f"{GPT2} {command} <&-"), 2, "standard input is closed")


def test_standard_input_that_is_no_text() -> None:
    for command in ("tokenize", "generate -"):
        check(shell(f"printf 'a\\xff' | {GPT2} {command}"), 2, "standard input is not UTF-8")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", ["--help", "tokenize abc", "generate -q a --max-new-tokens 3"])
def test_full_standard_output(command: str) -> None:
    check(shell(f"{GPT2} {command} > /dev/full"), 1, "No space left on device")
    # 120 is what some Pythons end with where standard error is full too
    assert shell(f"{GPT2} {command} > /dev/full 2>&1").returncode in (1, 120)


def test_an_encoding_of_little() -> None:
    done = shell(f"{GPT2} generate -q --echo --max-new-tokens 2 狐狸", PYTHONIOENCODING="latin-1")
    check(done, 1, "latin-1", "PYTHONIOENCODING=utf-8")


def test_a_reader_that_leaves() -> None:
    done = shell(f"set -o pipefail; {GPT2} generate -q a --max-new-tokens 30 | head -c 1")
    assert done.stderr == ""


def test_little_memory() -> None:
    done = shell(f"ulimit -v 700000; {GPT2} generate -q a --max-new-tokens 2")
    if done.returncode:
        check(done, 1, "memory")


def test_what_an_argument_may_hold() -> None:
    check(shell(f"{GPT2} info $'a\\nb'"), 1, "a\\nb")
    check(shell(f"{GPT2} generate x --stop $'\\xff' -q"), 2, "not valid UTF-8")
    check(shell(f"{GPT2} generate x --kernels $'\\xff' -q"), 2, "kernels")


def test_words() -> None:
    assert words(PermissionError(13, "Permission denied", "/x/y")) == "/x/y: Permission denied."
    assert "memory" in words(MemoryError())
    assert "deeply" in words(RecursionError())
