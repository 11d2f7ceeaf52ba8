"""Commands on a Chinese model with its WordPiece tokenizer; models whose sizes differ from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import gpt2
from gpt2.cli import convert, generate, tokenize
from gpt2.errors import GPT2Error, GPT2Warning
from tests.tiny import write_tiny
from tests.tokenizer.chinese import write_chinese_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("torch", "transformers", "tokenizers"):
        pytest.importorskip(name)
    return write_chinese_model(tmp_path_factory.mktemp("zh"))


def run(*words: object, rc: int = 0) -> str:
    kinds = {"tokenize": tokenize, "generate": generate, "convert": convert}
    result = CliRunner().invoke(kinds[str(words[0])].command, list(map(str, words[1:])))
    assert result.exit_code == rc, result.output
    return result.output


def test_commands(folder: Path, tmp_path: Path) -> None:
    shown = json.loads(run("tokenize", "我 a", "--model", folder, "--json"))
    assert [t["token"] for t in shown["tokens"]] == ["[CLS]", "我", "a", "[SEP]"]
    assert [t["part"] for t in shown["tokens"][1:3]] == [False, False]
    text = run("generate", "我喜欢", "--model", folder, "--max-new-tokens", 3)
    assert text.startswith("我喜欢")
    run("convert", folder, "--to", "safetensors", "-o", tmp_path / "st")
    assert gpt2.AutoTokenizer.from_pretrained(tmp_path / "st").encode("我")[0] == 2
    refused = CliRunner().invoke(convert.command, [str(folder), "--to", "gguf", "-o", "x.gguf"])
    assert refused.exit_code
    assert "lower-cases" in refused.output + str(refused.exception)


def test_more_tokens_than_rows(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    tokenizer = gpt2.GPT2Tokenizer.from_pretrained(tmp_path)
    tokenizer.add_tokens([f"<{n}>" for n in range(9)])
    tokenizer.save_pretrained(tmp_path)
    with pytest.warns(GPT2Warning, match="resize_token_embeddings"):
        model = gpt2.load(tmp_path, engine="reference")
    assert model.generate("The", max_new_tokens=2).startswith("The")
    with pytest.raises(GPT2Error, match="30"):
        model.generate("<8>", max_new_tokens=2)


def test_rows_without_a_token_show_nothing(tmp_path: Path) -> None:
    write_tiny(tmp_path)  # 300 rows, 295 tokens
    model = gpt2.load(tmp_path, engine="reference")
    bias = {(299,): 1e4}
    text = model.generate("The", max_new_tokens=3, do_sample=False, sequence_bias=bias)
    assert text == "The"
    assert "".join(model.stream("The", max_new_tokens=3, do_sample=False, sequence_bias=bias)) == ""
