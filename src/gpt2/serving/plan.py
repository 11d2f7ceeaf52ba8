"""Turns a request into rows for the scheduler, with all checks before a response starts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gpt2.generation.config import SAMPLING_ONLY, GenerationConfig
from gpt2.generation.limits import check_ids
from gpt2.generation.structured import Structured
from gpt2.serving.errors import ApiError, invalid_error
from gpt2.serving.fields import EXTENSIONS
from gpt2.serving.models import Served
from gpt2.serving.protocol import Sampled

DEFAULT_TOKENS = 16  # OpenAI's default
MOST_STOPS, LONGEST_STOP = 16, 1024
# The defaults of OpenAI's API: sample from the model's full distribution.
DRAWN = {"do_sample": True, "temperature": 1.0, "top_p": 1.0, "top_k": 0}
ALONE = {"num_beams": 1, "num_return_sequences": 1}


@dataclass(frozen=True)
class Plan:
    """The plan of a request.

    Attributes:
        prompts: the ids of each prompt; none is empty.
        shown: for each prompt, the ids that echo returns: none if the prompt is empty.
        configs: the options of each prompt's rows.
        copies: the number of rows per prompt, of which ``n`` are returned.
        top: the number of top tokens; None means no log-probabilities.
    """

    served: Served
    prompts: list[list[int]]
    shown: list[list[int]]
    configs: list[GenerationConfig]
    n: int
    copies: int
    seed: int
    stops: tuple[str, ...]
    keep_stop: bool
    echo: bool = False
    top: int | None = None
    structure: Structured | None = None
    nothing: bool = False  # max_tokens is 0: only the prompt is returned


def plan(
    served: Served,
    asked: Sampled,
    prompts: Sequence[str | list[int]],
    new: int | None,
    *,
    default: int | None = DEFAULT_TOKENS,
    param: str = "max_tokens",
    source: str = "prompt",
    stops: Sequence[str] = (),
    **more: Any,
) -> Plan:
    """The plan of a request for one or several prompts.

    Args:
        new: the requested maximum of new tokens.
        default: the maximum if ``new`` is None; None for as many as fit in the context.
        param: the field of ``new``.
        source: the field of the prompts.
        stops: stop strings in addition to the request's.
        more: ``copies``, ``echo``, ``top`` and ``structure`` of the `Plan`.

    Raises:
        ApiError: for the first problem.
    """
    n = asked.n or 1
    shown = [_ids(served, prompt) for prompt in prompts]
    rows = [ids or [served.start] for ids in shown]
    seed = asked.seed if asked.seed is not None else int.from_bytes(os.urandom(4), "little")
    values = _options(served, asked) | {"seed": seed}
    configs = []
    for ids in rows:
        room = served.context + 1 - len(ids)
        length = new if new is not None else room if default is None else min(default, room)
        _check_room(served, len(ids), max(length, 1), param, source)
        configs.append(GenerationConfig(**{**values, "max_new_tokens": max(length, 1)}))
    check_ids(configs[0], served.vocabulary)
    return Plan(
        served, rows, shown, configs, n, more.pop("copies", n), seed,
        (*_stops(asked.stop), *stops), asked.include_stop_str_in_output, nothing=new == 0, **more,
    )  # fmt: skip


def _ids(served: Served, prompt: str | list[int]) -> list[int]:
    if isinstance(prompt, str):
        return served.tokenizer.encode_prompt(prompt)
    for i in prompt:
        if not 0 <= i < served.vocabulary:
            raise invalid_error("prompt", f"the prompt contains the token id {i}; {served.name} "
                                          f"has the ids 0 to {served.vocabulary - 1}.")  # fmt: skip
    return prompt


def _check_room(served: Served, prompt: int, new: int, param: str, source: str) -> None:
    """Check the context length; the last new token is never read, so it may exceed it by one."""
    if prompt + new > served.context + 1:
        raise ApiError(
            f"the prompt of {prompt} tokens and {new} new tokens exceed the model's context "
            f"length of {served.context}. Shorten the prompt or lower {param}; in an evaluation "
            f"harness, set max_length={served.context}.",
            code="context_length_exceeded",
            param=param if prompt <= served.context else source,
        )


def _options(served: Served, asked: Sampled) -> dict[str, Any]:
    """The options of `GenerationConfig`: the model's, overridden by OpenAI's and the request's."""
    given = {name: value for name in EXTENSIONS if (value := getattr(asked, name)) is not None}
    for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty"):
        value = getattr(asked, name)
        if value is not None and (GenerationConfig.has(name) or value):
            given[name] = value
    if asked.logit_bias:
        given["sequence_bias"] = _biases(served, asked.logit_bias, given.get("sequence_bias"))
    values = {**served.defaults.to_dict(), **DRAWN, **given, **ALONE}
    if values["temperature"] == 0:  # greedy decoding, as everywhere
        values = {k: v for k, v in values.items() if k not in SAMPLING_ONLY} | {"do_sample": False}
    return values


def _biases(served: Served, bias: dict[str, float], more: Any) -> list[Any]:
    biases = []
    for key, value in bias.items():
        known = key.isascii() and key.isdecimal() and len(key) < 10 and str(int(key)) == key
        if not known or int(key) >= served.vocabulary:
            raise ApiError(f"logit_bias has the key {key[:40]!a}; a key must be a token id from 0 "
                           f"to {served.vocabulary - 1}, as a decimal string.",
                           code="invalid_value", param="logit_bias")  # fmt: skip
        if not -100 <= value <= 100:
            raise ApiError(f"logit_bias for {key} must be from -100 to 100, found {value}.",
                           code="invalid_value", param="logit_bias")  # fmt: skip
        biases.append([[int(key)], value])
    pairs = list(more.items()) if isinstance(more, dict) else list(more or [])
    return [*pairs, *biases]


def _stops(stop: str | list[str] | None) -> list[str]:
    listed = [stop] if isinstance(stop, str) else list(stop or [])
    if not all(listed) or len(listed) > MOST_STOPS or any(len(s) > LONGEST_STOP for s in listed):
        raise invalid_error("stop", f"stop must be at most {MOST_STOPS} strings of 1 to "
                                    f"{LONGEST_STOP} characters each.")  # fmt: skip
    return listed
