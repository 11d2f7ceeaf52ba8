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
# Options that batched steps cannot support; they are rejected by name.
ABSENT = ("num_beams", "early_stopping", "length_penalty", "long")
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
    for name in ABSENT:
        if values.get(name) is not None and name not in model.model_fields:
            raise unsupported_error(name, f"the server does not support {name}; the library and "
                                          "the command line do.")  # fmt: skip
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _translate_error(model, error) from None


def _translate_error(model: type[Strict], error: ValidationError) -> ApiError:
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    name = str(first["loc"][0]) if first["loc"] else None
    if first["type"] == "extra_forbidden":
        path = ".".join(map(str, first["loc"]))
        hint = suggestion(path, model.model_fields)
        return ApiError(f"unknown field {path[:80]!a}.{hint}", code="unknown_parameter",
                        param=path[:80].encode("ascii", "replace").decode())  # fmt: skip
    if first["type"] == "missing":
        return ApiError(
            f"the required field {name} is missing.", code="missing_parameter", param=name
        )
    message = f"{name} {_describe_rule(model, first)}, found {first['input']!a:.80}."
    return invalid_error(name, message)


def _describe_rule(model: type[Strict], first: Any) -> str:
    """What a value must be: its type in our words, or pydantic's message for nested values."""
    hint = typing.get_type_hints(model)[str(first["loc"][0])]
    limits = {"greater_than_equal": "ge", "greater_than": "gt", "less_than_equal": "le"}
    if first["type"] in limits:
        words = {"ge": "at least", "gt": "above", "le": "at most"}
        sign = limits[first["type"]]
        return f"must be {words[sign]} {first['ctx'][sign]}"
    if _plain(hint):
        return f"must be {describe(hint)}"
    where = "".join(f"[{part}]" for part in first["loc"][1:] if isinstance(part, int))
    return f"{where} is invalid: {first['msg'].lower()}".lstrip()


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
