"""Runs a task over JSON Lines and writes JSON Lines; a killed run resumes where it stopped."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gpt2.errors import GPT2Error, InputError, OptionError, nearest
from gpt2.files import is_same, json_lines, read_bytes, reported
from gpt2.files.journal import Journal
from gpt2.generation import LanguageModel
from gpt2.parts import Shard
from gpt2.tasks.task import Task, text_of

Tick = Callable[[int, int], None]  # (rows done, total rows)


@dataclasses.dataclass
class Counts:
    """The rows of a batch: already done, done now, and how many of these failed."""

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
    *,
    overwrite: bool = False,
) -> Counts:
    """Process a file of JSON Lines; each result is written to ``target`` as soon as it is ready.

    A row is an object with the fields of the task (``text``; ``question`` and ``context``; ...). It
    may also set options of its own, by their names. A result holds ``index``, ``key`` (a hash of
    row and settings) and the result of the task, or ``error``: an invalid row does not stop the
    others. If ``target`` already has results of the same rows and settings, they are kept and the
    work resumes after them.

    Args:
        about: what else the results depend on: the name and files of the model, its precision.
        shard: process only the rows of this shard; ``target`` is then a part for `merging.merge`,
            and its first line describes it.
        overwrite: start over, even if ``target`` exists.

    Raises:
        OptionError: ``target`` is ``source``, or holds the results of different rows or settings,
            or another process is writing to it.
        MissingFileError, CorruptFileError, InputError: a file is missing or is not JSON Lines.
    """
    rows = read_rows(source)
    if is_same(source, target):
        raise OptionError(f"{target} holds the rows: write the results to another file.")
    if overwrite:
        with reported(target):
            target.unlink(missing_ok=True)
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
                f"{target}, line {number + 1} is the result of a different row, model or option: "
                "write to another file, or use --overwrite to start over."
            )
        counts.before += entry != head
        return True

    begins = json.dumps(head or {"index": 0, "key": keys[0]}, ensure_ascii=False).removesuffix("}")
    # Rows often share a prefix, such as several questions about one context.
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
    """The first line of a part: its number, the number of rows, and the work it belongs to."""
    work = {"rows": len(rows), "inputs": _key(rows, {}), **settings}
    return json.loads(json.dumps({"part": str(shard), "work": work}))


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The objects in a file of JSON Lines; blank lines are skipped."""
    rows = []
    for where, row in json_lines(str(path), read_bytes(path).splitlines()):
        if not isinstance(row, dict):
            raise InputError(f"{where} must be an object like {{...}}.")
        rows.append(row)
    if not rows:
        raise InputError(f"{path} contains no rows.")
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
    """Raise `OptionError` for a key that resembles an option's name; other keys are the user's."""
    for name in row:
        near = nearest(name, names, 0.8)
        if near and name not in names and near not in row:
            raise OptionError(
                f"the row has {name!r}, which is not an option: did you mean {near!r}?"
            )


def _key(row: Any, settings: Mapping[str, Any]) -> str:
    text = json.dumps([row, settings], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_document(path: str, data: bytes, what: str) -> str:
    """Decode the bytes of a file as text; raises `InputError` if they are not text."""
    try:
        return text_of(data.decode("utf-8-sig").replace("\r\n", "\n"), f"{what} ({path})")
    except UnicodeDecodeError as error:
        raise InputError(
            f"the {what} ({path}) is not UTF-8 text ({error.reason}): it is a binary file, or in "
            "another encoding; convert it to UTF-8, for example with iconv."
        ) from None
