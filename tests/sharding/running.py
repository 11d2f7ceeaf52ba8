"""Commands as a user gives them, their shards, and what they wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from gpt2.cli import gpt2


def call(*words: Any) -> Result:
    """A command that must end well."""
    done = CliRunner().invoke(gpt2, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def parts_of(command: Sequence[Any], place: Path, count: int) -> list[Path]:
    """The parts of a command, each made by itself, the last first."""
    parts = [place / f"part-{number}" for number in range(1, count + 1)]
    for number, part in reversed(list(enumerate(parts, 1))):
        call(*command, "-q", "--shard", f"{number}/{count}", "-o", part)
    return parts


def content(place: Path) -> dict[str, bytes]:
    """All files of a folder, or the one file."""
    files = [p for p in place.rglob("*") if p.is_file()] if place.is_dir() else [place]
    return {str(p.relative_to(place)): p.read_bytes() for p in files}


def results(path: Path) -> dict[str, Any]:
    """Of an evaluation, without the seconds it took and when: two runs differ in these."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    for values in (found, *found["benchmarks"].values()):
        del values["seconds"]
    del found["time"]
    return found


def write_lines(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def coqa(folder: Path, turns: int = 40) -> list[Any]:
    """A set of three conversations, and the command that evaluates on it."""
    data = []
    for story in range(3):
        asked = range(turns if story else 3)
        data.append({
            "story": f"A cat sat on mat {story}.",
            "questions": [{"input_text": f"Who was {n}?"} for n in asked],
            "answers": [{"input_text": f"{'the cat and ' * (n % 3)}{n}"} for n in asked],
        })  # fmt: skip
    folder.mkdir()
    (folder / "coqa-dev-v1.0.json").write_text(json.dumps({"data": data}))
    return ["evaluate", "--on", "coqa", "--data", folder]
