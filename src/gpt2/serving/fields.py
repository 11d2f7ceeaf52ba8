"""Makes request fields from the options of `GenerationConfig`, and rewords pydantic's errors.

An option keeps its name, type, bounds and help, so nothing is declared twice.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model, model_validator

from gpt2.errors import suggestion
from gpt2.generation.config import GenerationConfig
from gpt2.options import describe, spec_of
from gpt2.serving.errors import ApiError, invalid_error, unsupported_error

# Options that the API has under its own names, or that it sets itself.
OWN = frozenset({
    "max_new_tokens", "max_length", "min_length", "max_time", "stop_strings", "do_sample",
    "num_return_sequences", "seed", "temperature", "top_p", "presence_penalty",
    "frequency_penalty", "bos_token_id", "pad_token_id", "use_cache", "return_dict_in_generate",
    "output_scores", "output_logits", "num_assistant_tokens", "max_matching_ngram_size",
    "prompt_lookup_num_tokens",
})  # fmt: skip
# Options that batched steps cannot support.
ABSENT = ("num_beams", "early_stopping", "length_penalty", "long")
# What is rejected by name, and why.
REJECTED = dict.fromkeys(ABSENT, "the library and the command line do") | dict.fromkeys(
    ("tools", "tool_choice", "parallel_tool_calls", "functions", "function_call"),
    "GPT-2 was not trained to call tools",
)
EXTENSIONS = tuple(
    field.name for field in dataclasses.fields(GenerationConfig)
    if field.name not in OWN and field.name not in ABSENT
)  # fmt: skip


def _fail_fast(schema: Any) -> None:
    if isinstance(schema, dict) and schema.get("type") == "list":
        schema["fail_fast"] = True
    if isinstance(schema, (dict, list)):
        for part in schema.values() if isinstance(schema, dict) else schema:
            _fail_fast(part)


class Strict(BaseModel):
    """A request, or an object in one, without unknown fields or type conversion.

    A null field counts as absent.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Report only the first invalid item of a list: a body may contain a million of them."""
        schema = handler(source)
        _fail_fast(schema)
        return schema


M = TypeVar("M", bound=Strict)


def of_option(name: str, of: type = GenerationConfig, **instead: Any) -> Any:
    """The field of an option, with its bounds and help; None if absent."""
    spec = spec_of(of.__dataclass_fields__[name])  # type: ignore[attr-defined]
    bounds = {"ge": spec.minimum, "gt": spec.above, "le": spec.maximum, **instead}
    given: dict[str, Any] = {key: value for key, value in bounds.items() if value is not None}
    return Field(default=None, description=spec.help, **given)


def options_model(name: str, base: type[Strict] = Strict) -> type[Strict]:
    """Make a model whose fields are the extensions."""
    hints = typing.get_type_hints(GenerationConfig)
    fields: dict[str, Any] = {o: (hints[o] | None, of_option(o)) for o in EXTENSIONS}
    return create_model(name, __base__=base, **fields)


def read(model: type[M], values: Mapping[str, Any]) -> M:
    """Build a request from its JSON object.

    Raises `ApiError` for the first problem, with its ``param``.
    """
    for name, why in REJECTED.items():
        if values.get(name) is not None and name not in model.model_fields:
            raise unsupported_error(name, f"the server does not support {name}; {why}.")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _translate_error(model, values, error) from None


LIMITS = {  # pydantic's types of errors, with the limit in their context, and our words
    "greater_than_equal": ("ge", "at least"), "greater_than": ("gt", "above"),
    "less_than_equal": ("le", "at most"), "less_than": ("lt", "below"),
}  # fmt: skip


def _translate_error(
    model: type[Strict], values: Mapping[str, Any], error: ValidationError
) -> ApiError:
    """The error for the most deeply nested problem, of which a wrong name is the last."""

    def order(one: Any) -> tuple[int, bool]:
        return -len(_path(values, one)), one["type"] == "extra_forbidden"

    first = min(error.errors(), key=order)
    parts = _path(values, first)
    name, path = str(first["loc"][0]), ".".join(map(str, parts))[:80]
    if first["type"] == "extra_forbidden":
        hint = suggestion(path, model.model_fields)
        return ApiError(f"unknown field {path!a}.{hint}", code="unknown_parameter",
                        param=path.encode("ascii", "replace").decode())  # fmt: skip
    if first["type"] == "missing":
        return ApiError(
            f"the required field {path} is missing.", code="missing_parameter", param=name
        )
    hint, kind = typing.get_type_hints(model)[name], first["type"]
    nested = len(parts) > 1 and isinstance(values[name], dict)
    if kind in LIMITS:
        sign, words = LIMITS[kind]
        rule = f"{path} must be {words} {first['ctx'][sign]}"
    elif kind == "too_short" and not first["input"]:
        rule = f"{path} must not be empty"
    elif _plain(hint) and not nested and kind not in ("too_short", "too_long"):
        rule, first["input"] = f"{name} must be {describe(hint)}", values[name]
    else:
        rule = f"{path} is invalid: {first['msg'].lower()}"
    return invalid_error(name, f"{rule}, found {first['input']!a:.80}.")


def _path(values: Any, error: Any) -> list[int | str]:
    """The keys to the place of an error, without pydantic's names for the members of a union."""
    loc, parts, missing = error["loc"], [], error["type"] == "missing"
    for part in loc[:-1] if missing else loc:
        inner = isinstance(values, list) and isinstance(part, int)
        if inner or (isinstance(values, dict) and part in values):
            parts.append(part)
            values = values[part]
    return [*parts, loc[-1]] if missing else parts


def _plain(hint: Any) -> bool:
    """Whether `describe` has words for a type."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return all(_plain(part) for part in typing.get_args(hint))
    origin = typing.get_origin(hint)
    inner = typing.get_args(hint)[:1] if origin is list else ()
    return (
        hint in (int, float, bool, str, type(None))
        or origin is typing.Literal
        or (origin is list and all(_plain(part) for part in inner))
        or origin is dict
    )
