"""``gpt2 answer``: a question, about a text or without one."""

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
    "--context", metavar="FILE", type=NAME, help="The text it is about; - is standard input."
)
@application(TASK)
def command(question: str | None, context: str | None, **values: Any) -> None:
    """Answer QUESTION about the text of --context, or from what the model knows.

    The forms are the GPT-2 paper's: the text and Q:/A: turns, or examples of questions with
    answers. --json shows the model's probability of its answer (the geometric mean of its tokens'),
    and whether the words are generated or the context's own. Rows of a --batch have a "question",
    and perhaps a "context" and a "history" of [question, answer] pairs.
    """

    def row() -> dict[str, Any]:
        if question is None:
            raise InputError('there is no question: gpt2 answer "Who ...?" --context FILE')
        asked = {"question": question}
        return asked if context is None else {**asked, "context": document(context, "context")}

    Call.of(TASK, values).run(row, question, context)
