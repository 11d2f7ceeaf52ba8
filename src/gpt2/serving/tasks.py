"""POST /v1/tasks/{summarize,translate,answer,write}, with the same Task objects as elsewhere.

A request has the fields of the task and its options by name. Options that name a file are not
supported: examples of a translation are pairs of texts.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from typing import Annotated, Any

from annotated_types import Len
from pydantic import create_model
from starlette.requests import Request
from starlette.responses import Response

from gpt2.serving.fields import Strict, of_option
from gpt2.serving.protocol import Named
from gpt2.serving.responses import json_response
from gpt2.serving.state import State
from gpt2.tasks import TASKS

Pairs = list[Annotated[list[str], Len(2, 2)]]
# The row fields of each task: type and default.
ROWS: dict[str, dict[str, Any]] = {
    "summarize": {"text": (str, ...)},
    "translate": {"text": (str, ...), "examples": (Pairs | None, None)},
    "answer": {"question": (str, ...), "context": (str | None, None),
               "history": (Pairs | None, None)},
    "write": {"title": (str, ""), "points": (list[str] | None, None)},
}  # fmt: skip


def _request(name: str) -> type[Strict]:
    """The request model of a task: its row fields and its declared options."""
    options = TASKS[name].options
    hints = typing.get_type_hints(options)
    fields = dict(ROWS[name])
    for field in dataclasses.fields(options):
        about = of_option(field.name, options)
        fields.setdefault(field.name, (hints[field.name] | None, about))
    return create_model(f"{name.title()}Request", __base__=Named, **fields)


REQUESTS = {name: _request(name) for name in TASKS}


async def run_task(state: State, request: Request, name: str, asked: Any) -> Response:
    """Run a task on one row."""
    task, served = TASKS[name], state.models.get_writer(asked.model)
    given = {key: value for key, value in asked.model_dump(exclude={"model", "user"}).items()
             if value is not None}  # fmt: skip
    for name_of_pairs in ("examples", "history"):
        if name_of_pairs in given:
            given[name_of_pairs] = [(a, b) for a, b in given[name_of_pairs]]
    options = {field.name for field in dataclasses.fields(task.options)}

    def work(check: Callable[[], None]) -> dict[str, Any]:
        def progress(done: int, total: int) -> None:
            check()

        row = {key: value for key, value in given.items() if key not in options}
        chosen = {key: value for key, value in given.items() if key in options}
        return task.run(served.between, row, progress=progress, **chosen)

    result = await state.whole_engine(request, served.whole, work)
    texts = [text for text in (*given.values(), *result.values()) if isinstance(text, str)]
    used = sum(len(served.tokenizer.encode_more(text)) for text in texts)
    state.tenant(request).tokens.take(used)
    return json_response({"object": "task", "task": name, "model": served.name, **result})
