"""`gpt2.trace` beside TransformerLens on random weights; skipped where that is not installed.

TransformerLens (pip install "transformer-lens<3") computes attention and states by other code than
transformers: layers of its own. Later versions wrap the model of transformers.
"""

from __future__ import annotations

from importlib import metadata
from typing import Any

import numpy as np
import pytest
import torch

import gpt2
from gpt2.explain.lens import POINTS, stream
from gpt2.explain.passes import Looking
from tests.explain.test_trace import IDS, SHAPE, ours, peer

lens = pytest.importorskip("transformer_lens")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(metadata.version("transformer-lens") >= "3", reason="it wraps transformers"),
]
L, H, T, D = SHAPE["n_layer"], SHAPE["n_head"], len(IDS), SHAPE["n_embd"]


def hooked() -> Any:
    """Its model of the same weights, in its own names and shapes."""
    config = lens.HookedTransformerConfig(
        n_layers=L, n_heads=H, d_model=D, d_head=D // H, d_mlp=4 * D, n_ctx=SHAPE["n_positions"],
        d_vocab=SHAPE["vocab_size"], act_fn="gelu_new", normalization_type="LN", eps=1e-5,
        device="cpu", dtype=torch.float32,
    )  # fmt: skip
    model = lens.HookedTransformer(config)
    model.load_state_dict(renamed(), strict=False)
    return model.eval()


def renamed() -> dict[str, Any]:
    """The weights of `peer`, map by map and head by head."""
    given = peer().state_dict()
    found = {
        "embed.W_E": given["transformer.wte.weight"],
        "pos_embed.W_pos": given["transformer.wpe.weight"],
        "ln_final.w": given["transformer.ln_f.weight"],
        "ln_final.b": given["transformer.ln_f.bias"],
        "unembed.W_U": given["lm_head.weight"].T,
        "unembed.b_U": torch.zeros(SHAPE["vocab_size"]),
    }
    for layer in range(L):
        at, to = f"transformer.h.{layer}", f"blocks.{layer}"
        for one, other in (("ln_1", "ln1"), ("ln_2", "ln2")):
            found[f"{to}.{other}.w"] = given[f"{at}.{one}.weight"]
            found[f"{to}.{other}.b"] = given[f"{at}.{one}.bias"]
        weights = given[f"{at}.attn.c_attn.weight"].split(D, dim=1)
        biases = given[f"{at}.attn.c_attn.bias"].split(D)
        for name, weight, bias in zip("QKV", weights, biases, strict=True):
            found[f"{to}.attn.W_{name}"] = weight.reshape(D, H, D // H).transpose(0, 1)
            found[f"{to}.attn.b_{name}"] = bias.reshape(H, D // H)
        found[f"{to}.attn.W_O"] = given[f"{at}.attn.c_proj.weight"].reshape(H, D // H, D)
        found[f"{to}.attn.b_O"] = given[f"{at}.attn.c_proj.bias"]
        for one, other in (("c_fc", "in"), ("c_proj", "out")):
            found[f"{to}.mlp.W_{other}"] = given[f"{at}.mlp.{one}.weight"]
            found[f"{to}.mlp.b_{other}"] = given[f"{at}.mlp.{one}.bias"]
    return found


@pytest.mark.parametrize("kind", ["native", "torch"])
def test_attention_states_and_logits_are_those_of_transformer_lens(kind: str) -> None:
    found = gpt2.trace(ours(kind), IDS)
    with torch.no_grad():
        logits, cache = hooked().run_with_cache(torch.tensor([IDS]))
    patterns = torch.stack([cache["pattern", layer][0] for layer in range(L)]).numpy()
    np.testing.assert_allclose(found.attention, patterns, atol=1e-5)
    states = [cache["resid_pre", 0]]
    for layer in range(L):
        states += [cache["resid_mid", layer], cache["resid_post", layer]]
    norms = torch.stack([state[0].norm(dim=-1) for state in states]).numpy()
    np.testing.assert_allclose(found.norms, norms, rtol=1e-5)
    seen = stream(pass_of(kind), L)
    theirs = torch.stack([state[0] for state in states]).numpy()
    scale = np.abs(theirs).max()
    np.testing.assert_allclose(seen / scale, theirs / scale, atol=1e-5)
    np.testing.assert_allclose(pass_of(kind).logits, logits[0].numpy(), atol=1e-4)


def pass_of(kind: str) -> Any:
    return Looking(ours(kind)).run(IDS, POINTS)
