"""Every task by its name, and the task that a model's folder was fine-tuned for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gpt2.errors import MissingFileError, OptionError
from gpt2.files import read_json_object, write_json
from gpt2.tasks.answer import TASK as _ANSWER
from gpt2.tasks.summarize import TASK as _SUMMARIZE
from gpt2.tasks.task import ENTRY, SIDECAR, Task
from gpt2.tasks.translate import TASK as _TRANSLATE
from gpt2.tasks.write import TASK as _WRITE

TASKS: dict[str, Task] = {t.name: t for t in (_SUMMARIZE, _TRANSLATE, _ANSWER, _WRITE)}


def read_name(task: str) -> tuple[str, dict[str, str]]:
    """Split a task's name from its languages: "translate:en-fr" has ``source`` and ``to``.

    Raises `OptionError` for an unknown task.
    """
    name, _, languages = task.partition(":")
    facts = {}
    if languages and name == "translate" and languages.count("-") == 1:
        facts = dict(zip(("source", "to"), languages.split("-"), strict=True))
    elif languages:
        raise OptionError(
            f"{task} is not a task: only translate takes languages, such as translate:en-fr."
        )
    if name not in TASKS:
        raise OptionError(f"there is no task {name!r}: the tasks are {', '.join(TASKS)}.")
    return name, facts


def remember(folder: str | os.PathLike[str], task: str, **facts: Any) -> None:
    """Record in a model's folder that it was fine-tuned for a task, in the task's own form.

    ``facts`` are stored with it: ``source`` and ``to`` of a translation, which may also be part of
    the task, ``translate:en-fr`` (default: en-zh). A ``prompt`` and ``completion`` that differ from
    the task's become the form. Raises `OptionError` for an unknown task, `MissingFileError` if the
    folder does not exist.
    """
    folder = Path(folder)
    task, languages = read_name(task)
    facts = {**languages, **facts}
    if not folder.is_dir():
        raise MissingFileError(f"the folder {folder} does not exist.")
    form = TASKS[task].form
    entry = {"name": task, "prompt": form.prompt, "completion": form.completion, **facts}
    path = folder / SIDECAR
    write_json(path, {**(read_json_object(path) if path.exists() else {}), ENTRY: entry})
