"""``metrics.jsonl``: what happened in a run, a JSON object a line; it survives kills and resumes.

Every record has ``kind`` ("step", "validation", "sample", "note"), ``step`` (how many steps were
done) and ``time`` (seconds since 1970). A number that is not finite is null.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

from gpt2.errors import CorruptFileError
from gpt2.files import exists, parse_json, read_bytes
from gpt2.files.journal import Journal, no_journal
from gpt2.options import is_a

FILE = "metrics.jsonl"
# What is read again of each kind, for the report and the curves.
FIELDS: dict[str, dict[str, Any]] = {
    "step": {"loss": float | None},
    "validation": {"loss": float | None, "bits_per_byte": float | None, "by_position": dict},
    "sample": {"prompt": str, "text": str},
}


class Metrics:
    """The file, opened to resume after ``start_step``.

    What an earlier process wrote beyond ``start_step`` is dropped, since those steps are done anew;
    so is a line that a kill cut in half. With ``start_step`` 0 the file begins anew.

    Attributes:
        records: the records before, then also those added.
        dropped: how many lines were dropped.
    """

    def __init__(self, folder: Path, start_step: int) -> None:
        self.path, self.start_step = folder / FILE, start_step
        self.records: list[dict[str, Any]] = []
        self._journal = Journal(self.path, self._take, '{"kind": "')
        self.dropped = self._journal.cut

    def add(self, kind: str, step: int, **values: Any) -> dict[str, Any]:
        """Write a record and give it back. Raises `WriteError`."""
        values = {name: _finite(value) for name, value in values.items()}
        record = {"kind": kind, "step": step, **values, "time": round(time.time(), 3)}
        self._journal.add(record)
        self.records.append(record)
        return record

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The records of a kind."""
        return [record for record in self.records if record["kind"] == kind]

    def close(self) -> None:
        """Close the file."""
        self._journal.close()

    def _take(self, number: int, value: Any) -> bool:
        if not _is_record(value):
            raise no_journal(self.path)
        stays = self.start_step > 0 and value["step"] <= self.start_step
        if stays:
            self.records.append(value)
        return stays


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The records of a run's folder, none where there is no file; half lines are left out."""
    path = folder / FILE
    lines = read_bytes(path).splitlines() if exists(path) else []
    return [record for record in map(parsed, lines) if record is not None]


def parsed(line: bytes) -> dict[str, Any] | None:
    """A record, or None for what is none: the half line of a killed run."""
    try:
        record = parse_json(line, "", nan=True)
    except CorruptFileError:
        return None
    return record if _is_record(record) else None


def _is_record(value: Any) -> bool:
    if not isinstance(value, dict) or type(value.get("step")) is not int:
        return False
    kind = value.get("kind")
    if not isinstance(kind, str):
        return False
    asked = FIELDS.get(kind, {})
    return all(name in value and is_a(value[name], hint) for name, hint in asked.items()) and all(
        is_a(loss, float) for loss in dict((asked and value.get("by_position")) or {}).values()
    )


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
