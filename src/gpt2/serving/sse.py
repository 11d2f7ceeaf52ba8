"""Server-sent events: how a stream looks on the wire."""

from __future__ import annotations

import json
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
