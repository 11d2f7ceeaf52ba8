"""``gpt2 translate``: translate a document."""

from __future__ import annotations

from typing import Any

import click

from gpt2.cli.applications import Call, application, document
from gpt2.cli.places import NAME
from gpt2.cli.sharding import Sharded
from gpt2.tasks.translate import TASK


@click.command(cls=Sharded)
@click.argument("file", required=False, type=NAME)
@application(TASK, to_cli={"aliases": {"source": ["--from"]}})
def command(file: str | None, **values: Any) -> None:
    """Translate FILE, or standard input, sentence by sentence. Blank lines are kept.

    As in the GPT-2 paper, each sentence is preceded by example sentences with their translations;
    a model fine-tuned for the two languages gets no examples. Rows of a --batch have a "text".
    """
    Call.of(TASK, values).run(lambda: {"text": document(file)}, file)
