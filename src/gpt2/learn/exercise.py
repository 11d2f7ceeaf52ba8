"""Defines an exercise: a function to write, the right solution, and the named mistakes."""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gpt2.checkpoint.names import expected_shapes
from gpt2.config import GPT2Config
from gpt2.errors import OptionError
from gpt2.reference import Array

MODULES = (
    "c00_write", "c01_bytes", "c02_embed", "c03_head", "c04_block", "c05_mlp", "c06_loss",
    "c07_gradient", "c08_choose", "c09_score", "c10_written", "c11_induction", "c12_size",
)  # fmt: skip


@dataclass(frozen=True)
class Mistake:
    """A typical mistake: its name, a hint, and the function that makes it."""

    name: str
    hint: str
    function: Callable[..., Any] = field(repr=False)


@dataclass(frozen=True)
class Exercise:
    """The function of a chapter.

    ``cases`` yields the arguments to call it with; they are new each time and never share memory
    with those of another call.
    """

    number: int
    title: str
    right: Callable[..., Any] = field(repr=False)
    cases: Callable[[], Iterable[tuple[Any, ...]]] = field(repr=False)
    mistakes: tuple[Mistake, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.right.__name__

    @property
    def filename(self) -> str:
        """The default name of the learner's file."""
        return f"chapter_{self.number:02}.py"

    def stub(self, path: str) -> str:
        """The template of the file ``path``: the signature and a description of the result."""
        tree = ast.parse(textwrap.dedent(inspect.getsource(self.right)))
        function = tree.body[0]
        assert isinstance(function, ast.FunctionDef)
        names = ", ".join(argument.arg for argument in function.args.args)
        docstring = textwrap.indent(ast.get_docstring(function) or "", "    ").strip()
        return (
            f'"""Chapter {self.number}: {self.title}. Fill in the function, then:\n\n'
            f'gpt2 learn check {self.number} {path}\n"""\n\nimport numpy as np\n\n\n'
            f'def {self.name}({names}):\n    """{docstring}\n    """\n'
            f"    raise NotImplementedError  # replace this line with your code\n"
        )


def exercise(number: int) -> Exercise:
    """The exercise of a chapter; raises `OptionError` if the chapter does not exist."""
    if not 0 <= number < len(MODULES):
        raise OptionError(
            f"there is no chapter {number}: the chapters are 0 to {len(MODULES) - 1}."
        )
    module = importlib.import_module(f"gpt2.learn.chapters.{MODULES[number]}")
    return module.EXERCISE


def exercises() -> list[Exercise]:
    """All exercises in the order of the chapters."""
    return [exercise(number) for number in range(len(MODULES))]


def normal(seed: int, *shape: int) -> Array:
    """Normal random numbers, float64: the same for a given seed and shape."""
    return np.random.default_rng([seed, *shape]).normal(0, 1, shape)


def tiny(seed: int = 0, **shape: Any) -> tuple[GPT2Config, dict[str, Array]]:
    """A model of one or two layers with random float64 weights."""
    sizes = {"vocab_size": 23, "n_positions": 24, "n_embd": 12, "n_layer": 2, "n_head": 3}
    config = GPT2Config(**{**sizes, "bos_token_id": 0, "eos_token_id": 0, **shape})
    shapes = expected_shapes(config)
    return config, {n: 0.5 * normal(seed + at, *shapes[n]) for at, n in enumerate(shapes)}
