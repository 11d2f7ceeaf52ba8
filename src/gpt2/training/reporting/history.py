"""``metrics.jsonl``: the history of a run in JSON Lines, kept across kills and resumes.

Every record has ``kind`` ("step", "validation", "sample", "note"), ``step`` (the number of
completed steps) and ``time`` (seconds since 1970). A number that is not finite is stored as null.
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
# The fields that the report and the curves read back, by kind.
FIELDS: dict[str, dict[str, Any]] = {
    "step": {"loss": float | None},
    "validation": {"loss": float | None, "bits_per_byte": float | None, "by_position": dict},
    "sample": {"prompt": str, "text": str},
}


class Metrics:
    """The metrics file, opened to resume after ``start_step``.

    Records that an earlier process wrote beyond ``start_step`` are dropped, because those steps run
    again. A line that a kill cut in half is dropped too. With ``start_step`` 0 the file is emptied.

    Attributes:
        records: the earlier records, followed by those added since.
        dropped: the number of dropped lines.
    """

    def __init__(self, folder: Path, start_step: int) -> None:
        self.path, self.start_step = folder / FILE, start_step
        self.records: list[dict[str, Any]] = []
        self._journal = Journal(self.path, self._take, '{"kind": "')
        self.dropped = self._journal.cut

    def add(self, kind: str, step: int, **values: Any) -> dict[str, Any]:
        """Write a record and return it. Raises `WriteError`."""
        values = {name: _finite(value) for name, value in values.items()}
        record = {"kind": kind, "step": step, **values, "time": round(time.time(), 3)}
        self._journal.add(record)
        self.records.append(record)
        return record

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The records of one kind."""
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
    """The records in a run's folder, without incomplete lines; empty if there is no file."""
    path = folder / FILE
    lines = read_bytes(path).splitlines() if exists(path) else []
    return [record for record in map(parse_record, lines) if record is not None]


def parse_record(line: bytes) -> dict[str, Any] | None:
    """Parse a record; None if the line is not one, such as an incomplete line of a killed run."""
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
