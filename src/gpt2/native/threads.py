"""How many threads are worth having."""

from __future__ import annotations

import os
from pathlib import Path

from gpt2.errors import OptionError

VARIABLE = "GPT2_THREADS"


def physical_cores() -> int:
    """The physical cores this process may use; two threads of one core share its arithmetic."""
    if not hasattr(os, "sched_getaffinity"):  # macOS
        return os.cpu_count() or 1
    cores = set()
    for cpu in os.sched_getaffinity(0):
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        try:
            cores.add(siblings.read_text().strip())
        except OSError:
            cores.add(str(cpu))
    return len(cores)


def thread_count(threads: int | None) -> int:
    """``threads`` if given, else the variable GPT2_THREADS, else the physical cores."""
    if threads is not None:
        if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
            raise OptionError(f"threads must be a whole number of at least 1, found {threads!r}.")
        return threads
    named = os.environ.get(VARIABLE)
    if named is None:
        return physical_cores()
    if not named.isascii() or not named.isdecimal() or int(named) < 1:
        raise OptionError(f"{VARIABLE} must be a whole number of at least 1, found {named!r}.")
    return int(named)
