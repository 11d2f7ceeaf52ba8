"""``gpt2 answer``: answer a question, with or without a text."""

from __future__ import annotations

from typing import Any

import click

from gpt2.cli.applications import Call, application, document
from gpt2.cli.places import NAME
from gpt2.cli.sharding import Sharded
from gpt2.errors import InputError
from gpt2.tasks.answer import TASK


@click.command(cls=Sharded)
@click.argument("question", required=False)
@click.option(
    "--context",
    metavar="FILE",
    type=NAME,
    help="File with the text that QUESTION is about; - is standard input.",
)
@application(TASK)
def command(question: str | None, context: str | None, **values: Any) -> None:
    """Answer QUESTION about the text of --context, or from what the model knows.

    The prompts are those of the GPT-2 paper: the text followed by Q: and A: turns, or example
    questions with their answers. --json also shows the model's probability of the answer (the
    geometric mean over its tokens), and whether the words were generated or taken from the context.
    Rows of a --batch have a "question" and optionally a "context" and a "history" of
    [question, answer] pairs.
    """

    def row() -> dict[str, Any]:
        if question is None:
            raise InputError('no question was given: gpt2 answer "Who ...?" --context FILE')
        asked = {"question": question}
        return asked if context is None else {**asked, "context": document(context, "context")}

    Call.of(TASK, values).run(row, question, context)
