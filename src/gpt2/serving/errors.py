"""The errors that clients receive, in OpenAI's format, with all codes in one place."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from typing import Any

from gpt2.errors import (
    ContextLengthError,
    GPT2Error,
    InputError,
    MissingDependencyError,
    OptionError,
    TokenizerError,
    UnsupportedError,
)
from gpt2.serving.scheduler import Draining, QueueFull

LONGEST_WAIT = 120  # maximum seconds that a client is asked to wait
AGAIN = (429, 503)  # statuses of requests that may succeed later
KINDS = {429: "rate_limit_error", 500: "server_error", 503: "server_error"}


class ApiError(GPT2Error):
    """An error response.

    Args:
        message: what is wrong and what to do.
        status: the HTTP status.
        code: for programs, such as ``context_length_exceeded``.
        param: the invalid field.
        retry_after: seconds after which a retry may succeed.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str | None = None,
        param: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.param = status, code, param
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """The JSON of the response."""
        kind = KINDS.get(self.status, "invalid_request_error")
        return {"error": {"message": str(self), "type": kind, "param": self.param,
                          "code": self.code}}  # fmt: skip

    def headers(self) -> dict[str, str]:
        """Headers that say when to retry, or not to retry."""
        if self.status not in AGAIN:
            return {} if self.status >= 500 else {"x-should-retry": "false"}
        wait = min(max(self.retry_after or 1.0, 0.05), LONGEST_WAIT)
        return {"retry-after": str(math.ceil(wait)), "retry-after-ms": str(round(1000 * wait))}


def invalid_error(param: str | None, why: str) -> ApiError:
    """The error for a field whose value is not allowed."""
    return ApiError(why, code="invalid_value", param=param)


def timeout_error(what: str, seconds: float) -> ApiError:
    """The error for a request that took longer than the server allows."""
    return ApiError(f"the {what} exceeded the server's time limit of {seconds:g} s.", status=503,
                    code="timeout", retry_after=30)  # fmt: skip


def unsupported_error(param: str | None, why: str) -> ApiError:
    """The error for a known field that this server does not support."""
    return ApiError(why, code="unsupported_parameter", param=param)


def api_error(error: Exception, fields: Collection[str] = ()) -> ApiError:
    """Convert any error to an `ApiError`.

    Args:
        error: an error of this package; any other is reported as an internal error, without its
            message.
        fields: the fields of the request; the one that the message names becomes ``param``.
    """
    if isinstance(error, ApiError):
        return error
    if isinstance(error, QueueFull):
        return ApiError(str(error), status=429, code="queue_full", retry_after=error.retry_after_s)
    if isinstance(error, Draining):
        return shutting_down()
    named = _find_field(str(error), fields)
    if isinstance(error, ContextLengthError):
        return ApiError(str(error), code="context_length_exceeded", param=named)
    if isinstance(error, (UnsupportedError, MissingDependencyError)):
        return ApiError(str(error), code="unsupported_parameter", param=named)
    if isinstance(error, (OptionError, InputError, TokenizerError)):
        return invalid_error(named, str(error))
    return ApiError("internal server error; see the server's log.", status=500,
                    code="internal_error")  # fmt: skip


def shutting_down() -> ApiError:
    """The error for a request that arrives after the signal to shut down."""
    return ApiError("the server is shutting down: retry later, or send the request to another "
                    "server.",
                    status=503, code="shutting_down", retry_after=5)  # fmt: skip


def _find_field(message: str, fields: Collection[str]) -> str | None:
    words = re.findall(r"\w+", message)
    return next((word for word in words if word in fields), None)
