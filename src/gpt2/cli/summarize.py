"""``gpt2 summarize``: summarise a text."""

from __future__ import annotations

from typing import Any

import click

from gpt2.cli.applications import Call, application, document
from gpt2.cli.places import NAME
from gpt2.cli.sharding import Sharded
from gpt2.tasks.summarize import TASK


@click.command(cls=Sharded)
@click.argument("file", required=False, type=NAME)
@application(TASK)
def command(file: str | None, **values: Any) -> None:
    """Summarise FILE, or standard input.

    The model is prompted with TL;DR: after the text, as in the GPT-2 paper. If a text is longer
    than the model's context, its parts are summarised first and then their summaries together. Rows
    of a --batch have a "text".
    """
    Call.of(TASK, values).run(lambda: {"text": document(file)}, file)
