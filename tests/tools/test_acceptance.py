"""tools/acceptance.py over a hub of our own: tiny models under the names it asks for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import transformers

from gpt2.files import sha256
from tests.conftest import ROOT
from tests.hub.server import Hub
from tests.tiny import write_tiny

pytestmark = pytest.mark.slow  # each step of each report is a process that imports torch

CHINESE = "uer/gpt2-chinese-cluecorpussmall"
TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"这是很久之前的事情了。他她它在有一个人"]


def chinese(folder: Path) -> Path:
    """As the hub has it: a pickle of weights, vocab.txt of BERT's, and little else."""
    config = transformers.GPT2Config(vocab_size=len(TOKENS), n_positions=64, n_embd=32, n_layer=2,
                                     n_head=2, bos_token_id=None, eos_token_id=None)  # fmt: skip
    transformers.set_seed(0)
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(TOKENS) + "\n", "utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    return folder


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    server = Hub()
    write_tiny(tmp_path / "english")
    server.repos["openai-community/gpt2"] = tmp_path / "english"
    server.renamed["gpt2"] = "openai-community/gpt2"
    server.repos[CHINESE] = chinese(tmp_path / "chinese")
    yield server
    server.shutdown()
    server.server_close()


def accept(hub: Hub, tmp_path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "GPT2_DATA"))}
    ours = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "cache"), "NO_PROXY": "*",
            "HF_HUB_DISABLE_XET": "1", "PYTHONPATH": str(ROOT / "src")}  # fmt: skip
    return subprocess.run(
        [sys.executable, str(ROOT / "tools" / "acceptance.py"), "-o", "report.md", *more],
        cwd=tmp_path, env=kept | ours, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def read(report: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """What became of each step, and what the report says of machine and files."""
    text = report.read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+?) \| ([^|]+?) \| [\d.,]* \|$", text, re.MULTILINE)
    return dict(rows), json.loads(text.split("```json\n")[1].split("```")[0])


def test_a_report_of_models_of_these_names(hub: Hub, tmp_path: Path) -> None:
    done = accept(hub, tmp_path)
    results, about = read(tmp_path / "report.md")
    verified = results.pop("gpt2 verify")
    assert verified.startswith("FAILED, it does not say: gpt2 computes what")  # it is not OpenAI's
    assert done.returncode == 1, done.stderr
    table = results.pop("Table 3 of the paper")
    assert table.startswith("not run (no --data: gpt2 evaluate --list")
    assert set(results.values()) == {"ran"}, (tmp_path / "report.md").read_text("utf-8")
    assert list(results)[-1] == "Chinese text is the same on both"
    weights = about["files"]["gpt2"]["weights"]["model.safetensors"]
    assert weights["sha256"] == sha256(tmp_path / "english" / "model.safetensors")
    assert "torch" in about["surroundings"]["versions"]
    assert "The quick brown fox" in (tmp_path / "report.md").read_text("utf-8")


def test_a_hub_without_the_models_is_told(hub: Hub, tmp_path: Path) -> None:
    hub.repos.clear()
    done = accept(hub, tmp_path)
    results, about = read(tmp_path / "report.md")
    assert done.returncode == 1
    ran = [name for name, result in results.items() if not result.startswith("FAILED")]
    assert ran == ["Table 3 of the paper"]
    assert set(about["files"][CHINESE]) == {"missing"}


def test_table_3_of_the_sets_that_are_there(hub: Hub, tmp_path: Path, data_folder: Path) -> None:
    accept(hub, tmp_path, "--data", str(data_folder), "--limit", "2")
    assert read(tmp_path / "report.md")[0]["Table 3 of the paper"] == "ran"
    found = json.loads((tmp_path / "report.table3.json").read_text("utf-8"))
    assert "lambada" in found["benchmarks"]
