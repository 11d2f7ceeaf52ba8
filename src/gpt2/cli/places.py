"""Parameter types for files, folders and models that reject an empty text.

``Path("")`` is the current folder, so ``-o "$UNSET"`` would write there.
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
    """A non-empty path.

    Args:
        remote: also accept a URL that fsspec supports; it arrives as a string, and
            `gpt2.cli.sharding` replaces it by a path.
    """

    def __init__(self, *, remote: bool = False, **more: Any) -> None:
        super().__init__(path_type=Path, **more)
        self.remote = remote

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Check and convert the value."""
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
        if self.exists and not self.file_okay and not Path(path).is_dir():  # a pipe or a device
            self.fail(f"{path} is not a folder.", param, ctx)
        return path


class Name(StringParamType):
    """A non-empty name."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Check the value and return it unchanged."""
        if value == "":
            self.fail(EMPTY, param, ctx)
        return super().convert(value, param, ctx)

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[Any]:
        """Complete names of files, since most names here may be a file or a folder."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


PATH, NAME = Place(), Name()
PATH_OR_ADDRESS = Place(remote=True)
OVERWRITE = click.option(
    "--overwrite",
    is_flag=True,
    help="Overwrite existing files; other files are kept, except those of an old model.",
)
OVERWRITE_FILE = click.option("--overwrite", is_flag=True, help="Replace an existing output file.")
FILE_SIZE = "5GB"  # at most, by default
SHARD_SIZE = click.option(
    "--shard-size",
    default=FILE_SIZE,
    type=NAME,
    show_default=True,
    help="Maximum size of a weight file.",
)


def check_free(place: Path | None, overwrite: bool) -> None:
    """Raise `OptionError` if output would overwrite a file, or mix with the files in a folder.

    None means standard output, for which ``overwrite`` has no effect and is an error. `gpt2
    prepare`, `train` and `finetune` have the same rule, and resume their own output.
    """
    if place is None:
        if overwrite:
            raise OptionError("--overwrite is only for --output: add it.")
        return
    folder = os.path.isdir(place)  # noqa: PTH112  is_dir raises for a name that is too long
    filled = any(place.iterdir()) if folder else os.path.isfile(place)  # noqa: PTH113
    if filled and not overwrite:
        what = "contains files" if folder else "exists"
        raise OptionError(f"{place} already {what}: choose another name, or use --overwrite.")
