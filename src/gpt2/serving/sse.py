"""The wire format of server-sent events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
DONE = b"data: [DONE]\n\n"
PING = b": ping\n\n"  # a comment, sent while the stream is idle
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def dumps(value: Any) -> bytes:
    """JSON without spaces; raises `ValueError` for NaN and infinities."""
    return _JSON.encode(value).encode()


def event(value: Any) -> bytes:
    """Encode an event."""
    return b"data: " + dumps(value) + b"\n\n"


class Alike:
    """Events that differ only in their last field, which is a list of one item."""

    def __init__(self, head: Mapping[str, Any], last: str) -> None:
        self._begin = b"data: " + dumps(head)[:-1] + b"," + dumps(last) + b":["

    def event(self, value: Any) -> bytes:
        """Encode an event with this item in the list."""
        return self._begin + dumps(value) + b"]}\n\n"
