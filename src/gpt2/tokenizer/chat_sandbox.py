"""The environment that chat templates run in: jinja2's sandbox with transformers' additions and
resource limits. Imported only if jinja2 is installed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import jinja2
from jinja2 import ext, nodes, sandbox
from jinja2.exceptions import SecurityError

from gpt2.tokenizer import chat_bounds

Spans = list[tuple[int, int]]


class Environment(sandbox.ImmutableSandboxedEnvironment):
    """The environment of one template."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, extensions=[Generation, ext.loopcontrols]
        )
        self.filters["tojson"] = _to_json
        tables: tuple[dict[str, Any], ...] = (self.filters, self.tests)
        for table in tables:
            table.update({name: chat_bounds.count_calls(name, f) for name, f in table.items()})
        self.filters |= {
            chat_bounds.MADE_HERE: chat_bounds.count,
            chat_bounds.TURN: chat_bounds.turn,
        }
        del self.globals["lipsum"]
        self.globals |= {
            "raise_exception": _refuse,
            "strftime_now": strftime_now,
            "dict": _Dict(),
            "namespace": Names,
        }

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Apply an operator, counting its operands and value."""
        chat_bounds.product(operator, left, right)
        return chat_bounds.count(super().call_binop(context, operator, left, right))

    def call(*given: Any, **named: Any) -> Any:
        """Call a function, counting its arguments and value."""
        self, context, function, *rest = given
        rest = chat_bounds.check_call(function, rest, named)
        whole = sandbox.ImmutableSandboxedEnvironment.call
        return chat_bounds.count(whole(self, context, function, *rest, **named))

    def _generate(self, source: nodes.Template, *given: Any, **named: Any) -> str:
        return super()._generate(chat_bounds.counting(source), *given, **named)


class Names(jinja2.utils.Namespace):
    """A namespace that rejects names with a leading underscore, which could escape the sandbox."""

    def __init__(*arguments: Any, **names: Any) -> None:
        self, *rest = arguments
        values = dict(*rest, **names)
        for name in values:
            _refuse_private(name)
        jinja2.utils.Namespace.__init__(self, values)

    def __setitem__(self, name: str, value: Any) -> None:
        _refuse_private(name)
        super().__setitem__(name, value)


class _Dict:
    """``dict`` for templates, without access to the type's attributes."""

    def __call__(self, *arguments: Any, **names: Any) -> dict[Any, Any]:
        return dict(*arguments, **names)

    def fromkeys(self, *arguments: Any) -> dict[Any, Any]:
        return dict.fromkeys(*arguments)


class Generation(ext.Extension):
    """The tag ``{% generation %}...{% endgeneration %}``, which marks the assistant's text."""

    tags = {"generation"}  # noqa: RUF012

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        environment.extend(tracking=self.tracking)
        self._blocks: list[str] | None = None
        self._spans: Spans = []

    def parse(self, parser: Any) -> Any:
        """Parse the tag."""
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
    def tracking(self, blocks: list[str], spans: Spans) -> Iterator[None]:
        """Record in ``spans`` the positions of the marked texts in ``blocks``."""
        self._blocks, self._spans = blocks, spans
        try:
            yield
        finally:
            self._blocks = None


def strftime_now(form: str) -> str:
    """The current time in the given format."""
    return datetime.now().strftime(form)


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)


def _refuse_private(name: Any) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"{name!r} may not be stored in a namespace")


def _to_json(value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None,
             sort_keys: bool = False) -> str:  # fmt: skip
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                      sort_keys=sort_keys)  # fmt: skip
