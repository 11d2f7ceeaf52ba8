"""A recording of one text, which a page shows for a model that is too large for a browser.

It is data, not code: typed arrays of documented shapes. There are L layers, H heads, T tokens, S =
2 L + 1 states of the stream, and C heads whose queries and keys are kept. Values for a next token
exist after each of the T tokens and are for the most probable one; "of two" means for it, and for
its difference from the second.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from gpt2.explain import contributions as parts
from gpt2.explain import heads as kinds
from gpt2.explain import lens as lenses
from gpt2.explain.contributions import Contributions
from gpt2.explain.passes import Array, Looking, Off, Pass
from gpt2.explain.recorded import record
from gpt2.explain.trace import entropy_of, surprise_of

PATTERN = "h.*.attn.pattern"
POINTS = ("h.*.attn.q", "h.*.attn.k", "h.*.attn.v", *lenses.POINTS, *parts.POINTS)
SHOWN = 12  # next tokens that the page shows
KEPT = 256  # next tokens whose logits the page can apply top-k and top-p to
LENS = 3  # tokens per state
TEMPERATURES = np.arange(1, 41) / 20  # the values of the page's slider
CHOSEN = 8  # heads whose queries and keys are kept by default


def recording(
    model: Any, text: str | Sequence[int], heads: Collection[tuple[int, int]] | None = None
) -> tuple[dict[str, Array], list[tuple[int, int]]]:
    """Record a text; returns the arrays and the heads (layer, head) with queries and keys.

    Args:
        model: a model from `gpt2.load` on the native or the torch engine; it is not modified.
        text: a text or token ids.
        heads: the heads whose queries and keys are kept; None means the 8 that contribute most to
            the last word.

    Raises what `gpt2.trace` raises.
    """
    looking = Looking(model)
    ids = looking.ids(text)
    looking.check(Off(heads=heads or ()))
    seen = looking.run(ids, POINTS, instead={PATTERN: lambda _, x: _of_pattern(x)})
    arrays = _next(seen.logits) | _of_text(looking, ids, seen)
    shares = parts.contributions_at(looking, ids, seen, range(len(ids)), _two(seen.logits))
    kept = list(heads) if heads else _strongest(shares)
    arrays |= _shares(shares) | _pairs(seen, kept)
    arrays["sources"] = _sources(looking, ids, seen, shares)
    arrays["induction"] = kinds.induction(looking)
    return arrays, kept


def _of_pattern(pattern: Array) -> dict[str, Array]:
    """The record, thumbnails and head kinds of a layer's weights [H, T, T]."""
    return record(pattern) | kinds.looks(pattern) | {"thumbs": kinds.thumbnails(pattern)}


def _of_text(looking: Looking, ids: Sequence[int], seen: Pass) -> dict[str, Array]:
    layers = [seen.points[f"h.{layer}.attn.pattern"] for layer in range(looking.config.n_layer)]
    arrays = {name: np.stack([layer[name] for layer in layers]) for name in layers[0]}
    sums = lenses.log_sum(seen.logits)
    states = lenses.stream(seen, looking.config.n_layer)
    lens = lenses.lens(looking, states, LENS)
    return arrays | {
        "ids": np.array(ids, np.int32),
        "surprise": surprise_of(seen.logits, sums, ids),
        "entropy": entropy_of(seen.logits, sums),
        "lens.ids": lens.ids,  # [S, T, 3]
        "lens.logprobs": lens.logprobs,  # [S, T, 3]
        "lens.rank": lens.rank,  # [S, T], 0 is the top
    }


def _next(logits: Array) -> dict[str, Array]:
    """The top next tokens: ids [T, 12], logits [T, 256], log-sums [T, 40] by temperature."""
    order = np.argsort(-logits, axis=-1, kind="stable")[:, :KEPT]
    return {
        "next.ids": order[:, :SHOWN].astype(np.int32),
        "next.logits": np.take_along_axis(logits, order, -1).astype(np.float32),
        "next.sums": np.stack([lenses.log_sum(logits / np.float32(t)) for t in TEMPERATURES], 1),
    }


def _two(logits: Array) -> Array:
    return np.argsort(-logits, axis=-1, kind="stable")[:, :2]


def _shares(shares: Contributions) -> dict[str, Array]:
    """Direct contributions to the two (see the module), [T, ..., 2]."""
    other = shares.difference(0, 1)
    return {
        f"shares.{name}": np.stack([x[..., 0], other[name]], -1).astype(np.float32)
        for name, x in vars(shares).items()
    }


def _strongest(shares: Contributions) -> list[tuple[int, int]]:
    last = shares.heads[-1, ..., 0]  # [L, H]
    best = np.argsort(-last, axis=None, kind="stable")[:CHOSEN]
    return [(int(layer), int(head)) for layer, head in zip(*np.unravel_index(best, last.shape),
                                                           strict=True)]  # fmt: skip


def _pairs(seen: Pass, heads: Sequence[tuple[int, int]]) -> dict[str, Array]:
    """The queries and keys of some heads, [C, T, d]."""
    return {
        name: np.stack([seen.points[f"h.{layer}.attn.{name}"][head] for layer, head in heads])
        for name in ("q", "k")
    }


def _sources(looking: Looking, ids: Sequence[int], seen: Pass, shares: Contributions) -> Array:
    """The token from which the head that contributes most takes the most: [T].

    It needs a second pass, because only now are the heads known whose weights are needed.
    """
    T, H = len(ids), looking.config.n_head
    layers, heads = divmod(shares.heads[..., 0].reshape(T, -1).argmax(-1), H)  # [T] of each

    def rows(name: str, pattern: Array) -> Array:
        at = np.flatnonzero(layers == int(name.split(".")[1]))
        return pattern[heads[at], at].copy()  # [P, T]

    again = looking.run(ids, instead={PATTERN: rows})
    seen_as = parts.directions(looking, seen, range(T), _two(seen.logits)[:, :1])
    sources = np.zeros(T, np.int16)
    for layer in np.unique(layers):
        at = np.flatnonzero(layers == layer)
        inner = parts.before(looking, int(layer), seen_as[at])[np.arange(len(at)), 0, heads[at]]
        values = seen.points[f"h.{layer}.attn.v"][heads[at]]  # [P, T, d]
        taken = np.einsum("ptd,pd->pt", values, inner)
        seen_there = again.points[f"h.{layer}.attn.pattern"] * taken
        seen_there[np.arange(T) > at[:, None]] = -np.inf
        sources[at] = seen_there.argmax(-1)
    return sources


def tokens_in(arrays: Mapping[str, Array]) -> list[int]:
    """Every token that occurs in a recording."""
    named = [arrays[name].ravel() for name in ("ids", "next.ids", "lens.ids")]
    return np.unique(np.concatenate(named)).tolist()
