"""``gpt2 overlap``: how much of a test set stands word for word in a training corpus."""

from __future__ import annotations

import json
from pathlib import Path

import click

from gpt2.cli.progress import Progress

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@click.option("--split", default="train", show_default=True, help="Of the corpus.")
@click.option("-n", "n", default=8, show_default=True, type=click.IntRange(1), help="Words.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(corpus: Path, files: tuple[Path, ...], split: str, n: int, as_json: bool) -> None:
    """Tell how much of each FILE the prepared text CORPUS holds, by runs of 8 words.

    As in section 4 of the GPT-2 paper. A FILE is a text, whose lines are the examples, or JSON
    lines, of which all texts in a row count. Examples that the corpus mostly has are listed by
    number, from 0, in the JSON.
    """
    from gpt2.evaluation.contamination import contamination, examples_of

    found = {}
    for file in files:
        with Progress(f"reading {corpus}", unit="tokens") as shown:

            def tick(done: int, total: int, shown: Progress = shown) -> None:
                shown.total = total
                shown.to(done)

            texts = examples_of(file)
            found[str(file)] = contamination(texts, corpus, split=split, n=n, progress=tick)
    if as_json:
        click.echo(
            json.dumps({k: v.json() for k, v in found.items()}, ensure_ascii=False, indent=2)
        )
        return
    for name, got in found.items():
        click.echo(
            f"{name}: {got.share:.2%} of {got.ngrams:,} {n}-grams; {got.touched:,} of "
            f"{got.examples:,} examples touched, {len(got.known):,} mostly there; longest match "
            f"{got.longest} words{': ' + got.sample[:80] if got.longest else ''}"
        )
