"""Runs a pass over a text while recording points, switching off parts or changing activations.

It works the same for the native engine and the torch model. Arrays are numpy arrays without the
batch axis: what `gpt2.points` describes as [B, H, T, d] is [H, T, d] here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.checkpoint.names import EMBEDDING, HEAD
from gpt2.errors import ContextLengthError, InputError, OptionError
from gpt2.points import general, wanted_points

Array = npt.NDArray[Any]
Change = Callable[[Array], Array]  # the value at a point -> its replacement


@dataclass(frozen=True)
class Off:
    """Parts to switch off: heads output zeros, blocks add nothing, positions get no attention."""

    heads: Collection[tuple[int, int]] = ()  # (layer, head)
    attention: Collection[int] = ()  # layers
    mlps: Collection[int] = ()  # layers
    positions: Collection[int] = ()


@dataclass(frozen=True)
class Pass:
    """The result of a pass: logits [T, V] after every token, and the requested points by name."""

    logits: Array
    points: dict[str, Any]


class Looking:
    """A model to inspect, as a separate engine on the same weights.

    Raises `OptionError` for an engine without named points.
    """

    def __init__(self, model: Any) -> None:
        name = getattr(model, "name", type(model).__name__)
        if name not in ("native", "torch"):
            raise OptionError(f"only the native and torch engines can be inspected, not {name!r}.")
        self.native = name == "native"
        self.engine = model.twin()
        self.config = model.config
        self.tokenizer = model.tokenizer

    def ids(self, text: str | Sequence[int]) -> list[int]:
        """The ids of a text or prompt. Raises `InputError` if there are none or too many."""
        if isinstance(text, str):
            if self.tokenizer is None:
                raise InputError("this model has no tokenizer: pass token ids.")
            text = self.tokenizer.encode(text)
        ids = [int(token) for token in np.asarray(text).reshape(-1)]
        if not ids:
            raise InputError("the text is empty: at least one token is required.")
        if len(ids) > self.config.n_positions:
            raise ContextLengthError(
                f"the text has {len(ids)} tokens; the model has {self.config.n_positions} "
                "positions."
            )
        return ids

    def run(
        self,
        ids: Sequence[int],
        points: Collection[str] = (),
        off: Off | None = None,
        changes: Mapping[str, Change] | None = None,
        instead: Mapping[str, Callable[[str, Array], Any]] | None = None,
    ) -> Pass:
        """Run a pass over ``ids``; ``changes`` maps the name of a point to a change.

        ``instead`` maps a point of each layer ("h.*.attn.pattern") to a function of its name and
        array; its result is kept instead of the array, because all patterns of a long text are too
        large.

        Raises `OptionError` for an unknown point, `InputError` for an unknown part.
        """
        kept: dict[str, Array] = {}
        made = {**(changes or {})}
        small = instead or {}
        wanted = wanted_points({*points, *small}, self.config.n_layer) or frozenset()
        wanted_points(made, self.config.n_layer)
        self.check(off or Off())

        def tap(name: str, x: Any) -> Any:
            array, new = as_numpy(x[0]), None
            if name in made:
                new = array = _change(name, made[name], array)
            if off is not None and not self.native:
                switched = _switch_off(name, array, off)
                new = array = switched if switched is not None else array
            if name in wanted or general(name) in wanted:
                make = small.get(general(name))
                kept[name] = np.array(array) if make is None else make(name, array)
            return None if new is None else _like(x, new[None])

        return Pass(self._logits(ids, off, tap if wanted or made or off else None), kept)

    def _logits(self, ids: Sequence[int], off: Off | None, tap: Any) -> Array:
        engine = self.engine
        cache = engine.new_cache(1, len(ids))
        parts = engine.ablate(**vars(off)) if self.native and off else nullcontext()
        with parts, nullcontext() if tap is None else engine.tapped(tap):
            return as_numpy(engine.extend(cache, [list(ids)], logits="all"))

    def without(self, off: Off | None) -> AbstractContextManager[None]:
        """Within the block the engine (`engine`) runs with parts switched off.

        Raises `InputError` for an unknown part.
        """
        self.check(off or Off())
        if off is None:
            return nullcontext()
        if self.native:
            return self.engine.ablate(**vars(off))

        def tap(name: str, x: Any) -> Any:
            switched = _switch_off(name, as_numpy(x[0]), off)
            return None if switched is None else _like(x, switched[None])

        return self.engine.tapped(tap)

    def head(self, hidden: Array) -> Array:
        """ln_f and the output head: logits [..., V] from rows of the residual stream [..., D]."""
        if self.native:
            return np.asarray(self.engine.head(hidden))
        import torch

        body = self.engine.transformer
        with torch.no_grad():
            rows = torch.as_tensor(hidden).to(body.wte.weight)
            return as_numpy(self.engine.lm_head(body.ln_f(rows)))

    def weight(self, name: str) -> npt.NDArray[np.float64]:
        """A tensor by its name in the checkpoint, with the values that the engine uses."""
        if name == HEAD and self.config.tie_word_embeddings:
            name = EMBEDDING
        if self.native:
            return np.asarray(self.engine.weight(name), np.float64)
        return as_numpy(self.engine.state_dict()[name]).astype(np.float64)

    def rows(self, name: str, numbers: Sequence[int] | Array) -> npt.NDArray[np.float64]:
        """Rows [..., D] of a tensor with one row per token or position; numbers have any shape."""
        if name == HEAD and self.config.tie_word_embeddings:
            name = EMBEDDING
        wanted = np.asarray(numbers)
        flat = wanted.reshape(-1).tolist()
        if self.native:
            rows = np.asarray(self.engine.rows(name, flat), np.float64)
        else:
            rows = as_numpy(self.engine.state_dict()[name][flat]).astype(np.float64)
        return rows.reshape(*wanted.shape, -1)

    def check(self, off: Off) -> None:
        """Raise `InputError` for a part that the model does not have."""
        config = self.config
        limits = {
            "layer": (config.n_layer, [*off.attention, *off.mlps, *(at for at, _ in off.heads)]),
            "head": (config.n_head, [head for _, head in off.heads]),
            "position": (config.n_positions, list(off.positions)),
        }
        for what, (limit, numbers) in limits.items():
            for number in numbers:
                if not 0 <= number < limit:
                    raise InputError(f"there is no {what} {number}; the model has {limit}.")


def as_numpy(x: Any) -> Array:
    """Convert a numpy array or a torch tensor of any precision and device to numpy."""
    if isinstance(x, np.ndarray):
        return x
    import torch

    x = x.detach().cpu()
    return (x.float() if x.dtype in (torch.bfloat16, torch.float16) else x).numpy()


def _like(x: Any, array: Array) -> Any:
    if isinstance(x, np.ndarray):
        return np.ascontiguousarray(array, x.dtype)
    import torch

    return torch.as_tensor(np.ascontiguousarray(array)).to(x)


def _change(name: str, change: Change, x: Array) -> Array:
    new = np.asarray(change(x.copy()))
    if new.shape != x.shape:
        raise InputError(
            f"{name} has the shape {list(x.shape)}, but the edit returned {list(new.shape)}."
        )
    return new


def _switch_off(name: str, x: Array, off: Off) -> Array | None:
    """The value at a point with parts switched off; None if nothing is switched off there."""
    layer = int(name.split(".")[1]) if name.startswith("h.") else -1
    heads = [head for at, head in off.heads if at == layer]
    match general(name):
        case "h.*.attn.heads" if heads:
            x = x.copy()
            x[heads] = 0
            return x
        case "h.*.attn.scores" if off.positions:
            x = x.copy()  # [H, T, S], the last T of S
            first = x.shape[2] - x.shape[1]
            for position in off.positions:
                later = max(0, position + 1 - first)
                x[:, later:, position : position + 1] = np.finfo(x.dtype).min
            return x
        case "h.*.attn" if layer in off.attention:
            return np.zeros_like(x)
        case "h.*.mlp" if layer in off.mlps:
            return np.zeros_like(x)
    return None
