"""Parses the body of a request as unambiguous JSON of bounded size.

Anything that two parsers could read differently is rejected: duplicate keys, NaN, numbers outside
the range of a float, and lone UTF-16 surrogates.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any

from gpt2.serving.errors import ApiError

DEEPEST = 32  # nesting depth of lists and objects
LONGEST = 40  # digits of an integer
_PART = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)


def too_large(limit: int) -> ApiError:
    """The error for a body larger than the limit."""
    return ApiError(f"the request body exceeds the limit of {limit:,} bytes.",
                    status=413, code="body_too_large")  # fmt: skip


def parse(data: bytes) -> dict[str, Any]:
    """Parse the JSON object in a body. Raises `ApiError` that names the invalid field."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(f"the body is not UTF-8 ({error.reason} at byte {error.start}).") from None
    _check_depth(text)
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise _bad(f"the body is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise _bad("the body must be a JSON object.")
    for name, item in value.items():
        _check(name, name)
        _check(item, name)
    return value


def _bad(message: str, param: str | None = None) -> ApiError:
    return ApiError(message, code="invalid_json", param=param)


def _check_depth(text: str) -> None:
    """Check the nesting before the parser recurses; the param is the last key of the outermost
    object."""
    depth, key = 0, None
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    for part in _PART.finditer(text):
        sign = part[0]
        if sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
        elif depth == 1:
            key = sign[1:-1]
        if depth > DEEPEST:
            raise _bad(f"the body nests deeper than {DEEPEST} levels.", _printable(key))


def _printable(key: str | None) -> str | None:
    return key if key is not None and key.isascii() and key.isprintable() else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        ((double, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise _bad(f"the key {double!a} is repeated in the same object.", _printable(double))
    return values


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST else math.inf  # reported together with its field


def _check(value: Any, name: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise _bad(
            f"{name} contains a number that is NaN, infinite or too large.", _printable(name)
        )
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            message = f"{name!a} contains an unpaired UTF-16 surrogate."
            raise _bad(message, _printable(name)) from None
    if isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            _check(item, name)
        for key in value if isinstance(value, dict) else ():
            _check(key, name)
