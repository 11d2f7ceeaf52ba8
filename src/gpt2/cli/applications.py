"""The shared parts of ``gpt2 summarize``, ``translate``, ``answer`` and ``write``."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from gpt2.checkpoint import identity
from gpt2.cli.options import (
    AS_JSON,
    MODEL,
    QUIET,
    F,
    drop_unset,
    next_step,
    options_of,
    say,
    take,
    together,
)
from gpt2.cli.places import OVERWRITE_FILE, PATH_OR_ADDRESS, check_free
from gpt2.cli.progress import Progress
from gpt2.cli.sharding import next_of, settings
from gpt2.cli.streams import standard_input
from gpt2.errors import OptionError
from gpt2.files import open_regular, read_bytes, write_text
from gpt2.files.remote import address_of
from gpt2.hub import resolve
from gpt2.loading import LoadOptions, load
from gpt2.parts import Shard
from gpt2.tasks.batch import read_document, run_batch
from gpt2.tasks.task import Task, read_tuned


def application(task: Task, *, to_cli: Mapping[str, Any] | None = None) -> Callable[[F], F]:
    """The options that all task commands share, and those of the task's own dataclass."""
    return together(
        MODEL,
        options_of(LoadOptions),
        options_of(task.options, **(to_cli or {})),
        click.option("--batch", type=PATH_OR_ADDRESS,
                     help="JSON Lines file with one input per line, instead of a single input; "
                     "requires -o. If killed, the same command resumes where it stopped."),
        click.option("-o", "--output", type=PATH_OR_ADDRESS,
                     help="File to write instead of standard output."),
        OVERWRITE_FILE,
        AS_JSON,
        QUIET,
    )  # fmt: skip


@dataclasses.dataclass
class Call:
    """One call of a task command."""

    task: Task
    model: str
    batch: Path | None
    output: Path | None
    overwrite: bool
    as_json: bool
    quiet: bool
    shard: Shard | None
    loading: dict[str, Any]
    options: dict[str, Any]

    @classmethod
    def of(cls, task: Task, values: dict[str, Any]) -> Call:
        """Build a call from click's values; reports invalid options before anything is loaded."""
        loading = take(LoadOptions, values)
        names = ("model", "batch", "output", "overwrite", "as_json", "quiet", "shard")
        common = {name: values.pop(name) for name in names}
        options = drop_unset(values)
        task.options(**options)  # checks them
        if common["batch"] is not None and common["output"] is None:
            raise OptionError("--batch requires -o, a file for the results.")
        if common["shard"] is not None and common["batch"] is None:
            raise OptionError("--shard requires --batch: a single input cannot be split.")
        if common["batch"] is None:
            check_free(common["output"], common["overwrite"])
        return cls(task, loading=loading, options=options, **common)

    def run(self, row: Callable[[], Mapping[str, Any]], *given_too: Any) -> None:
        """Process a batch, or the single row that ``row`` reads.

        ``given_too`` are the arguments of the single row, which a batch must not have.
        """
        if self.batch is not None:
            if any(given_too):
                raise OptionError("give one input or --batch, not both.")
            return self._batch(self.batch)
        given = row()
        model = self._load()
        begin = time.perf_counter()
        with Progress(self.task.name, unit=self.task.unit, quiet=self.quiet) as shown:
            result = self.task.run(model, given, progress=shown.tick, **self.options)
        seconds = round(time.perf_counter() - begin, 3)
        if result[self.task.results[0]] == "":
            say("note: the model generated no text", self.quiet)
        self._show({"task": self.task.name, "model": self.model, "options": self.options,
                    **result, "seconds": seconds})  # fmt: skip
        return None

    def _load(self) -> Any:
        """Load the model; if it was fine-tuned for a different task, print a note."""
        model = load(self.model, **self.loading)
        tuned = read_tuned(model.sidecar)
        if tuned is not None and tuned.name != self.task.name:
            say(f"note: this model was fine-tuned for {tuned.name}, not for {self.task.name}: the "
                "paper's prompt is used", self.quiet)  # fmt: skip
        return model

    def _show(self, result: dict[str, Any]) -> None:
        name = next(iter(self.task.results))
        shown = json.dumps(result, ensure_ascii=False) if self.as_json else plain(result, name)
        if self.output is not None:
            write_text(self.output, shown + "\n")
        else:
            click.echo(shown.encode("utf-8", "replace"))

    def _batch(self, batch: Path) -> None:
        assert self.output is not None  # `of` has checked this
        open_regular(batch).close()
        model = self._load()
        about = {
            "model": self.model,
            **identity(resolve(self.model)),
            **settings(model, self.loading),
        }
        with Progress(self.task.name, unit="rows", quiet=self.quiet) as shown:
            counts = run_batch(
                self.task, model, batch, self.output, self.options, about, shown.tick, self.shard,
                overwrite=self.overwrite,
            )  # fmt: skip
        before = f", {counts.before:,} already done" if counts.before else ""
        say(f"{address_of(self.output)}: {counts.now:,} rows{before}", self.quiet)
        if self.shard:
            next_step(next_of(self.shard), quiet=self.quiet)
        if counts.failed:
            click.echo(f'{counts.failed:,} rows failed: see their "error" fields.', err=True)
            sys.exit(1)


def plain(result: Mapping[str, Any], name: str) -> str:
    """A result as plain text: the text, or why there is none."""
    return str(result[name]) if result[name] is not None else f"({result['reason']})"


def document(file: str | None, what: str = "text") -> str:
    """Read the text of a file; "-" or None means standard input."""
    if file is None or file == "-":
        return read_document("standard input", standard_input(), what)
    return read_document(file, read_bytes(file), what)
