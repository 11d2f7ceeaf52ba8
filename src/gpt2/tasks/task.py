"""What a task is: data that the command line, the library and the evaluation share.

A model that was fine-tuned for a task remembers the form it learned in the sidecar of its folder
(``gpt2.json``), so the same command uses that form instead of the paper's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpt2.errors import CorruptFileError, InputError, OptionError
from gpt2.files import read_json_object
from gpt2.generation import LanguageModel

SIDECAR = "gpt2.json"
ENTRY = "task"  # of the sidecar
Progress = Callable[[int, int], None]  # (parts done, parts in all as far as is known)


@dataclass(frozen=True)
class Form:
    """A prompt and what follows it, with names in braces that an example fills in."""

    prompt: str
    completion: str

    def ask(self, **fields: str) -> str:
        """The prompt for these fields."""
        return _fill(self.prompt, fields)

    def example(self, **fields: str) -> str:
        """Prompt and completion, as an example in a prompt has them."""
        return self.ask(**fields) + _fill(self.completion, fields)

    def pair(self, **fields: str) -> dict[str, str]:
        """A row of a file for fine-tuning."""
        return {"prompt": self.ask(**fields), "completion": _fill(self.completion, fields)}


def _fill(form: str, fields: Mapping[str, str]) -> str:
    try:
        return form.format(**fields)
    except (KeyError, IndexError, ValueError):
        raise OptionError(
            f"the form {form!r} does not fit its fields {', '.join(fields)}: in a form a field "
            "stands in braces, and a brace of the text is doubled."
        ) from None


@dataclass(frozen=True)
class Task:
    """One application of a language model, as data.

    Attributes:
        name: of the command and the function.
        source: where the form comes from.
        form: the prompt and completion of one example: the last lines of the paper's prompt, and
            what fine-tuning learns.
        decoding: options of `GenerationConfig`.
        read: how the output is read, in words.
        metric: what its output is measured by.
        expect: what to expect from a model that was not fine-tuned for it.
        options: the dataclass of what a caller may choose.
        fields: of a row of a batch; it must have one of them.
        unit: what its progress counts.
        results: the fields of the result, the text first.
        run: (model, row, progress=, further options) -> the fields of the result.
    """

    name: str
    source: str
    form: Form
    decoding: Mapping[str, Any]
    read: str
    metric: str
    expect: str
    options: type
    fields: tuple[str, ...]
    results: tuple[str, ...]
    unit: str
    run: Callable[..., dict[str, Any]] = field(repr=False)


@dataclass(frozen=True)
class Tuned:
    """What a fine-tuned model remembers: its task, the form it learned, and further facts such as
    the languages of a translation."""

    name: str
    form: Form
    facts: Mapping[str, Any]


def task_of(folder: str | os.PathLike[str]) -> Tuned | None:
    """The task a model's folder remembers, or None."""
    path = Path(folder) / SIDECAR
    return read_tuned(read_json_object(path), str(path)) if path.exists() else None


def read_tuned(sidecar: Mapping[str, Any], where: str = SIDECAR) -> Tuned | None:
    """The task in a sidecar's content; raises `CorruptFileError` where it is not as it must be."""
    entry = sidecar.get(ENTRY)
    if entry is None:
        return None
    known = ("name", "prompt", "completion")
    if not isinstance(entry, dict) or not all(isinstance(entry.get(k), str) for k in known):
        raise CorruptFileError(f"{where}: {ENTRY!r} needs the texts {', '.join(known)}.")
    facts = {k: v for k, v in entry.items() if k not in known}
    return Tuned(entry["name"], Form(entry["prompt"], entry["completion"]), facts)


def find_tuned(model: LanguageModel, task: str) -> Tuned | None:
    """What ``model`` remembers of ``task``, where that is what it was fine-tuned for."""
    tuned = read_tuned(model.sidecar)
    return tuned if tuned is not None and tuned.name == task else None


def text_of(value: Any, what: str) -> str:
    """A text that can be worked on; `InputError` for none, an empty or a binary one."""
    if not isinstance(value, str):
        raise InputError(f"the {what} must be a text, found {type(value).__name__}.")
    if "\x00" in value:
        raise InputError(f"the {what} holds zero bytes: it is a binary file, not a text.")
    if not value.strip():
        raise InputError(f"the {what} is empty.")
    return value.strip("\n")
