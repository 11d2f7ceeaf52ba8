"""Middleware for every request: its id, its API key, a uniform error format, and a log line."""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from collections.abc import Collection
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gpt2.serving.errors import ApiError, api_error
from gpt2.serving.responses import STRAIGHT, error_response
from gpt2.serving.state import ClientGoneError, State, log

_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
QUIET = ("/health", "/ready", "/metrics")  # polled every few seconds
GONE = 499  # nginx's code for a client that disconnected; it is only logged
CODES = {404: "not_found", 405: "method_not_allowed"}


class Edge:
    """The middleware; ``free`` are the paths that need no key."""

    def __init__(self, app: ASGIApp, state: State, free: Collection[str]) -> None:
        self.app, self.state, self.free = app, state, free
        handlers = {HTTPException: _of_http, Exception: _raise}
        for kind, handler in handlers.items():
            app.add_exception_handler(kind, handler)  # type: ignore[attr-defined]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, including when it fails."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope = _strip_root(scope)
        scope[STRAIGHT] = send
        call = _Call(self.state, scope, send)
        self.state.active += 1
        try:
            request = Request(scope)
            request.state.request_id = call.id
            if call.path not in self.free:
                request.state.tenant = self.state.keys.tenant(request.headers)
            await self.app(scope, receive, call.send)
        except (ClientGoneError, ClientDisconnect):
            call.status = GONE
        except Exception as error:
            await call.fail(error, receive)
        finally:
            self.state.active -= 1
            call.done()


def _strip_root(scope: Scope) -> Scope:
    """Make the path start with the root path once: not every proxy strips the prefix it adds."""
    root, path = scope.get("root_path", ""), scope["path"]
    twice = root and path.startswith(f"{root}{root}/")
    return {**scope, "path": path.removeprefix(root)} if twice else scope


class _Call:
    """A request in progress."""

    def __init__(self, state: State, scope: Scope, send: Send) -> None:
        self.state, self.scope, self._send = state, scope, send
        given = Request(scope).headers.get("x-request-id", "")
        self.id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        self.path = scope["path"].removeprefix(scope.get("root_path", ""))
        self.begun, self.status = time.monotonic(), 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (b"x-request-id", self.id.encode())]
        await self._send(message)

    async def fail(self, error: Exception, receive: Receive) -> None:
        """Respond with an error if no response has started."""
        failure = error if isinstance(error, ApiError) else api_error(error)
        if failure.status == 500:
            log.error("request %s failed", self.id, exc_info=error)
        if failure.status == 429:
            self.state.metrics.rejected.inc()
        if not self.status:
            await error_response(failure)(self.scope, receive, self.send)

    def done(self) -> None:
        self.state.metrics.responses.labels(str(self.status)).inc()
        entry = {
            "request_id": self.id, "method": self.scope["method"], "path": self.path,
            "status": self.status, "ms": round(1000 * (time.monotonic() - self.begun), 1),
        }  # fmt: skip
        asked = self.scope.get("state", {}).get("asked")  # if prompts are logged
        entry |= {} if asked is None else {"asked": asked}
        seen = logging.DEBUG if self.path in QUIET and self.status == 200 else logging.INFO
        log.log(seen, "request", extra={"entry": entry})


def _of_http(request: Request, error: Exception) -> Any:
    """Convert Starlette's errors for paths and methods to our format."""
    assert isinstance(error, HTTPException)
    what = f"{request.method} {request.url.path[:100]!a}"
    message = {404: f"{what} does not exist.", 405: f"{what} is not allowed."}
    failure = ApiError(message.get(error.status_code, str(error.detail)), status=error.status_code,
                       code=CODES.get(error.status_code))  # fmt: skip
    response = error_response(failure)
    response.headers.update(error.headers or {})
    return response


def _raise(request: Request, error: Exception) -> Any:
    raise error


class Lines(logging.Formatter):
    """Formats a request as a line of text."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        entry = getattr(record, "entry", None)
        if entry is None:
            return super().format(record)
        line = "{request_id} {method} {path!a} {status} {ms} ms".format(**entry)
        return f"{line} {json.dumps(entry['asked'])}" if "asked" in entry else line


class Objects(logging.Formatter):
    """Formats a record as a JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        entry = getattr(record, "entry", None) or {"message": super().format(record)}
        return json.dumps({"time": round(record.created, 3), "level": record.levelname, **entry})
