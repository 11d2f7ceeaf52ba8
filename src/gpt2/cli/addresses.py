"""Lets commands accept URLs as paths, by replacing them with local paths."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from gpt2.errors import GPT2Error, WriteError
from gpt2.files import remote

INPUTS = ("batch", "data")


@contextmanager
def paths(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Replace URLs in the arguments by local paths.

    Output is uploaded at the end if the block succeeds.
    """
    with ExitStack() as stack:
        local = dict(given)
        for name in INPUTS:
            if isinstance(local.get(name), str):
                local[name] = stack.enter_context(fetch(local[name]))
        if isinstance(local.get("output"), str):
            local["output"] = stack.enter_context(remote.local(local["output"]))
        try:
            yield local
        except GPT2Error as error:
            if not isinstance(error, WriteError):  # then the local disk is full
                error.args = (remote.address_of(str(error)),)
            raise


@contextmanager
def fetch(address: str) -> Iterator[Path]:
    """A local copy of what is at a URL, for the duration of the block."""
    with tempfile.TemporaryDirectory(prefix="gpt2-") as folder:
        place = Path(folder) / (address.rstrip("/").rpartition("/")[2] or "input")
        remote.call_by_address(place, address)
        remote.fetch(address, place)
        yield place
