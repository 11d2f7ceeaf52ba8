"""Run a chat template in jinja2's sandbox: templates come from strangers."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from gpt2.errors import InputError, UnsupportedError
from gpt2.extras import need

Spans = list[tuple[int, int]]
_REASONING = ("reasoning_content", "thinking", "reasoning")
_OPEN = "CONTINUE_FINAL_MESSAGE_TAG "


def conversations(value: Any) -> tuple[list[list[dict[str, Any]]], bool]:
    """The conversations, and whether several were given. Raises `InputError`."""
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
    """The value made of JSON's types alone; of anything else only its name reaches a template."""
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


LARGEST = 1 << 20  # characters, items or bits of what a template multiplies


class Renderer:
    """One template with its variables, to be called with conversations."""

    def __init__(
        self,
        template: str,
        variables: Mapping[str, Any],
        tools: Sequence[Any] | None,
        documents: Sequence[Mapping[str, Any]] | None,
    ) -> None:
        if any(inspect.isroutine(tool) for tool in tools or ()):
            raise UnsupportedError(
                "a tool must be given as a JSON schema here: "
                "transformers.utils.get_json_schema(function) makes one of a function."
            )
        self.template = template
        self.variables = {
            **plain(variables), "tools": plain(tools), "documents": plain(documents),
        }  # fmt: skip

    def __call__(
        self, chat: list[dict[str, Any]], begin: bool, open_end: bool | str
    ) -> tuple[str, Spans]:
        """The text, and the characters that the template marks as the assistant's."""
        last = _open(chat, open_end, self.template) if open_end else ""
        text, spans = self._render(chat, begin)
        return (_until_open(text, last) if open_end else text), spans

    def _render(self, chat: list[dict[str, Any]], begin: bool) -> tuple[str, Spans]:
        compiled = compile_template(self.template)
        import jinja2

        blocks: list[str] = []
        spans: Spans = []
        values = {**self.variables, "messages": chat, "add_generation_prompt": begin}
        try:
            with compiled.environment.tracking(blocks, spans):
                for block in compiled.generate(**values):
                    blocks.append(block)
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError,
                AttributeError, RecursionError, MemoryError) as error:  # fmt: skip
            raise InputError(f"the chat template refuses this conversation: {error}") from error
        return "".join(blocks), spans


def _open(chat: list[dict[str, Any]], field: bool | str, template: str) -> str:
    """Mark the end of the last message's text, in place; the text."""
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
            "continue_final_message: the template does not show the last message as it is."
        )
    at = text.rindex(_OPEN.strip())
    whole = text[at : at + len(_OPEN)] == _OPEN
    return text[:at] if whole else text[:at].rstrip()


@lru_cache(16)
def compile_template(template: str) -> Any:
    """The template, compiled. Raises `MissingDependencyError`, `InputError` for what is none."""
    jinja2 = need("jinja2", "A chat template")
    try:
        return _environment().from_string(template)
    except (jinja2.TemplateError, RecursionError, MemoryError) as error:
        raise InputError(f"the chat template is no jinja2 template: {error}.") from error


def _environment() -> Any:
    import jinja2
    from jinja2 import ext, sandbox

    class Names(jinja2.utils.Namespace):
        """A namespace without underscores, through which a template could break out."""

        def __init__(*arguments: Any, **names: Any) -> None:
            self, *rest = arguments
            values = dict(*rest, **names)
            for name in values:
                _refuse_private(name)
            jinja2.utils.Namespace.__init__(self, values)

        def __setitem__(self, name: str, value: Any) -> None:
            _refuse_private(name)
            super().__setitem__(name, value)

    def _refuse_private(name: Any) -> None:
        if isinstance(name, str) and name.startswith("_"):
            raise jinja2.exceptions.SecurityError(f"{name!r} may not be stored in a namespace")

    def refuse(message: str) -> None:
        raise jinja2.TemplateError(message)

    def to_json(value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None,
                sort_keys: bool = False) -> str:  # fmt: skip
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                          sort_keys=sort_keys)  # fmt: skip

    class Bounded(sandbox.ImmutableSandboxedEnvironment):
        """Multiplies neither texts nor numbers to more than memory or time has room for."""

        intercepted_binops = frozenset({"*", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            if _size(operator, left, right) > LARGEST:
                raise jinja2.exceptions.SecurityError(f"{operator!r} makes too much")
            return super().call_binop(context, operator, left, right)

    made = Bounded(
        trim_blocks=True, lstrip_blocks=True, extensions=[_generation(), ext.loopcontrols]
    )
    made.filters["tojson"] = to_json
    made.globals |= {
        "raise_exception": refuse,
        "strftime_now": lambda form: datetime.now().strftime(form),
        "dict": _Dict(),
        "namespace": Names,
    }
    return made


def _size(operator: str, left: Any, right: Any) -> int:
    """Characters, items or bits of a product or a power, as much as can be told before."""
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length()
        return bits + right.bit_length() if operator == "*" else bits * max(right, 0)
    if isinstance(left, int):
        left, right = right, left
    counts = isinstance(right, int) and hasattr(left, "__len__")
    return len(left) * right if counts else 0


class _Dict:
    """``dict`` for templates, without the type's attributes."""

    def __call__(self, *arguments: Any, **names: Any) -> dict[Any, Any]:
        return dict(*arguments, **names)

    def fromkeys(self, *arguments: Any) -> dict[Any, Any]:
        return dict.fromkeys(*arguments)


@lru_cache(1)
def _generation() -> Any:
    """The tag ``{% generation %}...{% endgeneration %}``, which marks what the assistant wrote."""
    from contextlib import contextmanager

    import jinja2
    from jinja2 import nodes
    from jinja2.ext import Extension

    class Generation(Extension):
        tags = {"generation"}  # noqa: RUF012

        def __init__(self, environment: Any) -> None:
            super().__init__(environment)
            environment.extend(tracking=self.tracking)
            self._blocks: list[str] | None = None
            self._spans: Spans = []

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            call = self.call_method("_mark")
            return nodes.CallBlock(call, [], [], body).set_lineno(line)

        @jinja2.pass_eval_context
        def _mark(self, context: Any, caller: Any) -> str:
            text: str = caller()
            if self._blocks is not None:
                start = sum(map(len, self._blocks))
                self._spans.append((start, start + len(text)))
            return text

        @contextmanager
        def tracking(self, blocks: list[str], spans: Spans) -> Any:
            self._blocks, self._spans = blocks, spans
            try:
                yield
            finally:
                self._blocks = None

    return Generation
