"""``gpt2 scaling``: fit benchmark scores against the logarithm of the model size."""

from __future__ import annotations

import json
from pathlib import Path

import click

from gpt2.cli.options import AS_JSON
from gpt2.cli.places import PATH


@click.command()
@click.argument("results", nargs=-1, type=PATH)
@click.option("--paper", is_flag=True, help="Include the four sizes of table 3 in the GPT-2 paper.")
@AS_JSON
def command(results: tuple[Path, ...], paper: bool, as_json: bool) -> None:
    """Compare benchmark scores with model size.

    RESULTS are files of gpt2 evaluate -o, one per model. For each measure that at least two sizes
    share under the same protocol, the output shows the values by size and a linear fit over the
    logarithm of the parameter count. For perplexity the fit is of its logarithm, the loss.
    """
    from gpt2.cli.tables import number, with_notes
    from gpt2.evaluation.scaling import lines, paper_scores, read_results

    scores = [*read_results(results), *(paper_scores() if paper else [])]
    scalings = lines(scores)
    if as_json:
        click.echo(json.dumps([line.json() for line in scalings], ensure_ascii=False, indent=2))
        return
    rows = [
        [
            one.title,
            ", ".join(f"{size / 1e6:,.0f}M {number(value)}" for size, value in one.values),
            f"{one.line.slope:+.3g} {one.unit}",
            f"{one.line.r_squared:.3f}",
            one.protocol,
        ]
        for one in scalings
    ]
    head = ["measure", "size and value", "per 10x parameters", "R2", "protocol"]
    click.echo(with_notes(head, rows, words=2))
