"""Resource limits for rendering an untrusted chat template: jinja2's sandbox limits neither time
nor memory. Loop iterations, calls and values are counted as they occur, and operations that can
produce large results from small arguments (``*``, ``join``, ``center``) are checked beforehand.

The counting is inserted into the template's syntax tree and around filters and tests; it is active
only inside a `Spending`, so that nothing is computed while a template is compiled.
"""

from __future__ import annotations

import functools
import inspect
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.utils import Namespace

LONGEST = 1 << 16  # characters of a template: known ones have up to 20,000
STEPS = 1 << 18  # loop iterations, calls, comparisons
SECONDS = 3.0  # of this thread's CPU time
LARGEST = 1 << 22  # characters of one value with its contents, items weighted by their depth
MADE = 1 << 26  # characters and items of all values together
BITS = 1 << 20  # of an integer

# Operations whose result can be longer than all arguments, bounded by the two longest of them.
WIDE = {"center", "ljust", "rjust", "zfill", "expandtabs", "indent", "wordwrap", "batch", "slice",
        "round", "truncate", "to_bytes", "tojson", "pprint"}  # fmt: skip
FORMATS = {"format", "format_map", "%", "strftime_now"}
SLOW = {"urlize", "striptags", "sum", "wordwrap"}  # quadratic in an argument
GROWING = WIDE | FORMATS | SLOW | {"replace", "join", "translate", "strip", "lstrip", "rstrip",
                                   "trim", "xmlattr", "urlencode"}  # fmt: skip
_WIDTH = re.compile(r"\d{5}|\*|\{[^{}]*\{")  # in a format: large, or from an argument
_FORMAT = 1 << 12  # characters of a format

_IN_FORCE: ContextVar[Spending] = ContextVar("spending")


class Spending:
    """The remaining budget of one rendering.

    Args:
        given: the template's variables, lists and mappings of JSON types. Their sizes are computed
            once and remembered.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._known: dict[int, int] = {}
        size = sum(self._weigh(value) for value in given.values())
        self.steps, self.left = STEPS + size, MADE + 64 * size
        self._largest = LARGEST + 4 * size
        self._end = time.thread_time() + SECONDS

    def step(self, characters: int = 0) -> None:
        """Count a loop iteration or call with so many ``characters`` of the template itself."""
        self.steps -= 1
        self.left -= characters
        if self.steps < 0 or self.left < 0 or time.thread_time() > self._end:
            raise SecurityError("rendering takes too long")

    def count(self, value: Any) -> Any:
        """Count a value and return it."""
        self.step()
        if self._weight(value) > self._largest:
            raise SecurityError("it produces a text or list that is too long")
        self.left -= len(value) if isinstance(value, _SIZED) else 1
        return value

    def room(self, name: str, given: Iterable[Any]) -> None:
        """Check before a call whether its result could exceed the budget."""
        given = list(given)
        if name in FORMATS and any(_formats(value) for value in given):
            raise SecurityError(f"{name!r} has a field that is too wide")
        sizes = [self._size(value, name in WIDE) for value in given]
        first, second, *_ = [*sorted(sizes, reverse=True), 1, 1]
        if first * (first if name in SLOW else max(second, 1)) > self.left:
            raise SecurityError(f"{name!r} makes too much")

    def _size(self, value: Any, wide: bool) -> int:
        if isinstance(value, int):
            return abs(value) if wide else 1
        return self._weight(value)

    def _weight(self, value: Any) -> int:
        """The characters in a value and its contents, plus the depth of each item: a lower bound of
        its size in writing. Counting stops beyond the largest allowed size."""
        total, open_ = 0, [iter([value])]
        while open_ and total <= self._largest:
            value = next(open_[-1], _END)
            total += len(open_)
            if value is _END:
                open_.pop()
            elif id(value) in self._known:
                total += self._known[id(value)] * len(open_)
            elif (inner := _items(value)) is not None:
                open_.append(inner)
            else:
                total += _plain(value)
        return total

    def _weigh(self, value: Any) -> int:
        inner = _items(value)
        if inner is None:
            return 1 + _plain(value)
        weight = 1 + sum(1 + self._weigh(item) for item in inner)
        self._known[id(value)] = weight
        return weight


@contextmanager
def spending(given: Mapping[str, Any]) -> Iterator[None]:
    """Limit the rendering inside the block, for the given variables of a template."""
    before = _IN_FORCE.set(Spending(given))
    try:
        yield
    finally:
        _IN_FORCE.reset(before)


_SIZED = (str, bytes, list, tuple, dict)
# Any, because mypy has no names for the types of dict views.
_HOLDERS: Any = (list, tuple, set, frozenset, *map(type, ({}.keys(), {}.values(), {}.items())))


_END = object()


def _plain(value: Any) -> int:
    """The approximate length in writing of a value without contents."""
    if isinstance(value, (str, bytes)):
        return len(value)
    if isinstance(value, range):
        return 8 * len(value)
    return value.bit_length() // 3 if isinstance(value, int) else 0


def _items(value: Any) -> Iterator[Any] | None:
    if isinstance(value, Namespace):
        value = object.__getattribute__(value, "_Namespace__attrs")
    if isinstance(value, Mapping):
        return (part for item in value.items() for part in item)
    return iter(value) if isinstance(value, _HOLDERS) else None


def _formats(value: Any) -> bool:
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return isinstance(text, str) and (len(text) > _FORMAT or bool(_WIDTH.search(text)))


def product(operator: str, left: Any, right: Any) -> None:
    """Raise `SecurityError` before an operator is applied if its value could be too large."""
    now = _IN_FORCE.get()
    now.step()
    if operator == "%" and isinstance(left, (str, bytes)):
        now.room(operator, [left, right])
    elif operator in ("*", "**") and _product(operator, left, right) > BITS:
        raise SecurityError(f"{operator!r} makes too much")


def _product(operator: str, left: Any, right: Any) -> int:
    """An estimate of the characters, items or bits of a product or a power."""
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length()
        return bits + right.bit_length() if operator == "*" else bits * max(right, 0)
    if isinstance(left, int):
        left, right = right, left
    counts = isinstance(right, int) and hasattr(left, "__len__")
    return len(left) * right if counts else 0


def count(value: Any) -> Any:
    """Count a value and return it."""
    return _IN_FORCE.get().count(value)


def turn(characters: int) -> None:
    """Count a loop iteration or macro call with so many characters of the template."""
    _IN_FORCE.get().step(characters)


def check_call(function: Any, given: list[Any], named: Mapping[str, Any]) -> list[Any]:
    """Check a call by a template beforehand; returns the arguments, with iterators as lists."""
    now, name = _IN_FORCE.get(), getattr(function, "__name__", "")
    now.step()
    named = {key: value for key, value in named.items() if key not in _JINJAS}
    if name in GROWING:
        given = _to_lists(given)
        owner = getattr(inspect.unwrap(function), "__self__", "")
        now.room(name, [owner, *given, *named.values()])
    return given


_JINJAS = ("_loop_vars", "_block_vars")  # added to calls by jinja2 itself


def _to_lists(given: Iterable[Any]) -> list[Any]:
    """Replace iterators among the arguments by lists."""
    return [list(islice(v, STEPS)) if isinstance(v, Iterator) else v for v in given]


def count_calls(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a filter or test so that its calls and results are counted."""
    passed = 1 if hasattr(function, "jinja_pass_arg") else 0  # such as the environment

    @functools.wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        now = _IN_FORCE.get()
        if name in GROWING:
            given = (*given[:passed], *_to_lists(given[passed:]))
            now.room(name, [*given[passed:], *named.values()])
        return now.count(function(*given, **named))

    return call


MADE_HERE, TURN = "value made", "turn taken"  # with a space: no template can name them
FILTERS = {MADE_HERE: count, TURN: turn}


_ALIKE = (nodes.List, nodes.Tuple, nodes.Dict, nodes.Compare, nodes.Getitem)
_TURNING = (nodes.For, nodes.Macro, nodes.CallBlock)


def counting(node: Any) -> Any:
    """Insert the counting into a template's syntax tree: iterations of loops and macros, and values
    that are output, joined by ``~``, written as literals, compared or subscripted."""
    for name, value in node.iter_fields():
        if isinstance(value, list):
            inner = [counting(v) if isinstance(v, nodes.Node) else v for v in value]
            setattr(node, name, inner)
        elif isinstance(value, nodes.Node):
            setattr(node, name, counting(value))
    if isinstance(node, _TURNING):
        characters = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        node.body.insert(0, nodes.ExprStmt(_filter(nodes.Const(characters), TURN)))
    elif isinstance(node, (nodes.Output, nodes.Concat)):
        whole = nodes.TemplateData
        node.nodes = [n if isinstance(n, whole) else _filter(n, MADE_HERE) for n in node.nodes]
    elif isinstance(node, _ALIKE) and getattr(node, "ctx", "load") == "load":
        return _filter(node, MADE_HERE)
    return node


def _filter(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None)
