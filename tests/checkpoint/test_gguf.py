"""GGUF as its own library reads it, and as llama.cpp computes with it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpt2.checkpoint import read_checkpoint
from gpt2.checkpoint.gguf import write_gguf
from gpt2.checkpoint.names import MATRICES
from gpt2.errors import MissingDependencyError, OptionError, UnsupportedError, WeightError
from gpt2.extras import install
from gpt2.loading import load
from tests.tiny import END, WORDS, random_weights, tiny_config, tiny_tokenizer, write_tiny

gguf = pytest.importorskip("gguf", reason="GGUF is written with the package gguf")
PROMPT = [5, 17, 42, 7, 9]
# A Python that has llama.cpp (pip install xllamacpp), as the tests' own has not.
LLAMA = os.environ.get("GPT2_LLAMA_PYTHON", sys.executable)
ASK = f"""
import json, sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.n_parallel = sys.argv[1], 64, 1
params.warmup, params.cpuparams.n_threads = False, 1
params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
server = xllamacpp.Server(params)
answer = server.handle_completions({{
    "prompt": {PROMPT}, "n_predict": 12, "temperature": 0.0, "n_probs": 40, "ignore_eos": True,
    "logit_bias": [[token, False] for token in json.loads(sys.argv[2])]}})
print(json.dumps(answer if isinstance(answer, dict) else json.loads(answer)))
"""


def test_its_library_reads_the_tensors_and_the_vocabulary(tmp_path: Path) -> None:
    config, weights = tiny_config(), random_weights(tiny_config())
    words = tiny_tokenizer()
    write_gguf(tmp_path / "m.gguf", config, weights,
               vocabulary=(words.get_vocab(), words.merges), special=[END])  # fmt: skip
    file = gguf.GGUFReader(tmp_path / "m.gguf")
    fields = {name: field.contents() for name, field in file.fields.items()}
    assert fields["general.architecture"] == "gpt2"
    assert fields["gpt2.context_length"] == 64
    assert fields["gpt2.attention.layer_norm_epsilon"] == pytest.approx(1e-5)
    tokens = fields["tokenizer.ggml.tokens"]
    assert len(tokens) == WORDS
    assert {token: tokens.index(token) for token in words.get_vocab()} == words.get_vocab()
    assert fields["tokenizer.ggml.token_type"] == [1] * END + [3] + [5] * (WORDS - END - 1)
    assert fields["tokenizer.ggml.merges"] == [" ".join(pair) for pair in words.merges]
    assert fields["tokenizer.ggml.eos_token_id"] == END
    found = {t.name: np.asarray(t.data).reshape(t.shape[::-1]) for t in file.tensors}
    assert len(found) == len(weights)
    np.testing.assert_array_equal(found["token_embd.weight"], weights["transformer.wte.weight"])
    name = "transformer.h.1.mlp.c_fc.weight"
    assert name.endswith(MATRICES)
    np.testing.assert_array_equal(found["blk.1.ffn_up.weight"], weights[name].T)


@pytest.mark.parametrize(
    ("dtype", "error"), [("float16", 5e-4), ("bfloat16", 4e-3), ("q8_0", 8e-3)]
)
def test_precisions(tmp_path: Path, dtype: str, error: float) -> None:
    config, weights = tiny_config(), random_weights(tiny_config())
    write_gguf(tmp_path / "m.gguf", config, weights, dtype=dtype)
    tensors = {t.name: t for t in gguf.GGUFReader(tmp_path / "m.gguf").tensors}
    assert tensors["output_norm.weight"].tensor_type == gguf.GGMLQuantizationType.F32
    tensor = tensors["blk.0.attn_qkv.weight"]
    values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    expected = weights["transformer.h.0.attn.c_attn.weight"].T
    worst = np.abs(values.reshape(expected.shape) - expected).max() / np.abs(expected).max()
    assert 0 < worst < error


@pytest.mark.parametrize(
    ("dtype", "value"), [("fp16", 1e5), ("bf16", 3.4e38), ("q8_0", -1e7), ("fp32", 1e39)]
)
def test_a_value_out_of_range_is_an_error(tmp_path: Path, dtype: str, value: float) -> None:
    config, weights = tiny_config(), random_weights(tiny_config())
    name = "transformer.h.0.mlp.c_fc.weight"
    weights[name] = weights[name].astype(np.float64)
    weights[name][3, 4] = value
    with pytest.raises(WeightError, match=rf"{re.escape(name)} contains NaN or infinite values"):
        write_gguf(tmp_path / "m.gguf", config, weights, dtype=dtype)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "shape",
    [{"activation_function": "relu"}, {"scale_attn_by_inverse_layer_idx": True}],
)
def test_what_llama_cpp_cannot_compute(tmp_path: Path, shape: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedError, match=r"llama\.cpp"):
        write_gguf(tmp_path / "m.gguf", tiny_config(**shape), {})
    with pytest.raises(OptionError, match="q8_0"):
        write_gguf(tmp_path / "m.gguf", tiny_config(), {}, dtype="int8")
    with pytest.raises(UnsupportedError, match=r"score\.weight"):
        write_gguf(tmp_path / "m.gguf", tiny_config(), {"score.weight": np.ones(2, np.float32)})
    assert list(tmp_path.iterdir()) == []


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(MissingDependencyError, match=re.escape(install("gguf"))):
        write_gguf(tmp_path / "m.gguf", tiny_config(), {})


@pytest.mark.slow
@pytest.mark.parity
@pytest.mark.parametrize("tied", [True, False])
def test_llama_cpp_writes_what_we_write(tmp_path: Path, tied: bool) -> None:
    """Greedy tokens are equal; log-probabilities as far as its GELU, a table of fp16, lets them."""
    if subprocess.run([LLAMA, "-c", "import xllamacpp"], capture_output=True).returncode:
        pytest.skip("no llama.cpp: set GPT2_LLAMA_PYTHON to a Python that has xllamacpp")
    write_tiny(tmp_path, tie_word_embeddings=tied)
    engine = load(tmp_path, engine="reference")
    write_gguf(tmp_path / "m.gguf", engine.config, read_checkpoint(tmp_path).tensors,
               vocabulary=(engine.tokenizer.get_vocab(), engine.tokenizer.merges))  # fmt: skip
    spelled = [engine.tokenizer.token_bytes(token) for token in range(END)]
    # Its server keeps back the figures of a token that ends within a character.
    unwanted = [token for token, text in enumerate(spelled) if not text.isascii()]
    unwanted += range(END, WORDS)
    output = subprocess.run(
        [LLAMA, "-c", ASK, str(tmp_path / "m.gguf"), json.dumps(unwanted)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert output.returncode == 0, output.stderr[-2000:]
    steps = json.loads(output.stdout.strip().split("\n")[-1])["choices"][0]["logprobs"]["content"]
    ids = list(PROMPT)
    for step in steps:
        logits = engine.extend(engine.new_cache(1), [ids])[0].astype(np.float64)
        expected = logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
        logits[unwanted] = -np.inf
        assert step["id"] == logits.argmax()
        for token in step["top_logprobs"]:
            assert token["logprob"] == pytest.approx(expected[token["id"]], abs=0.01)
        ids.append(step["id"])
    assert len(ids) == len(PROMPT) + 12
