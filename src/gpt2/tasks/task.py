"""Defines a task as data that the command line, the library and the evaluation share.

The folder of a model that was fine-tuned for a task stores the learned form in its sidecar
(``gpt2.json``), so the same command uses that form instead of the paper's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any

from gpt2.errors import CorruptFileError, InputError, OptionError
from gpt2.files import read_json_object
from gpt2.generation import LanguageModel

SIDECAR = "gpt2.json"
ENTRY = "task"  # key in the sidecar
Progress = Callable[[int, int], None]  # (parts done, parts in total as far as known)


@dataclass(frozen=True)
class Form:
    """Templates of a prompt and its completion, with field names in braces."""

    prompt: str
    completion: str

    def ask(self, **fields: str) -> str:
        """The prompt for these fields."""
        return _fill(self.prompt, fields)

    def example(self, **fields: str) -> str:
        """Prompt and completion as a few-shot example."""
        return self.ask(**fields) + _fill(self.completion, fields)

    def pair(self, **fields: str) -> dict[str, str]:
        """A row of a fine-tuning file."""
        return {"prompt": self.ask(**fields), "completion": _fill(self.completion, fields)}


def _fill(form: str, fields: Mapping[str, str]) -> str:
    """Replace the names; a form may come from anywhere, so it can only name whole fields."""
    filled = ""
    try:
        for text, name, width, conversion in Formatter().parse(form):
            if width or conversion:
                raise ValueError(name)
            filled += text if name is None else text + fields[name]
    except (KeyError, ValueError):
        raise OptionError(
            f"the form {form!r} does not match its fields {', '.join(fields)}: write each field "
            "in braces, and double the braces in the text."
        ) from None
    return filled


@dataclass(frozen=True)
class Task:
    """One application of a language model, as data.

    Attributes:
        name: the name of the command and the function.
        source: the source of the form.
        form: the prompt and completion of one example: the last lines of the paper's prompt, which
            fine-tuning also uses.
        decoding: options of `GenerationConfig`.
        read: how the output is read, in words.
        metric: the metric of its output.
        expect: what to expect from a model that was not fine-tuned for it.
        options: the dataclass of the caller's options.
        fields: the fields of a batch row, which must have one of them.
        unit: the unit of its progress.
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
    """The record in a fine-tuned model: its task, the learned form, and further facts.

    Facts are, for example, the languages of a translation.
    """

    name: str
    form: Form
    facts: Mapping[str, Any]


def task_of(folder: str | os.PathLike[str]) -> Tuned | None:
    """The task recorded in a model's folder, or None."""
    path = Path(folder) / SIDECAR
    return read_tuned(read_json_object(path), str(path)) if path.exists() else None


def read_tuned(sidecar: Mapping[str, Any], where: str = SIDECAR) -> Tuned | None:
    """The task in the content of a sidecar; raises `CorruptFileError` if it is malformed."""
    entry = sidecar.get(ENTRY)
    if entry is None:
        return None
    known = ("name", "prompt", "completion")
    if not isinstance(entry, dict) or not all(isinstance(entry.get(k), str) for k in known):
        raise CorruptFileError(f"{where}: {ENTRY!r} requires the texts {', '.join(known)}.")
    facts = {k: v for k, v in entry.items() if k not in known}
    return Tuned(entry["name"], Form(entry["prompt"], entry["completion"]), facts)


def find_tuned(model: LanguageModel, task: str) -> Tuned | None:
    """The record of ``task`` in ``model``, if the model was fine-tuned for it."""
    tuned = read_tuned(model.sidecar)
    return tuned if tuned is not None and tuned.name == task else None


def text_of(value: Any, what: str) -> str:
    """Check that a value is a usable text; raises `InputError` for none, an empty or a binary
    one."""
    if not isinstance(value, str):
        raise InputError(f"the {what} must be a string, found {type(value).__name__}.")
    if "\x00" in value:
        raise InputError(f"the {what} contains NUL bytes: it is a binary file, not text.")
    if not value.strip():
        raise InputError(f"the {what} is empty.")
    return value.strip("\n")


def pairs_of(value: Any, message: str) -> tuple[tuple[str, str], ...]:
    """Check that a value, such as a field of a batch row, is a list of pairs of texts."""
    pairs = []
    for pair in value if isinstance(value, list | tuple) else (None,):
        if not isinstance(pair, list | tuple) or [type(text) for text in pair] != [str, str]:
            raise InputError(message)
        pairs.append((pair[0], pair[1]))
    return tuple(pairs)
