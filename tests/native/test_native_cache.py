"""What keys and values of 8 bits cost and save, on the bundled model and a real text."""

from __future__ import annotations

import importlib.resources

import numpy as np

import gpt2
from gpt2.native import NativeEngine
from tests.native.models import EVEN, weights_of


def log_probabilities(kv_dtype: str) -> np.ndarray:
    model = gpt2.load("gpt2-mini", dtype="fp32", kv_dtype=kv_dtype)
    text = importlib.resources.files("gpt2") / "quantization" / "texts" / "measure.txt"
    ids = model.tokenizer.encode(text.read_text("utf-8"))[: model.config.n_positions]
    logits = model.extend(model.new_cache(1), [ids], logits="all").astype(np.float64)
    logits -= logits.max(-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def test_quality_on_real_weights() -> None:
    exact = log_probabilities("fp32")
    for kv_dtype, divergence, agreement in (("fp16", 1e-6, 0.999), ("int8", 1e-4, 0.985)):
        found = log_probabilities(kv_dtype)
        assert (np.exp(exact) * (exact - found)).sum(-1).mean() < divergence
        assert (exact.argmax(-1) == found.argmax(-1)).mean() >= agreement


def test_memory() -> None:
    def size(kv_dtype: str) -> int:
        engine = NativeEngine(weights_of("even"), EVEN, kv_dtype=kv_dtype)
        return engine.new_cache(3, 640).nbytes

    assert size("fp32") == 2 * size("fp16") == 2 * 4 * 3 * 640 * 64 * EVEN.n_layer
    # Heads of 32: 4 bytes of scale beside 32 of numbers.
    assert size("int8") == size("fp16") * 36 // 64
