"""The exceptions raised for network failures."""

from __future__ import annotations

import contextlib
import importlib


def network_errors(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """The exception classes; huggingface_hub has changed its HTTP client more than once."""
    errors: list[type[Exception]] = [OSError, *more]
    for client in ("httpx2", "httpx"):
        with contextlib.suppress(ImportError):
            errors.append(importlib.import_module(client).HTTPError)
    return tuple(errors)
