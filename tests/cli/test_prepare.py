"""``gpt2 prepare`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gpt2.cli.prepare import command
from gpt2.data import TokenData
from gpt2.errors import InputError, OptionError

ROWS = [{"title": f"No {n}", "body": f"This is text number {n}, 第{n}篇。"} for n in range(30)]


def gpt2(*arguments: Any, text: bytes | None = None) -> Result:
    result = CliRunner().invoke(command, [str(a) for a in arguments], input=text)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_fields_filters_and_the_manifest(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in ROWS + ROWS), "utf-8")
    out = tmp_path / "out"
    options = "--field title --field body --filter newlines --filter dedup --licence mine --json"
    result = gpt2(rows, "-o", out, "--validation", 0.2, *options.split())
    found = json.loads(result.stdout)
    assert found["licence"] == "mine"
    assert found["counts"]["duplicates"] == 30
    assert sum(split["documents"] for split in found["splits"].values()) == 30
    assert "30 duplicates skipped" in result.stderr
    data = TokenData(out)
    assert data.tokenizer().decode(data.document(0)).startswith("No ")


def test_standard_input_in_another_encoding(tmp_path: Path) -> None:
    text = "白日依山尽,黄河入海流。\n" * 20
    with pytest.raises(InputError, match=r"Standard input is not text: .*--encoding"):
        gpt2("-", "-o", tmp_path / "wrong", text=text.encode("gb18030"))
    right = gpt2("-", "-o", tmp_path / "out", "--encoding", "gb18030", "--validation", 0,
                 text=text.encode("gb18030"))  # fmt: skip
    assert "note" not in right.stderr
    data = TokenData(tmp_path / "out")
    assert data.tokenizer().decode(data.document(0)[:-1]) == text


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text " * 50, "utf-8")
    with pytest.raises(
        OptionError, match="no filter 'lower'; the filters are newlines, gutenberg, dedup"
    ):
        gpt2(tmp_path / "a.txt", "-o", tmp_path / "out", "--filter", "lower")
    assert gpt2("-o", tmp_path / "out").exit_code == 2
