"""``gpt2 evaluate``: evaluate a model on published benchmarks."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpt2.cli.options import (
    AS_JSON,
    DATA,
    DEFAULT_MODEL,
    QUIET,
    data_folder,
    drop_unset,
    model_argument,
    next_step,
    options_of,
    take,
)
from gpt2.cli.places import NAME, OVERWRITE_FILE, Place, check_free
from gpt2.cli.progress import Progress
from gpt2.cli.sharding import Sharded, next_of, settings
from gpt2.errors import (
    CorruptFileError,
    InputError,
    MissingDependencyError,
    MissingFileError,
    OptionError,
)
from gpt2.files.remote import address_of
from gpt2.loading import LoadOptions

if TYPE_CHECKING:
    from gpt2.evaluation.benchmark import Benchmark, Subject
    from gpt2.evaluation.runner import Judged, Rows
    from gpt2.parts import Shard


@click.command(cls=Sharded)
@model_argument(DEFAULT_MODEL)
@click.option(
    "--on",
    "what",
    metavar="NAMES",
    type=NAME,
    help="Comma-separated benchmarks, or a group: paper, bias, tasks, more or all.",
)
@click.option(
    "--list", "show", is_flag=True, help="List the benchmarks and how to obtain their data."
)
@DATA
@click.option("--limit", type=click.IntRange(1), help="Maximum number of examples per benchmark.")
@click.option(
    "--stride",
    type=click.IntRange(1),
    help="Stride, in tokens, of the windows over long texts; 32 in the paper. The time is "
    "inversely proportional to it. [default: no overlap]",
)
@click.option(
    "--batch-tokens", type=click.IntRange(1), help="Number of tokens to compute at a time."
)
@options_of(LoadOptions)
@click.option(
    "-o",
    "--output",
    type=Place(dir_okay=False, remote=True),
    help="File for the results as JSON. If killed, the same command resumes.",
)
@OVERWRITE_FILE
@AS_JSON
@QUIET
def command(
    model: str,
    what: str | None,
    show: bool,
    data: Path | None,
    limit: int | None,
    stride: int | None,
    batch_tokens: int | None,
    output: Path | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    shard: Shard | None,
    **loading: Any,
) -> None:
    """Evaluate MODEL (default: the bundled one) zero-shot on published benchmarks.

    Each score comes with its standard error and its protocol: what exactly was predicted, and from
    which text. --on paper prints table 3 of the GPT-2 paper next to the measured scores; scores
    with a different protocol have their own rows. If the data of a benchmark is not in --data, the
    output says how to obtain it.
    """
    from gpt2.cli import tables
    from gpt2.evaluation.benchmarks import benchmark, choose, sets
    from gpt2.files import to_json

    if show:
        every = [benchmark(name) for name in sets()]
        values = to_json([describe(b) for b in every])
        click.echo(values if as_json else tables.of_benchmarks(every), nl=not as_json)
        return
    if what is None:
        raise OptionError(
            "name the benchmarks: --on lambada,wikitext2 or --on paper; --list shows all."
        )
    asked = choose(what)
    data = data_folder(data)
    named = {part.strip() for part in what.split(",")}
    present, missing = _sort(asked, named, data)
    options = {**drop_unset(loading), "stride": stride, "batch_tokens": batch_tokens}
    asked_for = Asked(model, present, named, missing, data, limit, options, shard, overwrite)
    results = asked_for.run(output, quiet)
    if shard is not None:
        next_step(next_of(shard), quiet=quiet)
    else:
        tell(results, as_json)


def tell(results: dict[str, Any], as_json: bool) -> None:
    """Print results to standard output."""
    from gpt2.cli import tables
    from gpt2.files import to_json

    if as_json:
        click.echo(to_json(results), nl=False)
        return
    click.echo(tables.of_results(results))
    if "paper" in results:
        click.echo("\nTable 3 of the paper:\n\n" + tables.of_paper(results["paper"]))
    for name, reason in results["missing"].items():
        click.echo("\n" + tables.wrap(f"not evaluated: {name}. {reason}"))


def describe(benchmark: Benchmark) -> dict[str, str]:
    """The description of a benchmark and how to get its data, for --list."""
    names = ("name", "group", "title", "source", "licence", "paper", "get")
    return {name: getattr(benchmark, name) for name in names}


def _sort(
    benchmarks: list[Benchmark], named: set[str], data: Path
) -> tuple[list[Benchmark], dict[str, str]]:
    """Benchmarks with published data, and why others have none; one given by name must have it."""
    present, missing = [], {}
    for each in benchmarks:
        try:
            each.find(data)
        except (MissingFileError, CorruptFileError) as error:
            if each.name in named:
                raise
            missing[each.name] = address_of(str(error))
        else:
            present.append(each)
    if not present:
        raise MissingFileError(" ".join(missing.values()))
    return present, missing


def _journal(output: Path) -> Path:
    return output.with_name(f"{output.name}.journal")


@dataclasses.dataclass
class Asked:
    """A requested evaluation: benchmarks with and without data, and the options."""

    model: str
    benchmarks: list[Benchmark]
    named: set[str]
    missing: dict[str, str]
    data: Path
    limit: int | None
    options: dict[str, Any]
    shard: Shard | None
    overwrite: bool

    def run(self, output: Path | None, quiet: bool) -> dict[str, Any]:
        """Compute the results, or the part of a shard, and write them to ``output``."""
        from gpt2.evaluation.benchmark import Subject
        from gpt2.evaluation.merging import is_done, results_of
        from gpt2.evaluation.runner import Rows, hash_unpublished, identity, surroundings
        from gpt2.files import write_json
        from gpt2.loading import load

        begin = time.perf_counter()
        options = dict(self.options)
        loading = take(LoadOptions, options)
        model = load(self.model, **loading)
        about = identity(model, self.model, **settings(model, loading), **options)
        about["limit"] = self.limit
        data = hash_unpublished(self.benchmarks, self.data)
        if self.shard:
            on = sorted(self.named)
            about = {"part": str(self.shard), "on": on, **about}
            assert output is not None  # `Sharded` has checked this
            sets = [benchmark.name for benchmark in self.benchmarks]
            if not self.overwrite and (done := is_done(output, about, data, sets)):
                click.echo(f"{address_of(output)} is already done", err=True)
                return done
        if output is None or not _journal(output).exists():  # else a killed run is resumed
            check_free(output, self.overwrite)
        journal = Rows(_journal(output) if output else None, about | {"data": data})
        with journal.keep():
            judged, missing = self._judge(Subject(model, **options), journal, quiet)
        results = {
            **about,
            "benchmarks": {name: dataclasses.asdict(one) for name, one in judged.items()},
            "missing": self.missing | missing,
            "seconds": round(time.perf_counter() - begin, 3),
            **surroundings(),
        }
        if self.shard is None:
            results = results_of(results, judged, "paper" in self.named)
        if output is not None:
            write_json(output, results)
            _journal(output).unlink(missing_ok=True)
        return results

    def _judge(
        self, subject: Subject, journal: Rows, quiet: bool
    ) -> tuple[dict[str, Judged], dict[str, str]]:
        from gpt2.evaluation.runner import judge

        judged: dict[str, Judged] = {}
        missing: dict[str, str] = {}
        with Progress(unit="examples", quiet=quiet) as progress:
            for benchmark in self.benchmarks:
                try:
                    judged[benchmark.name] = judge(
                        benchmark,
                        subject,
                        self.data,
                        limit=self.limit,
                        journal=journal,
                        tick=progress.stage,
                        shard=self.shard,
                    )
                except (
                    CorruptFileError,
                    InputError,
                    MissingDependencyError,
                    MissingFileError,
                    OptionError,
                ) as error:
                    if benchmark.name in self.named:  # a member of a group does not stop the others
                        raise
                    missing[benchmark.name] = address_of(str(error))
        return judged, missing
