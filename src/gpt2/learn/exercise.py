"""What an exercise is: a function to write, what is right, and the mistakes that have a name."""

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
    """A typical wrong answer: its name, what to do about it, and the function it is."""

    name: str
    hint: str
    function: Callable[..., Any] = field(repr=False)


@dataclass(frozen=True)
class Exercise:
    """A chapter's function. ``cases`` are the arguments it is called with; they are fresh each time
    and never share memory with those of another call."""

    number: int
    title: str
    right: Callable[..., Any] = field(repr=False)
    cases: Callable[[], Iterable[tuple[Any, ...]]] = field(repr=False)
    mistakes: tuple[Mistake, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """The function's name."""
        return self.right.__name__

    @property
    def filename(self) -> str:
        """What the learner's file is called unless they say otherwise."""
        return f"chapter_{self.number:02}.py"

    def stub(self, path: str) -> str:
        """The file to fill in, which will be ``path``: the signature and what it must give."""
        tree = ast.parse(textwrap.dedent(inspect.getsource(self.right)))
        function = tree.body[0]
        assert isinstance(function, ast.FunctionDef)
        names = ", ".join(argument.arg for argument in function.args.args)
        told = textwrap.indent(ast.get_docstring(function) or "", "    ").strip()
        return (
            f'"""Chapter {self.number}: {self.title}. Fill in the function, then:\n\n'
            f'gpt2 learn check {self.number} {path}\n"""\n\nimport numpy as np\n\n\n'
            f'def {self.name}({names}):\n    """{told}\n    """\n'
            f"    raise NotImplementedError  # replace this line with your code\n"
        )


def exercise(number: int) -> Exercise:
    """The exercise of a chapter; raises `OptionError` where there is no such chapter."""
    if not 0 <= number < len(MODULES):
        raise OptionError(f"there is no chapter {number}: they are 0 to {len(MODULES) - 1}.")
    module = importlib.import_module(f"gpt2.learn.chapters.{MODULES[number]}")
    found: Exercise = module.EXERCISE
    return found


def exercises() -> list[Exercise]:
    """All of them, in the order of the chapters."""
    return [exercise(number) for number in range(len(MODULES))]


def normal(seed: int, *shape: int) -> Array:
    """Random numbers, float64: always the same ones for a seed and a shape."""
    return np.random.default_rng([seed, *shape]).normal(0, 1, shape)


def tiny(seed: int = 0, **shape: Any) -> tuple[GPT2Config, dict[str, Array]]:
    """A model of one or two layers whose weights are all random, in float64."""
    sizes = {"vocab_size": 23, "n_positions": 24, "n_embd": 12, "n_layer": 2, "n_head": 3}
    config = GPT2Config(**{**sizes, "bos_token_id": 0, "eos_token_id": 0, **shape})
    shapes = expected_shapes(config)
    return config, {n: 0.5 * normal(seed + at, *shapes[n]) for at, n in enumerate(shapes)}
