"""``gpt2 overlap``: measure how much of a test set occurs verbatim in a training corpus."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpt2.cli.addresses import paths
from gpt2.cli.options import AS_JSON, DATA, data_folder
from gpt2.cli.places import NAME, PATH
from gpt2.cli.progress import Progress
from gpt2.errors import CorruptFileError, MissingFileError, OptionError
from gpt2.files.remote import address_of

if TYPE_CHECKING:
    from gpt2.evaluation.contamination import Contamination


@click.command()
@click.argument("corpus", type=PATH)
@click.argument("files", nargs=-1, metavar="[FILE...]", type=PATH)
@click.option(
    "--on", metavar="NAMES", type=NAME, help="Benchmarks or groups, as in gpt2 evaluate --on."
)
@DATA
@click.option(
    "--split", default="train", type=NAME, show_default=True, help="Split of the corpus to search."
)
@click.option("-n", "n", default=8, show_default=True, type=click.IntRange(1),
              help="Number of words per n-gram.")  # fmt: skip
@AS_JSON
def command(
    corpus: Path,
    files: tuple[Path, ...],
    on: str | None,
    data: Path | None,
    split: str,
    n: int,
    as_json: bool,
) -> None:
    """Measure how much of a test set occurs in the prepared text CORPUS, by n-grams of words.

    The method is that of section 4 of the GPT-2 paper, with 8-grams. A FILE is a text with one
    example per line, or JSON Lines, where all texts of a row count; a folder stands for its files.
    --on selects published benchmarks. The output of --json lists the examples that occur mostly in
    the corpus by number, starting from 0.
    """
    from gpt2.evaluation.contamination import contaminations

    with paths({"data": data if on else None}) as local:
        sets, missing = _sets(files, on, local["data"])
    with Progress(f"reading {corpus}", unit="tokens") as shown:
        copies = contaminations(sets, corpus, split=split, n=n, progress=shown.tick)
    if as_json:
        plain = {name: got.json() for name, got in copies.items()}
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2))
        return
    for name, got in copies.items():
        click.echo(_line(name, got))
    for name, reason in missing.items():
        click.echo(f"{name}: skipped. {reason}")


def _sets(
    files: Sequence[Path], on: str | None, data: Path | None
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The examples of each test set, and why others are missing; one given by name must exist."""
    from gpt2.evaluation.benchmarks import choose
    from gpt2.evaluation.contamination import examples_of, examples_on, files_of

    sets = {str(file): examples_of(file) for named in files for file in files_of(named)}
    missing: dict[str, str] = {}
    if on is not None:
        named = {part.strip() for part in on.split(",")}
        for benchmark in choose(on):
            try:
                sets[benchmark.name] = examples_on(benchmark, data_folder(data))
            except (MissingFileError, CorruptFileError) as error:
                if benchmark.name in named:
                    raise
                missing[benchmark.name] = address_of(str(error))
    if not sets:
        reasons = " ".join(missing.values())
        raise OptionError(
            f"name what to look for: a FILE, or benchmarks with --on. {reasons}".strip()
        )
    return sets, missing


def _line(name: str, got: Contamination) -> str:
    sample = f": {got.sample[:80]}" if got.longest else ""
    return (
        f"{name}: {got.share:.2%} of {got.ngrams:,} {got.n}-grams; {got.touched:,} of "
        f"{got.examples:,} examples overlap, {len(got.known):,} of them mostly; longest match "
        f"{got.longest} words{sample}"
    )
