"""Chapter 4: a layer reads the stream through a LayerNorm and adds to the stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from gpt2 import reference
from gpt2.learn.exercise import Exercise, Mistake, normal, tiny
from gpt2.reference import Array

Map = Callable[[Array], Array]  # [T, D] to [T, D]


def block(x: Array, attention: Map, mlp: Map, ln_1: Map, ln_2: Map) -> Array:
    """The residual stream x [T, D] after a layer of GPT-2: an array [T, D].

    attention, mlp, ln_1 and ln_2 are functions that take and return an array [T, D]. ln_1 belongs
    to the attention, ln_2 to the MLP.
    """
    x = x + attention(ln_1(x))
    return x + mlp(ln_2(x))


def _after(x: Array, attention: Map, mlp: Map, ln_1: Map, ln_2: Map) -> Array:
    x = ln_1(x + attention(x))
    return ln_2(x + mlp(x))


def _no_residual(x: Array, attention: Map, mlp: Map, ln_1: Map, ln_2: Map) -> Array:
    return mlp(ln_2(attention(ln_1(x))))


def _from_normal(x: Array, attention: Map, mlp: Map, ln_1: Map, ln_2: Map) -> Array:
    n = ln_1(x)
    x = n + attention(n)
    n = ln_2(x)
    return n + mlp(n)


def _side_by_side(x: Array, attention: Map, mlp: Map, ln_1: Map, ln_2: Map) -> Array:
    return x + attention(ln_1(x)) + mlp(ln_2(x))


def _no_norms(x: Array, attention: Map, mlp: Map, ln_1: Map, ln_2: Map) -> Array:
    return block(x, attention, mlp, lambda y: y, lambda y: y)


def _exchange(x: Array, attention: Map, mlp: Map, ln_1: Map, ln_2: Map) -> Array:
    return block(x, attention, mlp, ln_2, ln_1)


def _second_residual_lost(x: Array, attention: Map, mlp: Map, ln_1: Map, ln_2: Map) -> Array:
    return mlp(ln_2(x + attention(ln_1(x))))


def _cases() -> Iterator[tuple[Any, ...]]:
    """The parts come from a layer of the reference."""
    for seed, T in ((0, 6), (40, 3)):
        config, w = tiny(seed, activation_function="gelu_new")
        name = "transformer.h.1"
        norm = partial(reference.layer_norm, weights=w, epsilon=config.layer_norm_epsilon)
        yield (
            normal(seed, T, config.n_embd),
            partial(reference.attention, weights=w, name=f"{name}.attn", config=config, layer=1,
                    cache=None),
            partial(reference.mlp, weights=w, name=f"{name}.mlp", config=config),
            partial(norm, name=f"{name}.ln_1"),
            partial(norm, name=f"{name}.ln_2"),
        )  # fmt: skip


EXERCISE = Exercise(
    4, "Many heads, one stream", block, _cases,
    (
        Mistake("post-LayerNorm", "that is the order of 2017: GPT-2 normalises what a sub-block "
                "reads and leaves the stream alone", _after),
        Mistake("no residual connections", "each sub-block adds to the stream", _no_residual),
        Mistake("the second residual is missing", "the MLP adds to the stream too",
                _second_residual_lost),
        Mistake("the normalised input is carried on", "add to x itself: LayerNorm is on the "
                "branch, not on the stream", _from_normal),
        Mistake("attention and MLP side by side", "the MLP reads the stream after attention has "
                "added to it", _side_by_side),
        Mistake("no LayerNorm", "each sub-block reads the stream through its LayerNorm",
                _no_norms),
        Mistake("the LayerNorms are exchanged", "ln_1 belongs to the attention", _exchange),
    ),
)  # fmt: skip
