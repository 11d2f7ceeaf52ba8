"""``gpt2 learn``: the course's exercises: what they are, a file to fill in, its check."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import click

from gpt2.cli.options import AS_JSON, QUIET, next_step
from gpt2.errors import OptionError

CHAPTER = click.argument("chapter", type=int)


@click.group(invoke_without_command=True)
@AS_JSON
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Work through the course's exercises: a function to write for each chapter.

    Without START or CHECK the chapters are listed. Their pages are in docs/learn. A check runs the
    file that it is given as the program that it is: check only files you would run.
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
              help="The file to write. [default: chapter_NN.py]")  # fmt: skip
@QUIET
def start(chapter: int, output: Path | None, quiet: bool) -> None:
    """Write the file of CHAPTER with a function to fill in.

    A file that is there already is not replaced.
    """
    from gpt2.files import write_text
    from gpt2.learn.exercise import exercise

    one = exercise(chapter)
    path = output or Path(one.filename)
    if path.exists():
        raise OptionError(
            f"{path} is there already: give another name with --output, or remove it."
        )
    write_text(path, one.stub(str(path)))
    click.echo(path)
    next_step(f"fill in {one.name}(), then gpt2 learn check {chapter} {path}", quiet)


@command.command()
@CHAPTER
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@AS_JSON
@QUIET
def check(chapter: int, file: Path | None, as_json: bool, quiet: bool) -> None:
    """Run FILE (chapter_NN.py unless named) and compare its function with the reference.

    The file is run as a program, with all your rights. The exit code is 0 if the answer is right
    and 1 if it is not; a typical mistake is called by its name.
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
        next_step(f"gpt2 learn start {chapter + 1}", quiet)
