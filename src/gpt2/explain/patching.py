"""Ablation and activation patching: effects of switching off parts or replacing activations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.errors import InputError, OptionError
from gpt2.explain.lens import log_sum
from gpt2.explain.passes import Array, Change, Looking, Off

Numbers = npt.NDArray[np.float64]
Text = str | Sequence[int]


@dataclass(frozen=True)
class Effects:
    """Changes of a token's log-probability (nats) after a text, each with one part switched off."""

    token: int
    logprob: float  # with nothing off
    heads: Numbers  # [L, H]
    attention: Numbers  # [L] all heads of a layer and the bias of attn.c_proj
    mlps: Numbers  # [L]
    positions: Numbers  # [T] hidden from later positions; 0 for the last, which no other sees


def effects(model: Any, text: Text, token: int | None = None) -> Effects:
    """The effect of each head, attention, MLP and position on the probability of the next token.

    Args:
        model: a model on the native or the torch engine; it is not modified (`Looking`).
        text: a text or token ids.
        token: the token whose probability is measured; None means the most probable one.

    It takes one pass per part: L H + 2 L + T. Raises what `gpt2.trace` raises.
    """
    looking = Looking(model)
    ids, config = looking.ids(text), looking.config
    before = looking.run(ids).logits[-1]
    judged = choose_token(before, token)

    def change(off: Off) -> float:
        return logprob(looking.run(ids, off=off).logits[-1], judged) - logprob(before, judged)

    layers = range(config.n_layer)
    heads = [[change(Off(heads=[(at, head)])) for head in range(config.n_head)] for at in layers]
    return Effects(
        judged,
        logprob(before, judged),
        np.array(heads),
        np.array([change(Off(attention=[layer])) for layer in layers]),
        np.array([change(Off(mlps=[layer])) for layer in layers]),
        np.array([change(Off(positions=[place])) for place in range(len(ids))]),
    )


def patch(
    model: Any,
    text: Text,
    other: Text,
    points: Collection[str],
    *,
    positions: Collection[int] | None = None,
    heads: Collection[int] | None = None,
) -> Array:
    """Logits [T, V] of a text with some activations replaced by those of another text.

    Args:
        model: a model on the native or the torch engine; it is not modified.
        text: a text or token ids, into which activations are patched.
        other: a text with the same number of tokens; the two are aligned token by token.
        points: single points by name, such as "h.3" or "h.0.attn.heads"; see `gpt2.points`.
        positions: the positions to patch; None means all.
        heads: the heads to patch at points that have heads; None means all.

    Raises:
        InputError: the texts differ in length, or positions or heads do not exist.
        OptionError: points do not exist, or name all layers at once.
    """
    looking = Looking(model)
    ids, others = _align(looking, text, other)
    theirs = looking.run(others, points).points
    for name in points:
        if name not in theirs:
            raise OptionError(f"{name!r} is not a single point: include its layer.")
    changes = {name: place(x, positions, heads) for name, x in theirs.items()}
    return looking.run(ids, changes=changes).logits


def patch_effects(model: Any, text: Text, other: Text, token: int | None = None) -> Numbers:
    """Changes of a token's log-probability (nats), [L + 1, T], each by one patch of the stream.

    Each patch replaces the state after the embeddings (row 0) or after a layer, at one position, by
    that of ``other``. ``token`` None means the most probable token after ``other``. Raises what
    `patch` raises.
    """
    looking = Looking(model)
    ids, others = _align(looking, text, other)
    names = ["embed", *(f"h.{layer}" for layer in range(looking.config.n_layer))]
    theirs, plain = looking.run(others, names), looking.run(ids).logits[-1]
    judged = choose_token(theirs.logits[-1], token)

    def change(name: str, position: int) -> float:
        put = place(theirs.points[name], [position], None)
        patched = looking.run(ids, changes={name: put}).logits[-1]
        return logprob(patched, judged) - logprob(plain, judged)

    return np.array([[change(name, at) for at in range(len(ids))] for name in names])


def choose_token(logits: Array, token: int | None) -> int:
    """The token to measure; raises `InputError` if it is not in the vocabulary."""
    if token is None:
        return int(logits.argmax())
    if not 0 <= token < len(logits):
        raise InputError(f"there is no token {token}; the vocabulary has {len(logits)}.")
    return int(token)


def logprob(logits: Array, token: int) -> float:
    """The natural logarithm of a token's probability, from logits [V]."""
    return float(logits[token] - log_sum(logits))


def _align(looking: Looking, text: Text, other: Text) -> tuple[list[int], list[int]]:
    ids, others = looking.ids(text), looking.ids(other)
    if len(ids) != len(others):
        raise InputError(
            f"the texts must have the same number of tokens: one has {len(ids)}, the other "
            f"{len(others)}."
        )
    return ids, others


def place(
    theirs: Array, positions: Collection[int] | None, heads: Collection[int] | None
) -> Change:
    """A change that inserts the values of another pass at some positions: [T, D] or [H, T, d]."""
    tokens = range(theirs.shape[-2])
    where = list(tokens if positions is None else positions)
    which = list(range(theirs.shape[0]) if heads is None else heads)
    wrong = [at for at in where if at not in tokens]
    if theirs.ndim == 3:
        wrong += [head for head in which if not 0 <= head < theirs.shape[0]]
    elif heads is not None:
        raise InputError("heads were given for a point that has none.")
    if wrong:
        raise InputError(f"there is no position or head {wrong[0]} to patch.")

    def put(x: Array) -> Array:
        at = np.ix_(which, where) if theirs.ndim == 3 else np.array(where, int)
        x[at] = theirs[at]
        return x

    return put
