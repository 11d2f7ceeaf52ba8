"""The worker process: it imports everything and makes templates once, then forks per batch.

It reads lines of JSON from standard input: first the folder and the forms, then a list of cases
(form, number or name) for each batch. The fork that tries a batch writes to standard output

    {"began": process id}
    {"case": [form, case]}, {"ended": outcome, "text": ..., "seconds": ...}    for each case

and its parent writes {"gone": exit code}. A crash costs only a fork, and memory leaked by a batch
is freed with it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from tools.fuzz.trial import Case, Trials

BOUND = 1 << 30  # bytes of address space that a batch may add


def say(**what: Any) -> None:
    """Send a line to the parent; the output of a case goes elsewhere."""
    os.write(TOLD, json.dumps(what).encode() + b"\n")


def limit() -> None:
    """Limit the memory from here on."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + BOUND
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def batch(trials: Trials, cases: list[tuple[str, Case]]) -> None:
    """Try cases in a separate process."""
    limit()
    say(began=os.getpid())
    for name, case in cases:
        say(case=[name, case])
        begin = time.process_time()
        outcome, text = trials.tried(name, case)
        say(ended=outcome, text=text, seconds=time.process_time() - begin)


def main() -> None:
    """Run the worker; see the module."""
    asked = json.loads(sys.stdin.buffer.readline())
    faulthandler.enable()  # a hanging fork is killed with SIGABRT: this prints its stack
    warnings.simplefilter("ignore")
    sys.modules["matplotlib"] = None  # type: ignore[assignment]  # drawing is slow
    trials = Trials(Path(asked["place"]), Path(asked["found"]), asked["seed"])
    for name in asked["forms"]:
        trials.template(name)
    say(ready=True)
    while line := sys.stdin.buffer.readline():
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            batch(trials, json.loads(line))
            os._exit(0)
        say(gone=os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    TOLD = os.dup(1)
    os.dup2(2, 1)
    main()
