"""Run a chat template in jinja2's sandbox, since templates are untrusted."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from gpt2.errors import InputError, UnsupportedError, reason
from gpt2.extras import need
from gpt2.tokenizer import chat_control

Spans = list[tuple[int, int]]
_REASONING = ("reasoning_content", "thinking", "reasoning")
_OPEN = "CONTINUE_FINAL_MESSAGE_TAG "


def conversations(value: Any) -> tuple[list[list[dict[str, Any]]], bool]:
    """Return the conversations, and whether a batch was given. Raises `InputError`."""
    if not isinstance(value, (list, tuple)) or not value:
        raise InputError(
            'a conversation must be a list of {"role": ..., "content": ...} messages with at '
            f"least one, found {value!r}."
        )
    several = isinstance(value[0], (list, tuple)) or hasattr(value[0], "messages")
    chats: list[Any] = [getattr(c, "messages", c) for c in value] if several else [value]
    return [[_message(m) for m in chat] for chat in chats], several


def _message(message: Any) -> dict[str, Any]:
    data = plain(message)
    if not isinstance(data, dict):
        raise InputError(
            f'a message must be a mapping such as {{"role": "user", "content": "Hi"}}, '
            f"found {message!r}."
        )
    data = {key: value for key, value in data.items() if value is not None}
    reasoning = next((data[key] for key in _REASONING if key in data), None)
    if reasoning is not None:
        data = {"thinking": reasoning, **data, "reasoning_content": reasoning}
    return data


def plain(value: Any) -> Any:
    """Convert a value to JSON types; of any other type, only its name is passed to a template."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value) if kind is not str else str.__str__(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return plain(value.item())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if callable(getattr(value, "model_dump", None)):
        return plain(value.model_dump())
    return f"<{type(value).__name__}>"


class Renderer:
    """Renders conversations with one template and its variables.

    Args:
        template: the template.
        roles: the tokenizer's special tokens, as variables that others may override.
        variables, tools, documents: the caller's.
        control: tokens to mark in everything that is the caller's (`chat_control.mark`).
    """

    def __init__(
        self,
        template: str,
        roles: Mapping[str, Any],
        variables: Mapping[str, Any],
        tools: Sequence[Any] | None,
        documents: Sequence[Mapping[str, Any]] | None,
        control: Sequence[str] = (),
    ) -> None:
        if any(inspect.isroutine(tool) for tool in tools or ()):
            raise UnsupportedError(
                "a tool must be a JSON schema: transformers.utils.get_json_schema(function) "
                "converts a function to one."
            )
        self.template, self.control = template, control
        given = {**variables, "tools": tools, "documents": documents}
        self.variables = {**plain(roles), **chat_control.mark(plain(given), control)}

    def __call__(
        self, chat: list[dict[str, Any]], begin: bool, open_end: bool | str
    ) -> tuple[str, Spans]:
        """Return the text, and the spans that the template marks as the assistant's."""
        chat = chat_control.mark(chat, self.control)
        last = _open(chat, open_end, self.template) if open_end else ""
        text, spans = self._render(chat, begin)
        return (_until_open(text, last) if open_end else text), spans

    def _render(self, chat: list[dict[str, Any]], begin: bool) -> tuple[str, Spans]:
        compiled = compile_template(self.template)
        import jinja2

        from gpt2.tokenizer import chat_bounds

        blocks: list[str] = []
        spans: Spans = []
        values = {**self.variables, "messages": chat, "add_generation_prompt": begin}
        try:
            with compiled.environment.tracking(blocks, spans), chat_bounds.spending(values):
                for block in compiled.generate(**values):
                    blocks.append(block)
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError,
                AttributeError, RecursionError, MemoryError) as error:  # fmt: skip
            raise InputError(f"the chat template rejected this conversation: {error}") from error
        return "".join(blocks), spans


def _open(chat: list[dict[str, Any]], field: bool | str, template: str) -> str:
    """Mark the end of the last message's text in place; returns the text."""
    name = field if isinstance(field, str) else "content"
    last = chat[-1].get(name)
    same = [n for n in _REASONING if chat[-1].get(n) == last] if name in _REASONING else [name]
    if last is None or not any(n in template for n in same):
        raise InputError(
            f"continue_final_message: the last message, or the template, has no {name!r}."
        )
    if isinstance(last, str):
        chat[-1].update(dict.fromkeys(same, last + _OPEN))
        return last
    block = next((b for b in reversed(last) if isinstance(b, dict) and "text" in b), None)
    if block is None:
        raise InputError("continue_final_message: the last message has no text to continue.")
    text = str(block["text"])
    block["text"] = text + _OPEN
    return text


def _until_open(text: str, last: str) -> str:
    """The text up to the mark."""
    if last.strip() not in text or _OPEN.strip() not in text:
        raise InputError(
            "continue_final_message: the template does not render the last message unchanged."
        )
    at = text.rindex(_OPEN.strip())
    whole = text[at : at + len(_OPEN)] == _OPEN
    return text[:at] if whole else text[:at].rstrip()


@lru_cache(16)
def compile_template(template: str) -> Any:
    """Compile a template. Raises `MissingDependencyError`, and `InputError` if it is invalid."""
    jinja2 = need("jinja2", "A chat template")
    from gpt2.tokenizer import chat_bounds, chat_sandbox

    if len(template) > chat_bounds.LONGEST:
        raise InputError(
            f"the chat template has {len(template):,} characters; the limit is "
            f"{chat_bounds.LONGEST:,}."
        )
    try:
        return chat_sandbox.Environment().from_string(template)
    except (jinja2.TemplateError, SyntaxError, RecursionError, MemoryError) as error:
        raise InputError(
            f"the chat template is not a valid jinja2 template: {reason(error)}."
        ) from error


@lru_cache(16)
def literal_text(template: str) -> str:
    """The texts that a template itself contains, joined by a character that no token has."""
    from jinja2 import nodes

    tree = compile_template(template).environment.parse(template)
    texts = {node.data for node in tree.find_all(nodes.TemplateData)}
    constants = {node.value for node in tree.find_all(nodes.Const)}
    return "\0".join(texts | {value for value in constants if isinstance(value, str)})
