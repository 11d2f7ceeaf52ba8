"""The number of threads that compute."""

from __future__ import annotations

import os

from gpt2.errors import OptionError
from gpt2.machine import physical_cores, processors

VARIABLE = "GPT2_THREADS"
MOST = 1024  # csrc/model.cc


def thread_count(threads: int | None) -> int:
    """``threads`` if given, else the environment variable GPT2_THREADS, else the physical cores.

    Limited to the CPUs this process may use: more threads would only wait for one another.
    """
    return min(_read_threads(threads), processors())


def _read_threads(threads: int | None) -> int:
    if threads is not None:
        if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= MOST:
            raise OptionError(f"threads must be an integer from 1 to {MOST}, found {threads!r}.")
        return threads
    named = os.environ.get(VARIABLE)
    if named is None:
        return physical_cores()
    if not (named.isascii() and named.isdecimal() and len(named) < 9 and 1 <= int(named) <= MOST):
        raise OptionError(f"{VARIABLE} must be an integer from 1 to {MOST}, found {named!r:.40}.")
    return int(named)
