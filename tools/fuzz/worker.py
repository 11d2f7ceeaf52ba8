"""The child process: it tries cases and tells on standard output what each ended in.

    {"started": [form, case]}    then {"ended": outcome, "text": ...}; a case is a name or a number

Outcomes: "read" (the damage does not show), the name of a `GPT2Error`, or a finding: "exception",
"unclear" (an error of several lines or over 2,000 characters), "memory", "outside". What ends the
process, or takes too long, its parent sees.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import itertools
import json
import os
import random
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.fuzz.box import Box, keep
from tools.fuzz.corpus import CORPUS
from tools.fuzz.damage import damage
from tools.fuzz.forms import Form
from tools.fuzz.work import FORMS

from gpt2.errors import GPT2Error

BOUND = 1 << 30  # bytes of address space that a case may take, beside what is there without one
TURN = 0.1  # seconds that a form has at a time
FINDINGS = ("exception", "unclear", "memory", "outside", "hang", "crash")
Case = str | int


class Worker:
    """Templates of the forms, a box, and the place for what is found."""

    def __init__(self, box: Path, found: Path, seed: int) -> None:
        self.templates, self.found, self.seed = box / "forms", found, seed
        self.box = Box(box / "box")
        os.environ["GPT2_FUZZ_BOX"] = str(self.box.folder)

    def template(self, name: str) -> Path:
        """A valid folder of a form, made when it is first asked for, and read once."""
        place = self.templates / name / "whole"
        if not place.exists():
            place.parent.mkdir(parents=True)
            FORMS[name].make(place)
            FORMS[name].read(self.box.fill(place))
        return place

    def tried(self, name: str, case: Case) -> tuple[str, str]:
        """The outcome of a case, and what to show of it."""
        form, folder = FORMS[name], self.box.fill(self.template(name))
        self.damaged(form, folder, name, case)
        with self.box:
            outcome, text = judged(form, folder)
        if touched := self.box.touched():
            outcome, text = "outside", "; ".join(touched)
        return outcome, text

    def damaged(self, form: Form, folder: Path, name: str, case: Case) -> None:
        """Damage a folder as a case says."""
        if isinstance(case, str):
            CORPUS[name][case](folder)
            return
        rng = random.Random(f"{self.seed} {name} {case}")
        victims = form.victims(folder)
        damage(folder, victims, rng)
        regular = all(path.is_file() for path in victims)  # no pipe to wait for
        if form.mend and regular and rng.random() < 0.5:
            with contextlib.suppress(Exception):  # it is too damaged to have hashes
                form.mend(folder)

    def keep(self, name: str, case: Case) -> None:
        """Keep the damaged folder, as it is before it is read."""
        folder = self.box.fill(self.template(name))
        self.damaged(FORMS[name], folder, name, case)
        keep(folder, self.found / f"{name} {case}".replace(" ", "-").replace("/", "-"))


def judged(form: Form, folder: Path) -> tuple[str, str]:
    """What reading a folder ends in."""
    try:
        form.read(folder)
        return "read", ""
    except GPT2Error as error:
        text = str(error)
        if "allocate" in text or "MemoryError" in text:
            return "memory", text[:2000]
        return ("unclear" if "\n" in text or len(text) > 2000 else type(error).__name__), text[
            :2000
        ]
    except MemoryError:
        return "memory", traceback.format_exc()[-2000:]
    except BaseException as error:  # also a panic of Rust's
        kind = "memory" if "allocate" in str(error) else "exception"
        return kind, traceback.format_exc()[-3000:]


def schedule(forms: list[str], first: dict[str, int], each: int) -> Iterator[tuple[str, int]]:
    """Numbers of cases for the forms in turn: ``each`` in all, or 0 for ever, by equal time."""
    numbers = {name: first.get(name, 0) for name in forms}
    while not each or any(number < each for number in numbers.values()):
        for name in forms:
            end = time.monotonic() + TURN
            while not each or numbers[name] < each:
                yield name, numbers[name]
                numbers[name] += 1
                if time.monotonic() > end:
                    break


def say(**what: Any) -> None:
    """A line for the parent."""
    sys.__stdout__.write(json.dumps(what) + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def limit() -> None:
    """Bound the memory of what follows."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + BOUND
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    """Try what standard input asks for: a JSON object, see `tools.fuzz.__main__`."""
    asked = json.loads(sys.stdin.readline())
    faulthandler.enable()
    warnings.simplefilter("ignore")
    worker = Worker(Path(asked["box"]), Path(asked["found"]), asked["seed"])
    for name in asked["forms"]:
        worker.template(name)
    limit()
    numbered = schedule(asked["forms"], asked["first"], asked["each"])
    cases = itertools.chain(asked["named"], () if asked["only"] else numbered)
    for count, (name, case) in enumerate(cases):
        one(worker, name, case)
        if count % 200 == 0:
            gc.collect()


def one(worker: Worker, name: str, case: Case) -> None:
    """Try a case, tell of it, keep it where it is a finding."""
    say(started=[name, case])
    faulthandler.dump_traceback_later(8, exit=False)
    outcome, text = worker.tried(name, case)
    faulthandler.cancel_dump_traceback_later()
    if outcome in FINDINGS:
        worker.keep(name, case)
    say(ended=outcome, text=text)


if __name__ == "__main__":
    main()
