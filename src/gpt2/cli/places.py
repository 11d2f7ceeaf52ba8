"""How the command line reads what names something, a file, a folder or a model: an empty text
names nothing. ``Path("")`` is the current folder, so that ``-o "$UNSET"`` would write there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.types import StringParamType

EMPTY = "it is empty. (Is a variable of the shell unset?)"


class Place(click.Path):
    """A path, which is not empty."""

    def __init__(self, **more: Any) -> None:
        super().__init__(path_type=Path, **more)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The path that is meant."""
        if value == "":
            self.fail(EMPTY, param, ctx)
        return super().convert(value, param, ctx)


class Name(StringParamType):
    """A text that names something, and is not empty."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The text as it is."""
        if value == "":
            self.fail(EMPTY, param, ctx)
        return super().convert(value, param, ctx)


PATH, NAME = Place(), Name()
