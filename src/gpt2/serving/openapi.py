"""GET /openapi.json: an OpenAPI description generated from the declared requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gpt2 import __version__
from gpt2.serving.fields import Strict

_ANY = {"description": "An answer.", "content": {"application/json": {"schema": {}}}}
_ERROR = {
    "description": "An error.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
_ERROR_FORM = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {
        "type": "object",
        "required": ["message", "type", "param", "code"],
        "properties": {
            "message": {"type": "string"},
            "type": {"type": "string"},
            "param": {"type": ["string", "null"]},
            "code": {"type": ["string", "null"]},
        },
    }},
}  # fmt: skip
GETS = ("/v1/models", "/health", "/ready", "/tokenizer_info")


def description(models: Mapping[str, type[Strict]]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the requests, by path."""
    schemas: dict[str, Any] = {"Error": _ERROR_FORM}
    paths: dict[str, Any] = {path: {"get": _operation()} for path in GETS}
    for path, model in models.items():
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
        content = {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
        }
        body = {"required": True, "content": content}
        paths[path] = {"post": _operation(summary=(model.__doc__ or path).split("\n")[0],
                                          requestBody=body)}  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {"title": "gpt2 serve", "version": __version__},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _operation(**more: Any) -> dict[str, Any]:
    return {**more, "responses": {"200": _ANY, "4XX": _ERROR, "5XX": _ERROR}}
