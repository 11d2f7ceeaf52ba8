"""The formats of chats and results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gpt2.generation import arrays


def is_message(value: Any) -> bool:
    """Whether this is a message of a chat."""
    return isinstance(value, Mapping) and "role" in value and "content" in value


def is_chat(value: Any) -> bool:
    """Whether this is a list of messages."""
    return isinstance(value, (list, tuple)) and bool(value) and all(map(is_message, value))


def goes_on(messages: Sequence[Any], settings: Mapping[str, Any]) -> bool:
    """Whether to continue the last message; by default if it is the assistant's."""
    choice = settings.get("continue_final_message")
    return messages[-1]["role"] == "assistant" if choice is None else bool(choice)


def full(given: Any, text: str, settings: Mapping[str, Any]) -> Any:
    """The prompt with the generated text."""
    if isinstance(given, str):
        return given + text
    *before, last = given
    if goes_on(given, settings):
        return [*before, {"role": last["role"], "content": last["content"] + text}]
    return [*before, last, {"role": "assistant", "content": text}]


def beside(result: Any, rows: int) -> dict[str, list[Any]]:
    """The per-row fields of a result other than the ids; scores become [rows, steps, V]."""
    results: dict[str, list[Any]] = {}
    for name, value in result.items():
        if name in ("sequences", "past_key_values"):
            continue
        if isinstance(value, tuple) and len(value[0]) == rows:
            steps = [arrays.to_numpy(step) for step in value]
            results[name] = np.stack(steps, 1).tolist()
        elif arrays.is_array(value) and len(value) == rows:
            results[name] = arrays.to_numpy(value).tolist()
    return results
