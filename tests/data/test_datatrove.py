"""What datatrove writes is read: JSON lines in gzip and Parquet, rows of text, id and metadata."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from gpt2.data import PrepareConfig, prepare
from gpt2.tokenizer import GPT2Tokenizer
from tests.corpora import text_of
from tests.data.test_prepare import texts_in

ROWS: list[dict[str, Any]] = [
    {"text": text_of(n), "id": f"file/{n}", "metadata": {"url": f"http://x/{n}", "n": n}}
    for n in range(30)
]


def check(folder: Path, out: Path, tokenizer: GPT2Tokenizer) -> None:
    prepare([folder], out, tokenizer, PrepareConfig(validation=0))
    assert texts_in(out, "train") == [row["text"] for row in ROWS]


def test_files_of_its_form(tokenizer: GPT2Tokenizer, tmp_path: Path) -> None:
    """Byte for byte as version 0.10 writes lines; Parquet has metadata as a struct."""
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    (tmp_path / "lines").mkdir()
    with gzip.open(tmp_path / "lines" / "00000.jsonl.gz", "wb") as file:
        for row in ROWS:
            file.write(json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")
    check(tmp_path / "lines", tmp_path / "a", tokenizer)
    (tmp_path / "table").mkdir()
    parquet.write_table(arrow.Table.from_pylist(ROWS), tmp_path / "table" / "000_00000.parquet")
    check(tmp_path / "table", tmp_path / "b", tokenizer)


@pytest.mark.parity
@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_files_that_it_has_written(kind: str, tokenizer: GPT2Tokenizer, tmp_path: Path) -> None:
    data = pytest.importorskip("datatrove.data")
    module = pytest.importorskip(f"datatrove.pipeline.writers.{kind}")
    writer = getattr(module, f"{kind.title()}Writer")
    with writer(str(tmp_path / "out")) as out:
        for row in ROWS:
            out.write(data.Document(**row), rank=0)
    check(tmp_path / "out", tmp_path / "tokens", tokenizer)
