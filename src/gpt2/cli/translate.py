"""``gpt2 translate``: a document in another language."""

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
    """Translate FILE, or standard input, sentence by sentence; blank lines are kept.

    Examples of sentences with their translations stand before each sentence, as in the GPT-2
    paper; a model that was fine-tuned for the two languages gets none. Rows of a --batch have a
    "text".
    """
    Call.of(TASK, values).run(lambda: {"text": document(file)}, file)
