"""Direct logit attribution: a logit as the sum of the contributions of all parts of the model.

The residual stream is a sum, and ln_f and the head are linear except for the scale that ln_f
divides by. With the scale of the actual state, each part's share of a logit is a number, and the
shares sum to the logit. They are direct effects: the effect of a part through later parts counts as
theirs.
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
    """Shares of the logits of n tokens at the last position; all shares add up to the logits.

    For several positions (`contributions_at`) they are the first axis of each array.
    """

    token: Numbers  # [n] from the embedding of the last token
    position: Numbers  # [n] from the embedding of its position
    heads: Numbers  # [L, H, n]
    attention_bias: Numbers  # [L, n] from attn.c_proj.bias, which belongs to no head
    mlps: Numbers  # [L, n]
    ln_f_bias: Numbers  # [n]
    rounding: Numbers  # [n] the remainder: about 1e-5 in fp32, the rounded activations in int8
    logits: Numbers  # [n]

    def difference(self, one: int = 0, other: int = 1) -> dict[str, Any]:
        """The shares of the logit difference of two of the tokens, by field name."""
        return {name: x[..., one] - x[..., other] for name, x in vars(self).items()}


def contributions(
    model: Looking, ids: Sequence[int], seen: Pass, tokens: Sequence[int]
) -> Contributions:
    """The shares of the logits of ``tokens`` after the last of ``ids``; ``seen`` has `POINTS`."""
    every = contributions_at(model, ids, seen, [len(ids) - 1], np.array([tokens]))
    return Contributions(**{name: x[0] for name, x in vars(every).items()})


def contributions_at(
    model: Looking,
    ids: Sequence[int],
    seen: Pass,
    positions: Sequence[int],
    tokens: npt.NDArray[Any],
) -> Contributions:
    """The same after each of P positions, for tokens [P, n]: P is the first axis of the arrays."""
    at, L, H = list(positions), model.config.n_layer, model.config.n_head
    seen_as = directions(model, seen, at, tokens)  # [P, n, D]

    def share(x: Numbers) -> Numbers:
        return np.einsum("pd,pnd->pn", x, seen_as)

    heads, biases, mlps = [], [], []
    for layer in range(L):
        results = seen.points[f"h.{layer}.attn.heads"][:, at].astype(np.float64)  # [H, P, d]
        heads.append(np.einsum("hpd,pnhd->phn", results, before(model, layer, seen_as)))
        biases.append(model.weight(f"transformer.h.{layer}.attn.c_proj.bias") @ seen_as.mT)
        mlps.append(share(seen.points[f"h.{layer}.mlp"][at].astype(np.float64)))
    shares = {
        "token": share(model.rows("transformer.wte.weight", np.asarray(ids)[at])),
        "position": share(model.rows("transformer.wpe.weight", at)),
        "heads": np.stack(heads, 1).reshape(len(at), L, H, -1),
        "attention_bias": np.stack(biases, 1),
        "mlps": np.stack(mlps, 1),
        "ln_f_bias": model.rows(HEAD, tokens) @ model.weight("transformer.ln_f.bias"),
    }
    logits = np.take_along_axis(seen.logits[at], tokens, -1).astype(np.float64)
    total = sum(x.reshape(len(at), -1, tokens.shape[1]).sum(1) for x in shares.values())
    return Contributions(**shares, rounding=logits - total, logits=logits)


def directions(
    model: Looking, seen: Pass, positions: Sequence[int], tokens: npt.NDArray[Any]
) -> Numbers:
    """Directions [P, n, D] whose dot product with a part of the stream at a position is its share
    of a logit."""
    state = seen.points[f"h.{model.config.n_layer - 1}"][list(positions)].astype(np.float64)
    scale = np.sqrt(state.var(-1) + model.config.layer_norm_epsilon)[:, None, None]
    directions = model.rows(HEAD, tokens) * model.weight("transformer.ln_f.weight") / scale
    directions -= directions.mean(-1, keepdims=True)  # as ln_f subtracts the mean of its input
    return directions


def before(model: Looking, layer: int, seen_as: Numbers) -> Numbers:
    """Map directions [P, n, D] back through c_proj to the outputs of the heads: [P, n, H, d]."""
    H = model.config.n_head
    maps = model.weight(f"transformer.h.{layer}.attn.c_proj.weight")  # [inputs, outputs]
    return (seen_as @ maps.T).reshape(*seen_as.shape[:2], H, -1)
