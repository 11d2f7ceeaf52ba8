"""The child: it imports everything and makes the templates once, then forks for each batch.

It is asked on standard input, in lines of JSON: where and which forms first, then a list of cases
(form, number or name) for each batch. The fork that tries a batch tells on standard output

    {"began": process id}
    {"case": [form, case]}, {"ended": outcome, "text": ..., "seconds": ...}    of each

and its parent {"gone": exit code}. What dies costs a fork, and what a batch leaks ends with it.
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

BOUND = 1 << 30  # bytes of address space that a batch may take, beside what is there without one


def say(**what: Any) -> None:
    """A line for the parent; what a case prints goes elsewhere."""
    os.write(TOLD, json.dumps(what).encode() + b"\n")


def limit() -> None:
    """Bound the memory of what follows."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + BOUND
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def batch(trials: Trials, cases: list[tuple[str, Case]]) -> None:
    """Try cases, in a process of their own."""
    limit()
    say(began=os.getpid())
    for name, case in cases:
        say(case=[name, case])
        begin = time.process_time()
        outcome, text = trials.tried(name, case)
        say(ended=outcome, text=text, seconds=time.process_time() - begin)


def main() -> None:
    """Serve; see the module."""
    asked = json.loads(sys.stdin.buffer.readline())
    faulthandler.enable()  # its parent ends a hanging fork by SIGABRT: this shows where it was
    warnings.simplefilter("ignore")
    sys.modules["matplotlib"] = None  # type: ignore[assignment]  # its pictures are slow, and no files of ours
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
