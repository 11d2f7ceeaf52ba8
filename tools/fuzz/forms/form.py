"""Defines a form."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

Make = Callable[[Path], object]


@dataclasses.dataclass(frozen=True)
class Form:
    """A format of files.

    Attributes:
        make: writes a valid instance into an empty folder.
        read: reads all of it as a user's call would; raises `GPT2Error` for damage.
        files: patterns of the files to damage.
        mend: makes hashes valid again after damage, so that the code behind them is reached.
    """

    make: Make
    read: Make
    files: tuple[str, ...] = ("**/*",)
    mend: Make | None = None

    def victims(self, case: Path) -> list[Path]:
        """The files of a case to damage."""
        found = {path for pattern in self.files for path in case.glob(pattern) if path.is_file()}
        return sorted(found)


def called(*words: str) -> Make:
    """Read with a command and discard its output; {} stands for the case's folder."""

    def read(case: Path) -> None:
        import click

        from gpt2.cli import gpt2
        from gpt2.errors import InputError

        told = io.TextIOWrapper(io.BytesIO(), "utf-8")
        try:
            with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
                gpt2([word.format(case) for word in words], standalone_mode=False)
        except click.ClickException as error:
            raise InputError(error.format_message()) from error

    return read


def each(case: Path, read: Callable[[Path], object]) -> None:
    """Read all files, then raise the first `GPT2Error`."""
    from gpt2.errors import GPT2Error

    errors = []
    for path in sorted(case.iterdir()):
        try:
            read(path)
        except GPT2Error as error:
            errors.append(error)
    if errors:
        raise errors[0]
