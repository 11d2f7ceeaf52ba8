"""The named points of the forward pass, at which a caller can read and change activations.

Shapes: B rows of the call, T new tokens in the longest row, S positions in the longest row
afterwards, D = n_embd, H heads, d = D / H. If rows have different lengths, the shorter ones are
padded with meaningless values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any

from gpt2.errors import InputError, OptionError

# Name -> shape and meaning, in the order of the pass; "*" stands for a layer number.
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
    """Turn ``h.3.attn.q`` into ``h.*.attn.q``."""
    return _LAYER.sub("*", name)


def only(
    tap: Callable[[str, Any], Any], points: Collection[str] | None, layers: int
) -> Callable[[str, Any], Any]:
    """Restrict a tap to some points; None means all.

    The tap's result replaces the value of the point and must have the same shape.

    Raises:
        OptionError: a name that is not a point of a model with this number of ``layers``.
    """
    wanted = wanted_points(points, layers)

    def checked(name: str, x: Any) -> Any:
        if wanted is not None and name not in wanted and general(name) not in wanted:
            return x
        result = tap(name, x)
        if result is None:
            return x
        if not isinstance(result, type(x)) or result.shape != x.shape:
            actual = f"{type(result).__name__} {list(getattr(result, 'shape', []))}"
            raise InputError(
                f"{name} is a {type(x).__name__} of shape {list(x.shape)}, but the tap returned "
                f"{actual}."
            )
        return result

    return checked


def wanted_points(points: Collection[str] | None, layers: int) -> frozenset[str] | None:
    """Check the names of points; None stands for all."""
    if points is None:
        return None
    for name in [points] if isinstance(points, str) else points:
        layer = _LAYER.search(name)
        if layer is not None and int(layer[0]) >= layers:
            raise OptionError(f"there is no {name!r}: the model's layers are 0 to {layers - 1}.")
        if general(name) not in POINTS:
            raise OptionError(f"there is no point {name!r}; the points are {', '.join(POINTS)}.")
    return frozenset([points] if isinstance(points, str) else points)
