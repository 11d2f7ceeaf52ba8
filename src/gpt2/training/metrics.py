"""``metrics.jsonl``: what happened in a run, a JSON object a line; it survives kills and resumes.

Every record has ``kind`` ("step", "validation", "sample", "note"), ``step`` (how many steps were
done) and ``time`` (seconds since 1970). A number that is not finite is null.
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any, TextIO

from gpt2.files import reported, write_text

FILE = "metrics.jsonl"


class Metrics:
    """The file, opened to go on after ``start_step``.

    What an earlier process wrote beyond ``start_step`` is dropped, since those steps are done anew;
    so is a line that a kill cut in half. With ``start_step`` 0 the file begins anew.

    Attributes:
        records: the records before, then also those added.
        dropped: how many lines were dropped.
    """

    def __init__(self, folder: Path, start_step: int) -> None:
        self.path = folder / FILE
        self.records, self.dropped = self._repaired(start_step)
        with reported(self.path):
            folder.mkdir(parents=True, exist_ok=True)
            self._file: TextIO = self.path.open("a", encoding="utf-8", buffering=1)

    def add(self, kind: str, step: int, **values: Any) -> dict[str, Any]:
        """Write a record and give it back. Raises `WriteError`."""
        values = {name: _finite(value) for name, value in values.items()}
        record = {"kind": kind, "step": step, **values, "time": round(time.time(), 3)}
        with reported(self.path):
            self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
        self.records.append(record)
        return record

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The records of a kind."""
        return [record for record in self.records if record["kind"] == kind]

    def close(self) -> None:
        """Close the file."""
        with reported(self.path):
            self._file.close()

    def _repaired(self, start_step: int) -> tuple[list[dict[str, Any]], int]:
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        kept = []
        if start_step:
            records = [parsed(line) for line in lines]
            kept = [r for r in records if r is not None and r["step"] <= start_step]
        if len(kept) < len(lines) or (lines and not self.path.read_bytes().endswith(b"\n")):
            text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in kept)
            write_text(self.path, text)
        return kept, len(lines) - len(kept)


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The records of a run's folder, none where there is no file; half lines are left out."""
    path = folder / FILE
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [record for record in map(parsed, lines) if record is not None]


def parsed(line: bytes) -> dict[str, Any] | None:
    """A record, or None for what is none: the half line of a killed run."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and {"kind", "step"} <= record.keys() else None


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
