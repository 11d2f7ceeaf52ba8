"""``gpt2 write``: write a text of a given length."""

from __future__ import annotations

from typing import Any

import click

from gpt2.cli.applications import Call, application
from gpt2.cli.sharding import Sharded
from gpt2.tasks.write import TASK


@click.command(cls=Sharded)
@click.argument("title", required=False, default="")
@click.option(
    "-p", "--point", "points", multiple=True, help="Point for the text to cover. [repeatable]"
)
@application(TASK)
def command(title: str, points: tuple[str, ...], **values: Any) -> None:
    """Write a text with the given TITLE, about the given points, or both.

    No sequence of four words occurs more than three times. Rows of a --batch have a "title",
    "points" (a list), or both.
    """
    Call.of(TASK, values).run(lambda: {"title": title, "points": list(points)}, title, points)
