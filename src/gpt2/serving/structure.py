"""``structured_outputs`` and ``response_format``: constraints on the structure of a response."""

from __future__ import annotations

import asyncio
from typing import Any

from gpt2.errors import MissingDependencyError, OptionError
from gpt2.generation.structured import Structured
from gpt2.serving.errors import invalid_error, unsupported_error
from gpt2.serving.models import Served
from gpt2.serving.protocol import ResponseFormat, Sampled


async def structure_of(served: Served, asked: Sampled) -> Structured | None:
    """The structure that a request specifies. Raises `ApiError` that names the field."""
    outputs = asked.structured_outputs
    if outputs is not None and asked.response_format is not None:
        raise invalid_error("response_format", "structured_outputs and response_format are "
                                               "mutually exclusive: give one of them.")  # fmt: skip
    wanted: dict[str, Any] = {}
    if outputs is not None:
        wanted = {"choices": outputs.choice, "regex": outputs.regex, "schema": outputs.json_}
    elif asked.response_format is not None:
        wanted = _of_format(asked.response_format)
    if not wanted:
        return None
    param = "structured_outputs" if outputs is not None else "response_format"
    try:
        return await asyncio.to_thread(Structured, served.model, **wanted)
    except OptionError as error:
        raise invalid_error(param, str(error)) from None
    except MissingDependencyError as error:
        raise unsupported_error(param, str(error)) from None


def _of_format(response: ResponseFormat) -> dict[str, Any]:
    if (response.json_schema is not None) != (response.type == "json_schema"):
        raise invalid_error("response_format", "response_format must have json_schema if its type "
                                               "is json_schema, and only then.")  # fmt: skip
    if response.type == "text":
        return {}
    schema = {"type": "object"} if response.json_schema is None else response.json_schema.schema_
    return {"schema": schema}
