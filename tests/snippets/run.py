"""Runs a snippet with each library and says how they compare."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gpt2.errors import GPT2Error

# Why a row may differ, in a user's words. A row that differs and is not here fails the test.
REASONS: dict[tuple[str, str], str] = {
    ("A forward pass", "attentions for a viewer"): "the last value is the attentions, as in "
    "transformers 4; transformers 5.23 puts an empty tuple of cross-attentions after them",
    ("The pipeline", "the default options"): "transformers asks for 256 tokens with a context of "
    "64 and raises an IndexError; here as many tokens are generated as fit",
    ("The pipeline", "a tuple of prompts"): "a TypeError in transformers, which requires a list",
    ("The pipeline", "an empty list"): "an IndexError in transformers",
    ("The pipeline", "framework"): "transformers 5 removed the argument and refuses it",
}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    group: str
    title: str
    outcome: str  # "equal", "differs", "clear error" or "unclear error"
    note: str = ""


def run_with(library: str, code: str, model: Path) -> Any:
    """What a snippet leaves in ``result``, or the exception that ended it."""
    text = re.sub(r"^from transformers import", f"from {library} import", code, flags=re.MULTILINE)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        space = {"TMP": folder}
        try:
            exec(compile(text.replace('"gpt2"', repr(str(model))), "<snippet>", "exec"), space)
        except Exception as error:  # whatever a library raises is the result
            return error
        return space["result"]


@contextlib.contextmanager
def _quiet() -> Any:
    before = Path.cwd()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stderr(io.StringIO()),
        tempfile.TemporaryDirectory() as folder,
    ):
        warnings.simplefilter("ignore")
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def compare(group: str, title: str, code: str, model: Path) -> Row:
    """The row of one snippet."""
    ours, theirs = run_with("gpt2", code, model), run_with("transformers", code, model)
    if isinstance(ours, Exception):
        if clear(ours):
            return Row(group, title, "clear error", _told(ours, model))
        return Row(group, title, "unclear error", f"{type(ours).__name__}: {ours}"[:300])
    if not isinstance(theirs, Exception) and alike(ours, theirs):
        return Row(group, title, "equal")
    reason = REASONS.get((group, title), "")
    return Row(group, title, "differs", reason)


def clear(error: Exception) -> bool:
    """Whether it says in one line what was found: this package's own do, by their tests."""
    return isinstance(error, GPT2Error) and "\n" not in str(error)


def _told(error: Exception, model: Path) -> str:
    text = str(error).replace(str(model), "MODEL")
    return re.sub(rf"{tempfile.gettempdir()}/\S*?/", "", text)


def alike(a: Any, b: Any) -> bool:
    """Whether two results say the same; numbers to rounding, containers by their contents."""
    if isinstance(a, (torch.Tensor, np.ndarray)) or isinstance(b, (torch.Tensor, np.ndarray)):
        x, y = (torch.as_tensor(v).detach() for v in (a, b))
        same = x.shape == y.shape and x.is_floating_point() == y.is_floating_point()
        return same and torch.allclose(x.double(), y.double(), rtol=1e-4, atol=1e-4)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return {*a} == {*b} and all(alike(a[name], b[name]) for name in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-4 * max(1.0, abs(a))
    return bool(a == b)
