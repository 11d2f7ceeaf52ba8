"""Runs benchmarks on a model, with a journal of finished work and results that are traceable."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import platform
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import gpt2
from gpt2.errors import CorruptFileError, OptionError
from gpt2.evaluation.benchmark import Benchmark, Subject
from gpt2.evaluation.statistics import finite
from gpt2.files import sha256
from gpt2.files.journal import Journal, no_journal
from gpt2.files.records import record
from gpt2.generation import LanguageModel
from gpt2.machine import commit, describe, versions
from gpt2.parts import Shard

Tick = Callable[[str, int, int], None]  # (benchmark, examples done, total)


@dataclasses.dataclass
class Entry:
    """Some finished examples of a benchmark and a checksum over them."""

    benchmark: str
    rows: list[dict[str, Any]]
    seconds: float
    check: int = 0

    def checksum(self) -> int:
        """The value of ``check`` in a valid entry."""
        text = json.dumps([self.benchmark, self.rows, self.seconds])
        return zlib.crc32(text.encode())


class Rows:
    """Rows of finished examples, kept in a journal next to the results so that a run can resume.

    The first line of the journal holds the settings that the rows depend on; a journal with
    different settings is rejected.
    """

    def __init__(self, path: Path | None, settings: Mapping[str, Any]) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.seconds: dict[str, float] = {}
        self._head = {"settings": json.loads(json.dumps(settings))}
        self._journal: Journal | None = None
        self._begun = False
        if path is not None:
            begins = json.dumps(self._head, ensure_ascii=False) + "\n"
            self._journal = Journal(path, partial(self._take, path), begins)
            if not self._begun:
                self._journal.add(self._head)

    def _take(self, path: Path, number: int, value: Any) -> bool:
        """Read an entry of the journal; the first one is its header."""
        where = f"{path}, line {number + 1}"
        self._begun = True
        if number == 0:
            if not isinstance(value, dict) or value.keys() != self._head.keys():
                raise no_journal(path)
            if value != self._head:
                raise OptionError(
                    f"{path} was created with a different model, options or data: remove it to "
                    "start over, or write to another file."
                )
            return True
        entry = record(Entry, value, where)
        if entry.check != entry.checksum():
            raise CorruptFileError(f"{where} is damaged: remove the file to start over.")
        self._keep(entry)
        return True

    def _keep(self, entry: Entry) -> None:
        self.rows.setdefault(entry.benchmark, []).extend(entry.rows)
        self.seconds[entry.benchmark] = self.seconds.get(entry.benchmark, 0.0) + entry.seconds

    def add(self, name: str, rows: list[dict[str, Any]], seconds: float) -> None:
        """Add the rows of more examples."""
        entry = Entry(name, rows, seconds)
        entry.check = entry.checksum()
        self._keep(entry)
        if self._journal is not None:
            self._journal.add(dataclasses.asdict(entry))

    @contextlib.contextmanager
    def keep(self) -> Iterator[None]:
        """Remove the journal if the block fails before any row is written."""
        try:
            yield
        except BaseException:
            if not self.rows:
                self.remove()
            raise

    def remove(self) -> None:
        """Remove the journal, once the results are written."""
        if self._journal is not None:
            self._journal.remove()


@dataclasses.dataclass
class Judged:
    """Rows of a benchmark, all of them or those of a shard, and what they were made from.

    Attributes:
        files: the hash of each file.
        examples, of: the number judged in all shards together, and the number in the set.
        windows: how windows moved over long texts, for the protocol.
        rows: by the number of the piece, which is a group of examples that were judged together.
    """

    files: dict[str, str]
    examples: int
    of: int
    seconds: float
    windows: str
    rows: dict[str, list[dict[str, Any]]]


def run(benchmark: Benchmark, subject: Subject, folder: Path, **how: Any) -> dict[str, Any]:
    """Run one benchmark; returns its results as plain values. Arguments and errors: see `judge`."""
    return result(benchmark, judge(benchmark, subject, folder, **how))


def judge(
    benchmark: Benchmark,
    subject: Subject,
    folder: Path,
    *,
    limit: int | None = None,
    journal: Rows | None = None,
    tick: Tick | None = None,
    shard: Shard | None = None,
) -> Judged:
    """Judge the examples of a benchmark.

    Args:
        folder: the data folder.
        limit: judge only that many examples, the first ones; the result records it.
        journal: the rows that are already done, to which new ones are added.
        shard: judge only the pieces of this shard. A piece is also judged together without shards,
            so every engine computes the same values.

    Raises:
        MissingFileError, CorruptFileError: the set is missing or is not the published one.
    """
    files = benchmark.find(folder)
    hashes = {name: sha256(path) for name, path in files.items() if path.is_file()}
    examples = benchmark.examples(files)
    total = len(examples)
    examples = examples[:limit]
    kept = journal or Rows(None, {})
    kept.rows.setdefault(benchmark.name, [])
    pieces = _pieces(benchmark, len(examples), shard)
    mine = sum(map(len, pieces.values()))
    if len(kept.rows[benchmark.name]) > mine:
        raise OptionError(f"the journal has rows for more examples than {benchmark.name} has.")
    rows: dict[str, list[dict[str, Any]]] = {}
    done = 0
    for number, piece in pieces.items():
        if tick:
            tick(benchmark.name, done, mine)
        there = len(kept.rows[benchmark.name]) - done
        if there < len(piece):
            begin = time.perf_counter()
            judged = benchmark.judge(subject, examples[piece.start + there : piece.stop])
            kept.add(benchmark.name, judged, time.perf_counter() - begin)
        rows[str(number)] = kept.rows[benchmark.name][done : done + len(piece)]
        done += len(piece)
    if tick:
        tick(benchmark.name, mine, mine)
    stride = subject.stride or "the whole window"
    return Judged(
        hashes,
        len(examples),
        total,
        kept.seconds.get(benchmark.name, 0.0),
        f"windows of {subject.scorer.limit} tokens, stride {stride}",
        rows,
    )


def hash_unpublished(benchmarks: Iterable[Benchmark], folder: Path) -> dict[str, dict[str, str]]:
    """The hashes of files without a published hash; `Benchmark.find` already checks the others."""
    by_set: dict[str, dict[str, str]] = {}
    for benchmark in benchmarks:
        free = {file.name for file in benchmark.files if file.sha256 is None}
        files = benchmark.find(folder) if free else {}
        hashes = {n: sha256(path) for n, path in files.items() if n in free and path.is_file()}
        by_set |= {benchmark.name: hashes} if hashes else {}
    return by_set


def _pieces(benchmark: Benchmark, count: int, shard: Shard | None) -> dict[int, range]:
    """The examples that are judged together, by the number of the piece.

    The name of the set decides which shard gets its first piece, so that sets of one piece do not
    all go to the first shard.
    """
    first = zlib.crc32(benchmark.name.encode())
    return {
        number: range(start, min(start + benchmark.together, count))
        for number, start in enumerate(range(0, count, benchmark.together))
        if shard is None or shard.turn(first + number)
    }


def result(benchmark: Benchmark, judged: Judged) -> dict[str, Any]:
    """The results of one benchmark as plain values, computed from all its rows."""
    rows = [row for number in sorted(judged.rows, key=int) for row in judged.rows[number]]
    return {
        "title": benchmark.title,
        "source": benchmark.source,
        "licence": benchmark.licence,
        "paper": benchmark.paper,
        "files": judged.files,
        "examples": judged.examples,
        "of": judged.of,
        "seconds": round(judged.seconds, 3),
        "measures": _measures(benchmark, rows, judged.windows, judged.examples < judged.of),
    }


def _measures(
    benchmark: Benchmark, rows: list[dict[str, Any]], windows: str, partial: bool
) -> dict[str, Any]:
    measures = {}
    for measure in benchmark.measures:
        figure = measure.figure(rows)
        if figure is None:
            continue
        protocol, column, near = measure.protocol, measure.column, measure.near
        if measure.rolling:
            protocol += f"; {windows}"
        if partial:
            protocol += f"; the first {len(rows)} examples only"
            column, near = None, column or near
        measures[measure.name] = {
            "title": measure.title,
            "value": finite(figure.value),
            "error": finite(figure.error),
            "error_kind": measure.error_kind,
            "rows": figure.count,
            "better": measure.better,
            "protocol": protocol,
            "column": column,
            "near": near,
        }
    return measures


def identity(model: LanguageModel, name: str, **options: Any) -> dict[str, Any]:
    """What results depend on besides the data.

    That is the model's name, all its files (weights, configuration and tokenizer, as in
    `gpt2.checkpoint.identity`), and options.
    """
    from gpt2.checkpoint import identity as files_of
    from gpt2.hub import resolve

    return {
        "model": name,
        **files_of(resolve(name, local_files_only=True)),
        "parameters": model.config.parameter_count(),
        "context": model.config.n_positions,
        **options,
    }


def surroundings() -> dict[str, Any]:
    """The other things that a result depends on: the machine, the commit and the versions."""
    packages = versions(("numpy", "torch", "sacrebleu", "rouge-score"))
    here = {"python": platform.python_version(), "gpt2": gpt2.__version__}
    return {
        "commit": commit(Path(gpt2.__file__).parent),
        "versions": here | {name: version for name, version in packages.items() if version},
        "machine": describe(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
