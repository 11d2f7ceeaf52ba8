"""`trace`: the internals of a model while it reads a text, as numpy arrays with documented shapes.

L layers, H heads, T tokens, V vocabulary size, S = 2 L + 1 states of the residual stream: after the
embeddings, then after the attention and after the MLP of each layer. Logarithms are natural:
surprise, entropy and log-probabilities are in nats.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpt2.checkpoint.mapped import read_safetensors, write_safetensors
from gpt2.errors import CorruptFileError, OptionError
from gpt2.explain import contributions as parts
from gpt2.explain import lens as lenses
from gpt2.explain.contributions import Contributions
from gpt2.explain.lens import Lens, lens, log_sum
from gpt2.explain.passes import Array, Looking
from gpt2.explain.patching import choose_token
from gpt2.files import atomic

FORM = "gpt2-trace-1"
PATTERN = "h.*.attn.pattern"

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Trace:
    """The record of one forward pass; `save` writes it to a file, `load_trace` reads it."""

    facts: dict[str, Any]  # the engine's name and precision
    tokens: list[str]  # [T] the text of each token, or its id without a tokenizer
    ids: npt.NDArray[np.int32]  # [T]
    attention: Floats  # [L, H, T, T] attention weights: each row sums to 1
    norms: Floats  # [S, T] norms of the residual stream
    surprise: Floats  # [T] -log p(token | previous tokens); NaN for the first
    entropy: Floats  # [T] of the next-token distribution
    lens: Lens  # [S, T, k]
    predicted: npt.NDArray[np.int32]  # [2] two candidates for the next token: ``token``, ``other``
    contributions: Contributions  # to the logits of `predicted`

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one safetensors file atomically. Raises `WriteError`."""
        words = {"format": FORM, "facts": json.dumps(self.facts), "tokens": json.dumps(self.tokens)}
        with atomic(path) as part:
            write_safetensors(part, _arrays(self), words)


def trace(
    model: Any,
    text: str | Sequence[int],
    *,
    token: int | None = None,
    other: int | None = None,
    k: int = 5,
) -> Trace:
    """Read a text and record what happens in the model.

    Args:
        model: the result of `gpt2.load`, with the native or the torch engine. It is not modified:
            the pass runs on a second engine with the same weights.
        text: a text or token ids.
        token: the token after the text whose logit is decomposed; None means the most probable one.
        other: the token it is compared with; None means the most probable other one.
        k: the number of tokens the lens reports at each position.

    Raises:
        InputError, ContextLengthError: no tokens, an unknown one, or too many.
        OptionError: an unsupported engine, or ``k`` below 1.
    """
    if k < 1:
        raise OptionError(f"k must be at least 1, found {k}.")
    looking = Looking(model)
    ids, layers = looking.ids(text), looking.config.n_layer
    seen = looking.run(ids, {PATTERN, *lenses.POINTS, *parts.POINTS})
    states = lenses.stream(seen, layers)
    sums = log_sum(seen.logits)  # [T]
    judged = choose_token(seen.logits[-1], token)
    predicted = [judged, _choose_other(seen.logits[-1], judged, other)]
    return Trace(
        facts=dict(model.facts),
        tokens=_texts(looking.tokenizer, ids),
        ids=np.array(ids, np.int32),
        attention=_f32([seen.points[f"h.{layer}.attn.pattern"] for layer in range(layers)]),
        norms=_f32(np.linalg.norm(states.astype(np.float64), axis=-1)),
        surprise=surprise_of(seen.logits, sums, ids),
        entropy=entropy_of(seen.logits, sums),
        lens=lens(looking, states, k),
        predicted=np.array(predicted, np.int32),
        contributions=parts.contributions(looking, ids, seen, predicted),
    )


def _f32(x: Any) -> Floats:
    return np.asarray(x, np.float32)


def _choose_other(logits: Array, judged: int, other: int | None) -> int:
    if other is not None:
        return choose_token(logits, other)
    rest = logits.copy()
    rest[judged] = -np.inf
    return int(rest.argmax())


def surprise_of(logits: Array, sums: Numbers, ids: Sequence[int]) -> Floats:
    """The surprise of each token given the previous ones, in nats, [T]; NaN for the first."""
    surprise = np.full(len(ids), np.nan, np.float32)
    surprise[1:] = sums[:-1] - logits[np.arange(len(ids) - 1), ids[1:]]
    return surprise


def entropy_of(logits: Array, sums: Numbers) -> Floats:
    """The entropy of the distribution after each token, in nats, [T]."""

    def one(row: Array, total: float) -> float:
        logprobs = row.astype(np.float64) - total
        return float(-(np.exp(logprobs) * logprobs).sum())

    return _f32([one(row, total) for row, total in zip(logits, sums, strict=True)])


def _texts(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    if tokenizer is None:
        return [str(token) for token in ids]
    return [tokenizer.decode([token]) for token in ids]


def _arrays(trace: Trace) -> dict[str, Array]:
    """All arrays of a trace by name; those of its parts in the form ``lens.ids``."""
    arrays: dict[str, Array] = {}
    for name, value in vars(trace).items():
        if isinstance(value, np.ndarray):
            arrays[name] = value
        elif dataclasses.is_dataclass(value):
            arrays.update({f"{name}.{inner}": np.asarray(x) for inner, x in vars(value).items()})
    return arrays


# Name -> dtype and axes; each letter stands for the same size everywhere.
_SHAPES = {
    "ids": ("i4", "T"), "attention": ("f4", "LHTT"), "norms": ("f4", "ST"),
    "surprise": ("f4", "T"), "entropy": ("f4", "T"), "lens.ids": ("i4", "STk"),
    "lens.logprobs": ("f4", "STk"), "lens.rank": ("i4", "ST"), "predicted": ("i4", "2"),
    **{f"contributions.{name}": ("f8", "2")
       for name in ("token", "position", "ln_f_bias", "rounding", "logits")},
    "contributions.heads": ("f8", "LH2"), "contributions.attention_bias": ("f8", "L2"),
    "contributions.mlps": ("f8", "L2"),
}  # fmt: skip


def load_trace(path: str | os.PathLike[str]) -> Trace:
    """Read a file written by `Trace.save`. Raises `MissingFileError`, `CorruptFileError`."""
    file = read_safetensors(Path(path))
    if file.metadata.get("format") != FORM:
        raise CorruptFileError(f"{path} is not a trace: its format is not {FORM!r}.")
    arrays = {name: _read_array(file, name, path) for name in _SHAPES}
    _check_sizes(arrays, path)
    facts = _words(file.metadata, "facts", dict, path)
    tokens = _words(file.metadata, "tokens", list, path)
    if len(tokens) != len(arrays["ids"]) or not all(isinstance(one, str) for one in tokens):
        raise CorruptFileError(f"{path} is a damaged trace: its tokens do not match its ids.")
    inner = {
        kind: {n.split(".")[1]: x for n, x in arrays.items() if n.startswith(f"{kind}.")}
        for kind in ("lens", "contributions")
    }
    flat = {name: x for name, x in arrays.items() if "." not in name}
    return Trace(
        facts=facts,
        tokens=tokens,
        lens=Lens(**inner["lens"]),
        contributions=Contributions(**inner["contributions"]),
        **flat,
    )


def _read_array(file: Any, name: str, path: Any) -> Array:
    kind, axes = _SHAPES[name]
    if name not in file:
        raise CorruptFileError(f"{path} is a damaged trace: it lacks {name}.")
    array: Array = file[name].numpy()
    if array.dtype != np.dtype(kind) or array.ndim != len(axes):
        raise CorruptFileError(f"{path} is a damaged trace: {name} has the wrong type.")
    return array


def _check_sizes(arrays: dict[str, Array], path: Any) -> None:
    sizes = {"2": 2, "S": 2 * arrays["attention"].shape[0] + 1}
    for name, array in arrays.items():
        for axis, size in zip(_SHAPES[name][1], array.shape, strict=True):
            if sizes.setdefault(axis, size) != size or size < 1:
                raise CorruptFileError(
                    f"{path} is a damaged trace: {name} has the shape {list(array.shape)}."
                )


def _words(metadata: Any, name: str, kind: type, path: Any) -> Any:
    try:
        value = json.loads(metadata.get(name, ""))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        raise CorruptFileError(f"{path} is a damaged trace: its {name} cannot be read.")
    return value
