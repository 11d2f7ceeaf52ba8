"""Folders that `datasets` cannot read: one error of ours, while opening and while reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpt2.data.formats import Reading
from gpt2.data.hub_sets import documents
from gpt2.errors import GPT2Error

FOLDERS = {
    "script": ({"script.py": "import datasets", "a.jsonl": '{"text": "a"}\n'}, "scripts are no"),
    "damaged lines": ({"train.jsonl": '{"text": "a"}\n{"text": \n'}, "JSON parse error"),
    "damaged table": ({"train.parquet": "PAR1xxxxxxxx"}, "Parquet magic bytes"),
    "nothing": ({}, "any data files"),
    "list for object": ({"train.json": "[1, 2]"}, "could not|script"),
    "not saved": ({"dataset_info.json": "{}", "state.json": "{}"}, "script"),
    "binary": ({"train.txt": "\x00\udcff"}, "utf-8|script"),
}


@pytest.mark.parametrize("streaming", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("name", FOLDERS)
def test_one_error_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, streaming: bool
) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "script"
    folder.mkdir()
    files, reason = FOLDERS[name]
    for file, content in files.items():
        (folder / file).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(GPT2Error, match=reason) as caught:
        list(documents(f"hub:{folder}", Reading(), streaming))
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
