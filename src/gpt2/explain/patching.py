"""What changes when parts are switched off, and when activations of another prompt are put in."""

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
    """Changes of a token's log-probability (nats) after a text, with one part off each time."""

    token: int
    logprob: float  # with nothing off
    heads: Numbers  # [L, H]
    attention: Numbers  # [L] all heads of a layer, and the bias of attn.c_proj
    mlps: Numbers  # [L]
    positions: Numbers  # [T] not seen by later ones; the last one is seen by none: 0


def effects(model: Any, text: Text, token: int | None = None) -> Effects:
    """What each head, attention, MLP and position does to the probability of what comes next.

    Args:
        model: of the native or the torch engine; it is left alone (`Looking`).
        text: a text or token ids.
        token: the one that is judged; None means the likeliest.

    A pass for each part: L H + 2 L + T. Raises what `gpt2.trace` does.
    """
    looking = Looking(model)
    ids, config = looking.ids(text), looking.config
    before = looking.run(ids).logits[-1]
    judged = chosen(before, token)

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
    """Logits [T, V] of a text while some activations are those that another one had.

    Args:
        model: of the native or the torch engine; it is left alone.
        text: a text or token ids, into which is patched.
        other: one of as many tokens: they are aligned token by token.
        points: single points by name, such as "h.3" or "h.0.attn.heads"; see `gpt2.points`.
        positions: where; None means everywhere.
        heads: of points that have heads; None means all.

    Raises:
        InputError: texts of different lengths, positions or heads that are not there.
        OptionError: points that are not there, or of all layers at once.
    """
    looking = Looking(model)
    ids, others = _aligned(looking, text, other)
    theirs = looking.run(others, points).points
    for name in points:
        if name not in theirs:
            raise OptionError(f"{name!r} is not a single point: name its layer.")
    changes = {name: place(x, positions, heads) for name, x in theirs.items()}
    return looking.run(ids, changes=changes).logits


def patch_effects(model: Any, text: Text, other: Text, token: int | None = None) -> Numbers:
    """Changes of a token's log-probability (nats), [L + 1, T], by one patch of the stream each.

    The state after the embeddings (row 0) or after a layer, at one position, is that of ``other``.
    ``token`` None is what is likeliest after ``other``. Raises what `patch` does.
    """
    looking = Looking(model)
    ids, others = _aligned(looking, text, other)
    names = ["embed", *(f"h.{layer}" for layer in range(looking.config.n_layer))]
    theirs, plain = looking.run(others, names), looking.run(ids).logits[-1]
    judged = chosen(theirs.logits[-1], token)

    def change(name: str, position: int) -> float:
        put = place(theirs.points[name], [position], None)
        patched = looking.run(ids, changes={name: put}).logits[-1]
        return logprob(patched, judged) - logprob(plain, judged)

    return np.array([[change(name, at) for at in range(len(ids))] for name in names])


def chosen(logits: Array, token: int | None) -> int:
    """The token that is judged; raises `InputError` for one that is not in the vocabulary."""
    if token is None:
        return int(logits.argmax())
    if not 0 <= token < len(logits):
        raise InputError(f"there is no token {token}; the vocabulary has {len(logits)}.")
    return int(token)


def logprob(logits: Array, token: int) -> float:
    """The natural logarithm of a token's probability by its logits [V]."""
    return float(logits[token] - log_sum(logits))


def _aligned(looking: Looking, text: Text, other: Text) -> tuple[list[int], list[int]]:
    ids, others = looking.ids(text), looking.ids(other)
    if len(ids) != len(others):
        raise InputError(
            f"the texts are aligned token by token: one has {len(ids)}, the other {len(others)}."
        )
    return ids, others


def place(
    theirs: Array, positions: Collection[int] | None, heads: Collection[int] | None
) -> Change:
    """A change that puts another pass's values in some places: [T, D] or [H, T, d]."""
    tokens = range(theirs.shape[-2])
    where = list(tokens if positions is None else positions)
    which = list(range(theirs.shape[0]) if heads is None else heads)
    wrong = [at for at in where if at not in tokens]
    if theirs.ndim == 3:
        wrong += [head for head in which if not 0 <= head < theirs.shape[0]]
    elif heads is not None:
        raise InputError("heads were named for a point that has none.")
    if wrong:
        raise InputError(f"there is no position or head {wrong[0]} to patch.")

    def put(x: Array) -> Array:
        at = np.ix_(which, where) if theirs.ndim == 3 else np.array(where, int)
        x[at] = theirs[at]
        return x

    return put
