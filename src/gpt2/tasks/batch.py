"""Many inputs of a task: JSON lines in, JSON lines out, and on from where it was after a kill."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gpt2.errors import GPT2Error, InputError, OptionError, nearest
from gpt2.files import json_lines, read_bytes
from gpt2.files.journal import Journal
from gpt2.generation import LanguageModel
from gpt2.parts import Shard
from gpt2.tasks.task import Task, text_of

Tick = Callable[[int, int], None]  # (rows done, rows in all)


@dataclasses.dataclass
class Counts:
    """Rows of a batch: found done already, done now, and how many of these failed."""

    before: int = 0
    now: int = 0
    failed: int = 0


def run_batch(
    task: Task,
    model: LanguageModel,
    source: Path,
    target: Path,
    options: Mapping[str, Any],
    about: Mapping[str, Any],
    progress: Tick | None = None,
    shard: Shard | None = None,
) -> Counts:
    """Work through a file of JSON lines; each row's result is a line of ``target`` at once.

    A row is an object with the task's fields (``text``; ``question`` and ``context``; ...), and
    options of its own where their names are among its keys. A result holds ``index``, ``key`` (a
    hash of row and settings), and the task's result, or ``error``: a row that cannot be used does
    not stop the others. Where ``target`` has results of the same rows and settings, they stay and
    the work goes on after them.

    Args:
        about: what else the results depend on: the model's name and files, its precision.
        shard: do only the rows whose turn it is; ``target`` is then a part, for `merging.merge`,
            and its first line says of what.

    Raises:
        OptionError: ``target`` holds the results of other rows or settings, or another process is
            writing to it.
        MissingFileError, CorruptFileError, InputError: a file that is not there or not JSON lines.
    """
    rows = read_rows(source)
    settings = {"task": task.name, "options": dict(options), **about}
    keys = [_key(row, settings) for row in rows]
    counts = Counts()
    mine = [index for index in range(len(rows)) if shard is None or shard.turn(index)]
    head = part_head(shard, rows, settings) if shard else None

    def take(number: int, entry: Any) -> bool:
        if head is not None and number == 0:
            fits = entry == head
        else:
            place = number - (head is not None)
            expected = keys[mine[place]] if place < len(mine) else None
            fits = isinstance(entry, dict) and expected and entry.get("key") == expected
        if not fits:
            raise OptionError(
                f"{target}, line {number + 1} is the result of another row, model or option: write "
                "to another file, or remove it to begin anew."
            )
        counts.before += entry != head
        return True

    begins = json.dumps(head or {"index": 0, "key": keys[0]}, ensure_ascii=False).removesuffix("}")
    # Rows often share a beginning: several questions on one context.
    with Journal(target, take, begins) as out, model.keeping():
        if head is not None and out.empty:
            out.add(head)
        for index in mine[counts.before :]:
            if progress:
                progress(counts.before + counts.now, len(mine))
            result = _result(task, model, rows[index], options)
            counts.failed += "error" in result
            counts.now += 1
            out.add({"index": index, "key": keys[index], **result})
    if progress:
        progress(len(mine), len(mine))
    return counts


def part_head(
    shard: Shard, rows: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """The first line of a part: which it is, of how many rows, of which work."""
    work = {"rows": len(rows), "inputs": _key(rows, {}), **settings}
    content: dict[str, Any] = json.loads(json.dumps({"part": str(shard), "work": work}))
    return content


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines; blank lines do not count."""
    rows = []
    for where, row in json_lines(str(path), read_bytes(path).splitlines()):
        if not isinstance(row, dict):
            raise InputError(f"{where} must be an object like {{...}}.")
        rows.append(row)
    if not rows:
        raise InputError(f"{path} holds no row.")
    return rows


def _result(
    task: Task, model: LanguageModel, row: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(task.options)}
    options_of_row = {name: value for name, value in row.items() if name in names}
    try:
        _check_spelling(row, [*task.fields, *names])
        if not any(name in row for name in task.fields):
            raise InputError(f"the row has none of the fields {', '.join(task.fields)}.")
        return task.run(model, row, **{**options, **options_of_row})
    except GPT2Error as error:
        return {"error": str(error)}


def _check_spelling(row: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise `OptionError` for a key that is nearly an option's name; others are the user's own."""
    for name in row:
        near = nearest(name, names, 0.8)
        if near and name not in names and near not in row:
            raise OptionError(f"the row has {name!r}, which is no option: did you mean {near!r}?")


def _key(row: Any, settings: Mapping[str, Any]) -> str:
    text = json.dumps([row, settings], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_document(path: str, data: bytes, what: str) -> str:
    """The bytes of a file as a text; `InputError` where they are none."""
    try:
        return text_of(data.decode("utf-8-sig"), f"{what} ({path})")
    except UnicodeDecodeError as error:
        raise InputError(
            f"the {what} ({path}) is not UTF-8 text ({error.reason}): it is a binary file, or in "
            "another encoding."
        ) from None
