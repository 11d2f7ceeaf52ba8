"""Server-sent events: how a stream looks on the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
DONE = b"data: [DONE]\n\n"
PING = b": ping\n\n"  # a comment, while nothing comes
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def dumps(value: Any) -> bytes:
    """JSON without spaces; raises `ValueError` for NaN and infinities."""
    return _JSON.encode(value).encode()


def event(value: Any) -> bytes:
    """One event."""
    return b"data: " + dumps(value) + b"\n\n"


class Alike:
    """Events whose fields are the same but for the last, which is a list of one."""

    def __init__(self, head: Mapping[str, Any], last: str) -> None:
        self._begin = b"data: " + dumps(head)[:-1] + b"," + dumps(last) + b":["

    def event(self, value: Any) -> bytes:
        """With this in the list."""
        return self._begin + dumps(value) + b"]}\n\n"
