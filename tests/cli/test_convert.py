"""``gpt2 convert``: every form that is written, read back here and by its own program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from click.testing import CliRunner, Result

from gpt2.checkpoint import read_checkpoint
from gpt2.cli.convert import command
from gpt2.errors import UnsupportedError
from gpt2.model import GPT2LMHeadModel
from gpt2.tokenizer import GPT2Tokenizer, train
from gpt2.tokenizer.bpe import END_OF_TEXT, to_signs
from tests.checkpoint.small import peer

TEXT = "The quick brown fox, 狐狸"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    vocab, merges = train([TEXT + "\n"] * 9, 290)
    signs = {to_signs(token): i for token, i in vocab.items()} | {END_OF_TEXT: len(vocab)}
    GPT2Tokenizer(signs, [(to_signs(a), to_signs(b)) for a, b in merges]).save_pretrained(folder)
    end = len(vocab)
    peer(vocab_size=end + 3, bos_token_id=end, eos_token_id=end).save_pretrained(folder)
    return folder


def convert(*arguments: object) -> Result:
    result = CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.parametrize("to", ["safetensors", "bin"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_transformers_reads_what_is_written(
    source: Path, tmp_path: Path, to: str, dtype: str
) -> None:
    result = convert(source, "-o", tmp_path, "--to", to, "--dtype", dtype,
                     "--shard-size", "60KB")  # fmt: skip
    theirs = transformers.GPT2LMHeadModel.from_pretrained(tmp_path, dtype="auto")
    assert theirs.dtype == getattr(torch, dtype)
    ours = GPT2LMHeadModel.from_pretrained(source, dtype=dtype)
    for name, parameter in ours.state_dict().items():
        assert torch.equal(parameter, theirs.state_dict()[name]), name
    assert list(tmp_path.glob("*-00002-of-*"))
    assert to in result.stderr
    assert GPT2Tokenizer.from_pretrained(tmp_path).decode(
        transformers.AutoTokenizer.from_pretrained(tmp_path).encode(TEXT)
    ) == TEXT  # fmt: skip


def test_nanogpt_comes_back_the_same(source: Path, tmp_path: Path) -> None:
    convert(source, "-o", tmp_path, "--to", "nanogpt")
    back, first = read_checkpoint(tmp_path), read_checkpoint(source)
    assert back.form == "nanogpt"
    assert back.config.n_layer == first.config.n_layer
    for name, tensor in first.tensors.items():
        np.testing.assert_array_equal(back.tensors[name], tensor)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_gguf_holds_the_same_values(source: Path, tmp_path: Path, dtype: str) -> None:
    gguf = pytest.importorskip("gguf")
    path = tmp_path / "model.gguf"
    convert(source, "-o", path, "--dtype", dtype)
    reader = gguf.GGUFReader(path)
    found = {t.name: t for t in reader.tensors}
    ours = read_checkpoint(source).tensors
    weight = ours["transformer.h.1.mlp.c_fc.weight"]
    tensor = found["blk.1.ffn_up.weight"]
    values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    tolerance = {"float32": 0, "float16": 1e-3, "bfloat16": 1e-2}[dtype]
    np.testing.assert_allclose(values, weight.T, rtol=tolerance, atol=1e-7)
    assert len(found) == len(ours)


def test_what_llama_cpp_cannot_compute_is_refused(tmp_path: Path) -> None:
    peer(activation_function="relu").save_pretrained(tmp_path / "relu")
    with pytest.raises(UnsupportedError, match="relu"):
        convert(tmp_path / "relu", "-o", tmp_path / "out", "--to", "gguf")
    assert not list(tmp_path.glob("out/*"))
