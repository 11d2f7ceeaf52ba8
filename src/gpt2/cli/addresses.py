"""Addresses in the place of paths: a command is given paths of this machine for them."""

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
    """What was given with paths of this machine for addresses; what is written is sent at the end
    where the block ends well."""
    with ExitStack() as stack:
        local = dict(given)
        for name in INPUTS:
            if isinstance(local.get(name), str):
                local[name] = stack.enter_context(fetch(local[name]))
        if isinstance(local["output"], str):
            local["output"] = stack.enter_context(remote.local(local["output"]))
        try:
            yield local
        except GPT2Error as error:
            if not isinstance(error, WriteError):  # it is this machine's disk that is full
                error.args = (remote.address_of(str(error)),)
            raise


@contextmanager
def fetch(address: str) -> Iterator[Path]:
    """A copy of what is at an address, for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="gpt2-") as folder:
        place = Path(folder) / (address.rstrip("/").rpartition("/")[2] or "input")
        remote.stands_for(place, address)
        remote.fetch(address, place)
        yield place
