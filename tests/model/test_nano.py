"""The trained gpt-nano sorter: its recorded activations, and that it sorts."""

from __future__ import annotations

import base64
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gpt2.config import GPT2Config
from gpt2.model import GPT2LMHeadModel
from gpt2.native import NativeEngine
from tests.model.torch_pairs import same

LENGTH = 6  # letters to sort; the model reads them and writes them again in order


POINTS = {  # name in the recorded file -> point of `gpt2.points`
    "x": "embed", "q": "h.0.attn.q", "k": "h.0.attn.k", "v": "h.0.attn.v",
    "attSm": "h.0.attn.pattern", "yProj": "h.0.attn", "gelu": "h.0.mlp.hidden",
    "mlp": "h.0.mlp", "block0": "h.0", "block1": "h.1", "block2": "h.2", "ln_f": "ln_f",
}  # fmt: skip


def tensor(entry: dict[str, Any]) -> Tensor:
    values = np.frombuffer(base64.b64decode(entry["data"]), "<f4")
    return torch.from_numpy(values.reshape(entry["shape"]).copy())


@pytest.fixture(scope="module")
def nano(data_folder: Path) -> GPT2LMHeadModel:
    file = json.loads((data_folder / "weights/gpt-nano-sort-model.json").read_text())
    shape = file.pop("config")
    config = GPT2Config(
        **{name: shape[name] for name in ("n_layer", "n_head", "n_embd", "vocab_size")},
        n_positions=shape["block_size"],
        tie_word_embeddings=False,
    )
    model = GPT2LMHeadModel(config).eval()
    state = {}
    for name in model.state_dict():
        value = tensor(file[name])  # a Linear's [out, in] becomes a Conv1D's [in, out]
        turned = ".c_" in name and name.endswith("weight")
        state[name] = value.t().contiguous() if turned else value
    model.load_state_dict(state)
    return model


def test_recorded_activations(nano: GPT2LMHeadModel, data_folder: Path) -> None:
    file = json.loads((data_folder / "golden/gpt-nano-sort-t0-partials.json").read_text())
    recorded = {name: tensor(value) for name, value in file.items() if name != "config"}
    seen: dict[str, Tensor] = {}

    def record(name: str, value: Tensor) -> Tensor:
        return seen.setdefault(name, value)

    with torch.no_grad(), nano.tapped(record):
        logits = nano(recorded["idx"].long()).logits
    for theirs, ours in POINTS.items():
        same(seen[ours], recorded[theirs], 1e-5)
    same(seen["h.0.attn.heads"].transpose(1, 2).flatten(2), recorded["y"], 1e-5)
    visible = recorded["att"].isfinite()
    same(seen["h.0.attn.scores"][visible], recorded["att"][visible], 1e-5)
    same(logits, recorded["lm_head"], 1e-5)
    same(logits.softmax(-1), recorded["probs"], 1e-5)


def test_recorded_activations_of_the_native_engine(
    nano: GPT2LMHeadModel, data_folder: Path
) -> None:
    file = json.loads((data_folder / "golden/gpt-nano-sort-t0-partials.json").read_text())
    recorded = {name: tensor(value).numpy() for name, value in file.items() if name != "config"}
    weights = {name: value.numpy() for name, value in nano.state_dict().items()}
    model = NativeEngine(weights, nano.config, dtype="fp32", kv_dtype="fp32")
    seen: dict[str, np.ndarray] = {}
    rows = recorded["idx"].astype(int).tolist()
    with model.tapped(lambda name, x: seen.__setitem__(name, x.copy())):
        logits = model.extend(model.new_cache(len(rows), LENGTH * 2), rows, logits="all")
    for theirs, ours in POINTS.items():
        np.testing.assert_allclose(
            seen[ours].ravel(), recorded[theirs].ravel(), atol=1e-4, err_msg=theirs
        )
    np.testing.assert_allclose(np.ravel(logits), recorded["lm_head"].ravel(), atol=1e-4)


def test_sorts(nano: GPT2LMHeadModel) -> None:
    """All 729 words of six letters, in one batch, through the cache."""
    words = torch.tensor(list(itertools.product(range(3), repeat=LENGTH)))
    cache = nano.new_cache(len(words))
    new, written = words, []
    for _ in range(LENGTH):
        logits = nano.extend(cache, new)
        assert logits is not None
        new = logits.argmax(-1, keepdim=True)
        written.append(new)
    assert torch.equal(torch.cat(written, 1), words.sort(-1).values)
