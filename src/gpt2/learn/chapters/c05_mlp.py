"""Chapter 5: the MLP and its GELU."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from gpt2 import reference
from gpt2.config import GPT2Config
from gpt2.learn.exercise import Exercise, Mistake, normal
from gpt2.reference import Array


def mlp(x: Array, w_in: Array, b_in: Array, w_out: Array, b_out: Array) -> Array:
    """The output of a layer's MLP, with the GELU that GPT-2 was trained with: an array [T, D].

    x is [T, D], w_in [D, 4 D], b_in [4 D], w_out [4 D, D] and b_out [D]. This GELU is
    0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
    """
    weights = {
        "mlp.c_fc.weight": w_in, "mlp.c_fc.bias": b_in,
        "mlp.c_proj.weight": w_out, "mlp.c_proj.bias": b_out,
    }  # fmt: skip
    return reference.mlp(x, weights, "mlp", GPT2Config())


def _with(
    x: Array, w_in: Array, b_in: Array, w_out: Array, b_out: Array, *,
    activation: Any = reference.gelu_tanh, last: Any = lambda y: y, biases: bool = True,
) -> Array:  # fmt: skip
    hidden = activation(x @ w_in + biases * b_in)
    result: Array = last(hidden @ w_out + biases * b_out)
    return result


def _no_cube(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * x))


def _by_sigmoid(x: Array) -> Array:
    return x / (1 + np.exp(-1.702 * x))


def _cases() -> Iterator[tuple[Any, ...]]:
    for T, D in ((4, 6), (1, 5)):
        yield (
            normal(0, T, D),
            normal(1, D, 4 * D),
            normal(2, 4 * D),
            normal(3, 4 * D, D),
            normal(4, D),
        )


EXERCISE = Exercise(
    5, "The MLP and GELU", mlp, _cases,
    (
        Mistake("ReLU in place of GELU", "GELU is smooth and a little below 0 for negative x",
                partial(_with, activation=reference.relu)),
        Mistake("the exact GELU", "GPT-2 was trained with the tanh approximation; the exact one "
                "differs in the fourth digit", partial(_with, activation=reference.gelu)),
        Mistake("SiLU in place of GELU", "x times the logistic function of x came later",
                partial(_with, activation=reference.silu)),
        Mistake("the GELU by a logistic function", "x sigmoid(1.702 x) is another approximation; "
                "GPT-2 uses the one with tanh", partial(_with, activation=_by_sigmoid)),
        Mistake("the cube is missing", "the argument of tanh contains x + 0.044715 x^3",
                partial(_with, activation=_no_cube)),
        Mistake("no activation", "two linear maps in a row are one linear map: GELU goes "
                "between them", partial(_with, activation=lambda y: y)),
        Mistake("GELU after the second map too", "the second linear map's output is added to the "
                "stream unchanged", partial(_with, last=reference.gelu_tanh)),
        Mistake("no biases", "add b_in and b_out", partial(_with, biases=False)),
    ),
)  # fmt: skip
