"""Direct contributions: a logit as the sum of what each part of the model wrote.

The residual stream is a sum, and ln_f and the head are linear but for the one scale that ln_f
divides by; with the scale of the state that is there, each part's share of a logit is a number, and
the shares sum to the logit. They are direct effects: what a part does through later ones is theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.checkpoint.names import HEAD
from gpt2.explain.passes import Looking, Pass

Numbers = npt.NDArray[np.float64]
POINTS = ("h.*.attn.heads", "h.*.mlp", "h.*")


@dataclass(frozen=True)
class Contributions:
    """Shares of the last position's logit of each of n tokens; all sums together are the logits."""

    token: Numbers  # [n] of the last token's embedding
    position: Numbers  # [n] of its position's
    heads: Numbers  # [L, H, n]
    attention_bias: Numbers  # [L, n] of attn.c_proj.bias, which is no head's
    mlps: Numbers  # [L, n]
    ln_f_bias: Numbers  # [n]
    rounding: Numbers  # [n] what is left: of fp32 about 1e-5, of int8 its rounded activations
    logits: Numbers  # [n]

    def difference(self, one: int = 0, other: int = 1) -> dict[str, Any]:
        """The same of the difference of two of the tokens, by the names of the fields."""
        return {name: x[..., one] - x[..., other] for name, x in vars(self).items()}


def contributions(
    model: Looking, ids: Sequence[int], seen: Pass, tokens: Sequence[int]
) -> Contributions:
    """The shares of the logits of ``tokens`` after the last of ``ids``; ``seen`` kept `POINTS`."""
    L, H, D = model.config.n_layer, model.config.n_head, model.config.n_embd
    last = len(ids) - 1
    state = seen.points[f"h.{L - 1}"][last].astype(np.float64)
    scale = np.sqrt(state.var() + model.config.layer_norm_epsilon)
    directions = model.weight(HEAD)[list(tokens)]  # [n, D]
    seen_as = directions * model.weight("transformer.ln_f.weight") / scale
    seen_as -= seen_as.mean(-1, keepdims=True)  # as ln_f takes the mean off what it is given

    def share(x: Numbers) -> Numbers:
        found: Numbers = x @ seen_as.T  # [..., D] -> [..., n]
        return found

    heads, biases, mlps = [], [], []
    for layer in range(L):
        name = f"transformer.h.{layer}.attn.c_proj"
        results = seen.points[f"h.{layer}.attn.heads"][:, last].astype(np.float64)  # [H, d]
        maps = model.weight(f"{name}.weight").reshape(H, D // H, D)
        heads.append(share(np.einsum("hd,hdw->hw", results, maps)))
        biases.append(share(model.weight(f"{name}.bias")))
        mlps.append(share(seen.points[f"h.{layer}.mlp"][last].astype(np.float64)))
    shares = {
        "token": share(model.weight("transformer.wte.weight")[ids[last]]),
        "position": share(model.weight("transformer.wpe.weight")[last]),
        "heads": np.stack(heads),
        "attention_bias": np.stack(biases),
        "mlps": np.stack(mlps),
        "ln_f_bias": directions @ model.weight("transformer.ln_f.bias"),
    }
    logits = seen.logits[last, list(tokens)].astype(np.float64)
    total = sum(x.reshape(-1, len(tokens)).sum(0) for x in shares.values())
    return Contributions(**shares, rounding=logits - total, logits=logits)
