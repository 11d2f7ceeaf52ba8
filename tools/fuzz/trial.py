"""Tries one case: makes the damaged folder, reads it and judges the outcome.

Outcomes: "read" (the damage has no effect), the name of a `GPT2Error`, or a finding: "exception",
"unclear" (an error of several lines or over 2,000 characters), "memory", "outside". The parent
process detects a "crash", which ends the process, and a "hang", which takes too long.
"""

from __future__ import annotations

import contextlib
import os
import random
import traceback
from pathlib import Path

from tools.fuzz.box import Box, Template, empty, keep
from tools.fuzz.corpus import CORPUS
from tools.fuzz.damage import damage
from tools.fuzz.forms import FORMS
from tools.fuzz.forms.form import Form

from gpt2.errors import GPT2Error

FINDINGS = ("exception", "unclear", "memory", "outside", "hang", "crash")
Case = str | int
LONGEST = 2000  # maximum characters of a message


class Trials:
    """Templates of the forms, a box, and the folder for findings."""

    def __init__(self, place: Path, found: Path, seed: int) -> None:
        self.place, self.found, self.seed = place, found, seed
        self.templates: dict[str, Template] = {}
        self.box = Box(place / "box")
        os.environ["GPT2_FUZZ_BOX"] = str(self.box.folder)

    def template(self, name: str) -> Template:
        """A valid folder of a form, made on first use and read once.

        Reading it imports everything that the form needs before memory is limited.
        """
        if name not in self.templates:
            whole = self.place / "forms" / name / "whole"
            whole.parent.mkdir(parents=True)
            FORMS[name].make(whole)
            self.templates[name] = Template(whole)
            empty(self.place / "forms")
            FORMS[name].read(self.box.fill(self.templates[name]))
        return self.templates[name]

    def tried(self, name: str, case: Case) -> tuple[str, str]:
        """The outcome of a case and the text to show; the folder of a finding is kept."""
        form, folder = FORMS[name], self.damaged(name, case)
        with self.box:
            outcome, text = judged(form, folder)
        if touched := self.box.touched():
            outcome, text = "outside", "; ".join(touched)
        if outcome in FINDINGS:
            keep(self.damaged(name, case), self.found / called(name, case))
        return outcome, text

    def damaged(self, name: str, case: Case) -> Path:
        """Make the folder of a case."""
        form, folder = FORMS[name], self.box.fill(self.template(name))
        if isinstance(case, str):
            CORPUS[name][case](folder)
            return folder
        rng = random.Random(f"{self.seed} {name} {case}")
        victims = form.victims(folder)
        damage(folder, victims, rng)
        regular = all(path.is_file() for path in victims)  # no pipe that would block
        if form.mend and regular and rng.random() < 0.5:
            with contextlib.suppress(Exception):  # too damaged to have hashes
                form.mend(folder)
        return folder


def called(name: str, case: Case) -> str:
    """The file name for a case."""
    return f"{name} {case}".replace(" ", "-").replace("/", "-")


def judged(form: Form, folder: Path) -> tuple[str, str]:
    """Read a folder; returns the outcome."""
    try:
        form.read(folder)
        return "read", ""
    except GPT2Error as error:
        text = str(error)
        if "allocate" in text or "MemoryError" in text:
            return "memory", text[:LONGEST]
        clear = "\n" not in text and len(text) <= LONGEST
        return type(error).__name__ if clear else "unclear", text[:LONGEST]
    except MemoryError:
        return "memory", traceback.format_exc()[-LONGEST:]
    except BaseException as error:  # including a Rust panic
        kind = "memory" if "allocate" in str(error) else "exception"
        return kind, traceback.format_exc()[-LONGEST:]
