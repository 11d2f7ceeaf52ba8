"""Chapter 12: how many parameters a GPT-2 has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gpt2.config import PUBLISHED, GPT2Config
from gpt2.learn.exercise import Exercise, Mistake


def parameters(layers: int, width: int, context: int, vocabulary: int) -> int:
    """The number of parameters of a GPT-2 model: an int.

    A layer has two LayerNorms (a gain and a bias of D numbers each), attention (a linear map from D
    to 3 D and one from D to D) and the MLP (from D to 4 D and back). Each map has a bias for each
    output. Add the two embedding tables and one LayerNorm after the layers. The head has no weights
    of its own.
    """
    return GPT2Config(
        n_layer=layers, n_embd=width, n_head=1, n_positions=context, vocab_size=vocabulary
    ).parameter_count()


def _plus(count: Any) -> Any:
    """The right number plus or minus something."""
    return lambda L, D, C, V: parameters(L, D, C, V) + count(L, D, C, V)


def _cases() -> Iterator[tuple[Any, ...]]:
    for layers, _, width in PUBLISHED.values():
        yield layers, width, 1024, 50257
    yield 6, 320, 512, 8192


EXERCISE = Exercise(
    12, "Size, data, cost", parameters, _cases,
    (
        Mistake("the head counted again", "the head is the embedding: if it is counted twice, "
                "124 million become 163", _plus(lambda L, D, C, V: V * D)),
        Mistake("no biases", "a map has a bias for each of its outputs: 3 D + D + 4 D + D a layer",
                _plus(lambda L, D, C, V: -9 * L * D)),
        Mistake("no position table", "wpe has a row of D numbers for each position",
                _plus(lambda L, D, C, V: -C * D)),
        Mistake("no token table", "wte has a row of D numbers for each token",
                _plus(lambda L, D, C, V: -V * D)),
        Mistake("the last LayerNorm is missing", "there is one more between the layers and "
                "the head", _plus(lambda L, D, C, V: -2 * D)),
        Mistake("no LayerNorms in the layers", "there are two per layer, each with a gain "
                "and a bias", _plus(lambda L, D, C, V: -4 * L * D)),
        Mistake("12 L D^2 and the tables", "that is a good estimate; here biases and LayerNorms "
                "count too", _plus(lambda L, D, C, V: -13 * L * D - 2 * D)),
        Mistake("the MLP as wide as the stream", "its hidden layer has 4 D numbers",
                _plus(lambda L, D, C, V: -L * (6 * D * D + 3 * D))),
    ),
)  # fmt: skip
