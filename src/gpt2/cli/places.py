"""How the command line reads what names something, a file, a folder or a model: an empty text
names nothing. ``Path("")`` is the current folder, so that ``-o "$UNSET"`` would write there.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from click.types import StringParamType

from gpt2.errors import OptionError
from gpt2.files.remote import is_remote

LOCAL = "file://"
EMPTY = "it is empty. (Is a shell variable unset?)"


class Place(click.Path):
    """A path, which is not empty.

    Args:
        remote: an address that fsspec knows may stand there too, and arrives as a string: see
            `gpt2.cli.sharding`, which gives the command a path for it.
    """

    def __init__(self, *, remote: bool = False, **more: Any) -> None:
        super().__init__(path_type=Path, **more)
        self.remote = remote

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The path that is meant."""
        if value == "":
            self.fail(EMPTY, param, ctx)
        if isinstance(value, str) and is_remote(value):
            if value.startswith(LOCAL):
                value = value.removeprefix(LOCAL)
            elif self.remote:
                return value
            else:
                self.fail(f"{value} is an address, but a local path is needed.", param, ctx)
        path: Any = super().convert(value, param, ctx)
        if self.exists and not self.file_okay and not Path(path).is_dir():  # a pipe, a device
            self.fail(f"{path} is not a folder.", param, ctx)
        return path


class Name(StringParamType):
    """A text that names something, and is not empty."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The text as it is."""
        if value == "":
            self.fail(EMPTY, param, ctx)
        return super().convert(value, param, ctx)


PATH, NAME = Place(), Name()
PATH_OR_ADDRESS = Place(remote=True)
OVERWRITE = click.option(
    "--overwrite", is_flag=True, help="Overwrite existing files; files with other names are kept."
)


def check_free(place: Path, overwrite: bool) -> None:
    """Raise `OptionError` where a model or vocabulary would be written over or among other files.

    `gpt2 prepare`, `train` and `finetune` have the same rule, and resume what they began.
    """
    folder = os.path.isdir(place)  # noqa: PTH112  is_dir raises for a name that is too long
    filled = any(place.iterdir()) if folder else os.path.isfile(place)  # noqa: PTH113
    if filled and not overwrite:
        what = "holds files" if folder else "is there"
        raise OptionError(f"{place} {what} already: choose another name, or give --overwrite.")
