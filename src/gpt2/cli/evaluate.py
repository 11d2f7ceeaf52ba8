"""``gpt2 evaluate``: how good a model is, on published test sets."""

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
    options_of,
)
from gpt2.cli.places import NAME, Place
from gpt2.cli.progress import Progress
from gpt2.errors import InputError, MissingDependencyError, MissingFileError, OptionError
from gpt2.loading import LoadOptions

if TYPE_CHECKING:
    from gpt2.evaluation.benchmark import Benchmark


@click.command()
@model_argument(DEFAULT_MODEL)
@click.option(
    "--on",
    "what",
    metavar="NAMES",
    type=NAME,
    help="Benchmarks with commas between, or a group: paper, bias, tasks, more, all.",
)
@click.option("--list", "show", is_flag=True, help="Tell what there is and how to get it.")
@DATA
@click.option("--limit", type=click.IntRange(1), help="Only so many examples of each set.")
@click.option(
    "--stride",
    type=click.IntRange(1),
    help="Move windows over long texts by so many tokens; the paper: 32. By default they "
    "do not overlap, which is faster by the ratio of both.",
)
@click.option("--batch-tokens", type=click.IntRange(1), help="Tokens computed at a time.")
@options_of(LoadOptions)
@click.option(
    "-o",
    "--output",
    type=Place(dir_okay=False),
    help="Write the results as JSON. Killed at any moment, the same command resumes.",
)
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
    as_json: bool,
    quiet: bool,
    **loading: Any,
) -> None:
    """Measure MODEL (default: the bundled one) on published test sets, zero-shot.

    Each figure comes with its standard error and its protocol: what exactly was predicted, of which
    text. --on paper prints the paper's table 3 with the measured figures beside it; those of
    another protocol than the paper's have rows of their own. A set that is not in --data is named
    with how to get it.
    """
    from gpt2.cli import tables
    from gpt2.evaluation.benchmarks import benchmark, choose, sets
    from gpt2.files import to_json, write_json

    if show:
        every = [benchmark(name) for name in sets()]
        values = to_json([describe(b) for b in every])
        click.echo(values if as_json else tables.of_benchmarks(every), nl=not as_json)
        return
    if what is None:
        raise OptionError("say on what: --on lambada,wikitext2 or --on paper; --list shows all.")
    asked = choose(what)
    data = data_folder(data)
    named = {part.strip() for part in what.split(",")}
    present, missing = _sort(asked, named, data)
    options = {**drop_unset(loading), "stride": stride, "batch_tokens": batch_tokens}
    results = _run(model, present, named, data, limit, options, output, quiet)
    missing |= results["missing"]
    results["missing"] = missing
    if "paper" in named:
        from gpt2.evaluation.paper import beside

        results["paper"] = beside(results["benchmarks"])
    if output is not None:
        write_json(output, results)
        _journal(output).unlink(missing_ok=True)
    if as_json:
        click.echo(to_json(results), nl=False)
        return
    click.echo(tables.of_results(results))
    if "paper" in results:
        click.echo("\nTable 3 of the paper:\n\n" + tables.of_paper(results["paper"]))
    for name, reason in missing.items():
        click.echo("\n" + tables.wrap(f"not measured: {name}. {reason}"))


def describe(benchmark: Benchmark) -> dict[str, str]:
    """What a set is and how to get it, for --list."""
    names = ("name", "group", "title", "source", "licence", "paper", "get")
    return {name: getattr(benchmark, name) for name in names}


def _sort(
    benchmarks: list[Benchmark], named: set[str], data: Path
) -> tuple[list[Benchmark], dict[str, str]]:
    """Those whose files are there, and why others are not; one that was named must be there."""
    present, missing = [], {}
    for each in benchmarks:
        try:
            each.find(data)
        except MissingFileError as error:
            if each.name in named:
                raise
            missing[each.name] = str(error)
        else:
            present.append(each)
    if not present:
        raise MissingFileError(" ".join(missing.values()))
    return present, missing


def _journal(output: Path) -> Path:
    return output.with_name(f"{output.name}.journal")


def _run(
    name: str,
    benchmarks: list[Benchmark],
    named: set[str],
    data: Path,
    limit: int | None,
    options: dict[str, Any],
    output: Path | None,
    quiet: bool,
) -> dict[str, Any]:
    from gpt2.evaluation.benchmark import Subject
    from gpt2.evaluation.runner import Rows, identity, run, surroundings
    from gpt2.loading import load

    begin = time.perf_counter()
    loading = {
        f.name: options.pop(f.name) for f in dataclasses.fields(LoadOptions) if f.name in options
    }
    model = load(name, **loading)
    shown = {"engine": loading.get("engine", "native"), "dtype": model.dtype}
    about = identity(model, name, **{k: str(v) for k, v in shown.items()}, **options)
    subject = Subject(model, **options)
    journal = Rows(_journal(output) if output else None, {**about, "limit": limit})
    measured: dict[str, Any] = {}
    missing: dict[str, str] = {}

    def result_of(benchmark: Benchmark) -> dict[str, Any]:
        with Progress(benchmark.name, unit="examples") as progress:

            def tick(_: str, done: int, total: int) -> None:
                progress.total = total
                if not quiet:
                    progress.to(done)

            return run(benchmark, subject, data, limit=limit, journal=journal, tick=tick)

    with journal.kept():
        for benchmark in benchmarks:
            try:
                measured[benchmark.name] = result_of(benchmark)
            except (InputError, OptionError, MissingDependencyError) as error:
                if benchmark.name in named:  # one of a group does not keep the others from running
                    raise
                missing[benchmark.name] = str(error)
    seconds = round(time.perf_counter() - begin, 3)
    return {
        **about,
        "limit": limit,
        "benchmarks": measured,
        "missing": missing,
        "seconds": seconds,
        **surroundings(),
    }
