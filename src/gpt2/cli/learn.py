"""``gpt2 learn``: the exercises of the course: a list, a file to fill in, and its check."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import click

from gpt2.cli.options import AS_JSON, QUIET, in_shell, next_step
from gpt2.errors import OptionError

CHAPTER = click.argument("chapter", type=int)


@click.group(invoke_without_command=True)
@AS_JSON
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Work through the exercises of the course: one function to write per chapter.

    Without a command, this lists the chapters, whose pages are in docs/learn. The check command
    runs your file as a program: check only files that you would run.
    """
    if context.invoked_subcommand is not None:
        return
    from gpt2.learn.exercise import exercises

    listed = exercises()
    if as_json:
        click.echo(json.dumps([{"number": e.number, "title": e.title, "function": e.name}
                               for e in listed]))  # fmt: skip
        return
    for one in listed:
        click.echo(f"{one.number:>3}  {one.title:<30} {one.name}()")
    next_step("gpt2 learn start 0")


@command.command()
@CHAPTER
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
              help="File to write. [default: chapter_NN.py]")  # fmt: skip
@QUIET
def start(chapter: int, output: Path | None, quiet: bool) -> None:
    """Write a file for CHAPTER with a function to fill in.

    An existing file is not overwritten.
    """
    from gpt2.files import write_text
    from gpt2.learn.exercise import exercise

    one = exercise(chapter)
    path = output or Path(one.filename)
    if path.exists():
        raise OptionError(
            f"{path} already exists: choose another name with --output, or remove it."
        )
    write_text(path, one.stub(in_shell(path)))
    click.echo(path)
    next_step(f"fill in {one.name}(), then gpt2 learn check {chapter} {{}}", path, quiet=quiet)


@command.command()
@CHAPTER
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@AS_JSON
@QUIET
def check(chapter: int, file: Path | None, as_json: bool, quiet: bool) -> None:
    """Compare the function in a file with the reference.

    FILE is chapter_NN.py by default. It is run as a program, with all your permissions. The exit
    code is 0 if the answer is right and 1 if it is wrong; typical mistakes are named.
    """
    from gpt2.learn import answers
    from gpt2.learn.exercise import MODULES, exercise

    one = exercise(chapter)
    path = file or Path(one.filename)
    verdict = answers.check(one, path)
    if as_json:
        click.echo(json.dumps({"chapter": chapter, **dataclasses.asdict(verdict)}))
    else:
        click.echo(f"chapter {chapter}: {verdict.message}")
    if not verdict.right:
        sys.exit(1)
    if chapter + 1 < len(MODULES):
        next_step(f"gpt2 learn start {chapter + 1}", quiet=quiet)
