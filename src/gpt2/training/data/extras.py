"""The libraries of the extra ``data``, imported where they are needed."""

from __future__ import annotations

import importlib
from typing import Any

from gpt2.errors import MissingDependencyError


def need(module: str, what: str) -> Any:
    """The module, or `MissingDependencyError` that says what it is for and how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        raise MissingDependencyError(
            f"{what} needs {package}, which is not installed ({error}): pip install 'gpt2[data]'."
        ) from error
