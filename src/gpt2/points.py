"""The named points of the forward pass, through which a caller sees and changes activations.

Shapes: B rows of the call, T new tokens of the longest, S positions the longest row then holds, D =
n_embd, H heads, d = D / H. Where rows have different lengths, the rest of the short ones is filled
up and means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from gpt2.errors import InputError, OptionError

# Name -> shape and meaning, in the order of the pass; "*" stands for the number of a layer.
POINTS = {
    "embed": "[B, T, D] token and position embeddings: the residual stream begins",
    "h.*.ln_1": "[B, T, D] the input of attn.c_attn",
    "h.*.attn.q": "[B, H, T, d] queries",
    "h.*.attn.k": "[B, H, T, d] keys of the new tokens",
    "h.*.attn.v": "[B, H, T, d] values of the new tokens",
    "h.*.attn.scores": "[B, H, T, S] scaled and masked, before the softmax",
    "h.*.attn.pattern": "[B, H, T, S] attention weights: rows sum to 1",
    "h.*.attn.heads": "[B, H, T, d] results of the heads: side by side the input of attn.c_proj",
    "h.*.attn": "[B, T, D] what attention adds to the residual stream",
    "h.*.ln_2": "[B, T, D] the input of mlp.c_fc",
    "h.*.mlp.hidden": "[B, T, inner] after the activation: the input of mlp.c_proj",
    "h.*.mlp": "[B, T, D] what the MLP adds to the residual stream",
    "h.*": "[B, T, D] the residual stream after the layer",
    "ln_f": "[B, T, D] the input of the output head",
}

_LAYER = re.compile(r"(?<=^h\.)\d+")


def general(name: str) -> str:
    """``h.3.attn.q`` as ``h.*.attn.q``."""
    return _LAYER.sub("*", name)


def only(
    tap: Callable[[str, Any], Any], points: Collection[str] | None, layers: int
) -> Callable[[str, Any], Any]:
    """The tap, called for some points alone; None means all.

    What it returns takes the place of what it was given: it must have the same shape.

    Raises:
        OptionError: a name that no point of a model of so many ``layers`` has.
    """
    wanted = wanted_points(points, layers)

    def checked(name: str, x: Any) -> Any:
        if wanted is not None and name not in wanted and general(name) not in wanted:
            return x
        result = tap(name, x)
        if result is None:
            return x
        if not isinstance(result, type(x)) or result.shape != x.shape:
            found = f"{type(result).__name__} {list(getattr(result, 'shape', []))}"
            raise InputError(
                f"{name} is a {type(x).__name__} of shape {list(x.shape)}, the tap gave {found}."
            )
        return result

    return checked


def wanted_points(points: Collection[str] | None, layers: int) -> frozenset[str] | None:
    """The names, checked; None stands for all."""
    if points is None:
        return None
    for name in [points] if isinstance(points, str) else points:
        layer = _LAYER.search(name)
        if layer is not None and int(layer[0]) >= layers:
            raise OptionError(f"there is no {name!r}: the model's layers are 0 to {layers - 1}.")
        if general(name) not in POINTS:
            raise OptionError(f"no point is called {name!r}; there are {', '.join(POINTS)}.")
    return frozenset([points] if isinstance(points, str) else points)
